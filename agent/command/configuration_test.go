package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/order"
)

// goodConfig is a file for the terminal, with a broker.
func goodConfig(w *terminal, dir string, more string) string {
	return fmt.Sprintf("[terminal]\nstore = \"lima-01\"\nid = \"caja-1\"\nlocale = \"es-PE\"\ncurrency = \"PEN\"\ntimezone = \"America/Lima\"\ndata_dir = %q\n\n[uplink]\nbroker = \"mqtt://127.0.0.1:1883\"\n%s", dir, more)
}

// configured gives the terminal a file.
func (w *terminal) configured() (dir string) {
	w.Helper()
	dir = w.TempDir()
	path := filepath.Join(dir, "mostrador.toml")
	text := goodConfig(w, dir, "")
	w.no(os.WriteFile(path, []byte(text), 0o600))
	cfg, err := config.Parse(path, []byte(text), config.Known{})
	w.no(err)
	w.config = Configuration{Path: path, Running: cfg}
	w.boot()
	return dir
}

func pushed(version int, file string) string {
	text, _ := json.Marshal(file)
	return fmt.Sprintf(`{"version":%d,"confirm_within_seconds":60,"file":%s}`, version, text)
}

// A configuration is tried, and kept once the terminal is up with it.
func TestConfigurationIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTerminal(t)
		dir := w.configured()
		file := goodConfig(w, dir, "# the new one\n")
		w.send(w.Config, pushed(7, file))
		w.work(t.Context())
		if len(w.restarts) != 1 || w.read() != file || len(w.results()) != 0 {
			t.Fatalf("restarts %v, the file is\n%s", w.restarts, w.read())
		}
		w.start()
		time.Sleep(30 * time.Second)
		if len(w.results()) != 0 {
			t.Errorf("confirmed before it was up: %+v", w.last())
		}
		w.up.Store(true)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.halt()
		if r := w.last(); r.Result != Done || r.ID != "7" || r.Of != "config" {
			t.Errorf("%+v", r)
		}
		if desired, reported, result, edited, ok := w.ConfigState(); desired != 7 || reported != 7 || result != "done" || edited || !ok {
			t.Error(desired, reported, result, edited, ok)
		}
		w.no(os.WriteFile(w.config.Path, []byte(file+"# by hand\n"), 0o600))
		if _, _, _, edited, _ := w.ConfigState(); !edited {
			t.Error("a change by hand is not seen")
		}
		if left, _ := filepath.Glob(w.config.Path + ".*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		w.send(w.Config, pushed(7, file)) // the broker has it retained
		if all := w.results(); len(all) != 2 || all[1].Result != Done || len(w.restarts) != 1 {
			t.Errorf("the same again: %+v, restarts %v", all, w.restarts)
		}
	})
}

// One with which the terminal does not come up in time is taken back.
func TestConfigurationIsRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTerminal(t)
		dir := w.configured()
		before := w.read()
		w.send(w.Config, pushed(8, goodConfig(w, dir, "# bad\n")))
		w.work(t.Context())
		w.start()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if w.read() == before {
			t.Error("taken back too early")
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		w.halt()
		if w.read() != before || len(w.restarts) != 2 {
			t.Fatalf("restarts %v, the file is\n%s", w.restarts, w.read())
		}
		w.start()
		synctest.Wait()
		w.halt()
		if r := w.last(); r.Result != RolledBack || !strings.Contains(r.Reason, "not connected") {
			t.Errorf("%+v", r)
		}
		if desired, reported, result, _, _ := w.ConfigState(); desired != 8 || reported != 0 || result != "rolled_back" {
			t.Error(desired, reported, result)
		}
	})
}

// What cannot be right is refused and changes nothing.
func TestConfigurationIsRefused(t *testing.T) {
	w := newTerminal(t)
	dir := w.configured()
	before := w.read()
	tests := []struct{ name, payload, want string }{
		{"faults", pushed(1, goodConfig(w, dir, "windo = 3\n")), "windo"},
		{"another terminal", pushed(2, strings.Replace(goodConfig(w, dir, ""), "caja-1", "caja-2", 1)), "a push cannot change it"},
		{"another folder", pushed(3, goodConfig(w, dir+"x", "")), "data_dir"},
		{"no broker", pushed(4, strings.Replace(goodConfig(w, dir, ""), "broker", "# broker", 1)), "never be heard of again"},
		{"older", pushed(3, goodConfig(w, dir, "")), "send a higher one"},
		{"other content", pushed(4, goodConfig(w, dir, "# x\n")), "send a higher one"},
		{"no TOML", pushed(5, "{"), "faults"},
	}
	for _, tt := range tests {
		w.send(w.Config, tt.payload)
		w.work(t.Context())
		r := w.last()
		text := r.Reason
		if r.Output != nil {
			text += strings.Join(r.Output.Faults, "\n")
		}
		if r.Result != Refused || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %+v %s", tt.name, r, text)
		}
	}
	for _, payload := range []string{`{"version":"7"}`, `x`, `{}`} {
		w.send(w.Config, payload)
		if r := w.last(); r.Result != Refused || r.ID != "" {
			t.Errorf("%s: %+v", payload, r)
		}
	}
	if len(w.restarts) > 0 || w.read() != before {
		t.Errorf("restarts %v, the file is\n%s", w.restarts, w.read())
	}
	w.send(w.Config, pushed(6, before))
	w.work(t.Context())
	if r := w.last(); r.Result != Done || len(w.restarts) > 0 {
		t.Errorf("the file that is there: %+v, restarts %v", r, w.restarts)
	}
}

func FuzzReadConfiguration(f *testing.F) {
	f.Add([]byte(`{"version":7,"file":"[terminal]"}`))
	f.Add([]byte(`{"version":18446744073709551615,"file":"x","confirm_within_seconds":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var m configMessage
		if strict(payload, 2*maxConfig, &m) == nil && m.check() == nil && (m.Version == 0 || m.within() < minWithin || m.within() > maxWithin) {
			t.Errorf("taken: %+v", m)
		}
	})
}

func FuzzReadCatalogue(f *testing.F) {
	f.Add([]byte(`{"version":1,"products":[{"external_id":"a","name":"b"}],"mappings":[{"integration":{"provider":"justo"},"channel_id":"c","external_id":"a"}]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var c order.Catalogue
		if strict(payload, maxCatalogue, &c) == nil && c.Check() == nil && (c.Version == 0 || c.Products == nil) {
			t.Errorf("taken: %+v", c)
		}
	})
}
