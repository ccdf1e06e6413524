package virtual_test

import (
	"testing"

	"mostrador/printer/virtual"
)

// What stops a printer is told bit by bit (Epson's tables of DLE EOT and ASB),
// stops it where it stands, and nothing is lost when it is mended.
func TestConditions(t *testing.T) {
	for _, c := range []struct {
		fault string
		want  virtual.Condition
		eot   string // DLE EOT 1 to 4
		asb   string
		stops bool
	}{
		{"paper-out", virtual.Condition{Offline: true, PaperEnd: true, NearEnd: true, Drawer: true}, "1e 32 12 7e", "1c 00 0f 0f", true},
		{"near-end", virtual.Condition{NearEnd: true, Drawer: true}, "16 12 12 1e", "14 00 03 0f", false},
		{"cover-open", virtual.Condition{Offline: true, Cover: true, Drawer: true}, "1e 16 12 12", "3c 00 00 0f", true},
		{"offline", virtual.Condition{Offline: true, Drawer: true}, "3e 12 12 12", "1c 01 00 0f", true},
		{"error", virtual.Condition{Offline: true, Error: true, Drawer: true}, "1e 52 16 12", "1c 04 00 0f", true},
		{"error=unrecoverable", virtual.Condition{Offline: true, Error: true, Drawer: true}, "1e 52 32 12", "1c 20 00 0f", true},
		{"error=auto", virtual.Condition{Offline: true, Error: true, Drawer: true}, "1e 52 52 12", "1c 40 00 0f", true},
		{"drawer-open", virtual.Condition{}, "12 12 12 12", "10 00 00 0f", false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			var told []virtual.Condition
			r := record(t, virtual.Options{OnCondition: func(c virtual.Condition) { told = append(told, c) }})
			r.send(t, "\x1da\x0f")
			if got := r.heard(); got != "14 00 00 0f" {
				t.Fatalf("switched on, automatic status says %s", got)
			}
			r.Break(fault(t, c.fault))
			if got := r.heard(); got != c.asb {
				t.Errorf("ASB %s, want %s", got, c.asb)
			}
			r.send(t, askAll)
			if got := r.heard(); got != c.eot {
				t.Errorf("DLE EOT %s, want %s", got, c.eot)
			}
			if got := r.Condition(); got != c.want {
				t.Errorf("%+v", got)
			}
			r.send(t, "a\n"+cut+askFence)
			if printed := len(r.Papers()) == 1; printed == c.stops {
				t.Errorf("printed: %v", printed)
			}
			if answered := r.heard() != ""; answered == c.stops {
				t.Errorf("the fence was answered: %v", answered)
			}
			r.Mend()
			if got := r.texts(); got != "a/|" || r.Buffered() != 0 || r.Lost() != 0 {
				t.Errorf("mended: %q, %d bytes left", got, r.Buffered())
			}
			want := "14 00 00 0f"
			if c.stops {
				want += " 00" // and now the fence
			}
			if got := r.heard(); got != want {
				t.Errorf("mended it says %s", got)
			}
			if len(told) != 2 || told[0] != c.want || told[1] != (virtual.Condition{Drawer: true}) {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// A printer with near end tells it in GS r, too, and the drawer's pin.
func TestFenceTellsSensors(t *testing.T) {
	r := record(t, virtual.Options{})
	r.Break(fault(t, "near-end"))
	r.Break(fault(t, "drawer-open"))
	r.send(t, "\x1dr\x01\x1dr\x02")
	if got := r.heard(); got != "03 00" {
		t.Error(got)
	}
	r.Mend(virtual.DrawerOpen)
	r.send(t, "\x1dr\x01\x1dr\x02")
	if got := r.heard(); got != "03 01" {
		t.Error(got)
	}
	if f := r.Faults(); len(f) != 1 || f[0].String() != "near-end" {
		t.Errorf("%v", f)
	}
}

// Automatic status speaks of the causes that were asked for, and ESC @ ends it.
func TestAutoStatusMask(t *testing.T) {
	for _, c := range []struct {
		about, ask, fault, want string
	}{
		{"paper for paper", "\x1da\x08", "near-end", "14 00 03 0f"},
		{"drawer for paper", "\x1da\x08", "drawer-open", ""},
		{"cover for online", "\x1da\x02", "cover-open", "3c 00 00 0f"},
		{"cover for errors", "\x1da\x04", "cover-open", ""},
		{"error for errors", "\x1da\x04", "error", "1c 04 00 0f"},
		{"drawer for drawer", "\x1da\x01", "drawer-open", "10 00 00 0f"},
		{"switched off", "\x1da\x0f\x1da\x00", "error", ""},
		{"initialised", "\x1da\x0f\x1b@", "error", ""},
	} {
		r := record(t, virtual.Options{})
		r.send(t, c.ask)
		r.heard()
		r.Break(fault(t, c.fault))
		if got := r.heard(); got != c.want {
			t.Errorf("%s: %q, want %q", c.about, got, c.want)
		}
	}
}
