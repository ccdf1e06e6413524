package spool

import (
	"context"
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// drawerTells are the entries about drawers so far, as kind and text.
func drawerTells(c *counter) (out []string) {
	c.Helper()
	err := c.st.View(func(tx *store.Tx) error {
		out = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if strings.HasPrefix(e.Kind, "drawer.") {
				out = append([]string{e.Kind + " " + e.Text}, out...)
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
	return out
}

// wantTells compares the entries since the last look, each by its kind and a
// part of its text.
func wantTells(c *counter, seen *int, want ...string) {
	c.Helper()
	all := drawerTells(c)
	news := all[*seen:]
	*seen = len(all)
	if len(news) != len(want) {
		c.Errorf("told %q, want %q", news, want)
		return
	}
	for i, w := range want {
		kind, text, _ := strings.Cut(w, " ")
		if !strings.HasPrefix(news[i], kind+" ") || !strings.Contains(news[i], text) {
			c.Errorf("told %q, want %q", news[i], w)
		}
	}
}

func withDrawer(s *Settings) {
	s.Printers[0].Drawer, s.Printers[0].DrawerLeft = true, 5*time.Minute
}

func stateOf(c *counter) string { return c.States()[0].Drawer }

// Every opening is told with its reason, or as one that nobody asked for; one
// that is left open is told once.
func TestDrawerPin(t *testing.T) {
	inTime(t, []string{"caja"}, withDrawer, func(c *counter) {
		m, seen := c.machines["caja"], 0
		opens := virtual.Fault{Kind: virtual.DrawerOpen}
		c.pass(time.Second)
		if s := stateOf(c); s != "" {
			t.Errorf("a switch that never moved says %q", s)
		}
		kick := func() {
			t.Helper()
			if err := c.KickDrawer(context.Background(), "caja", "Ana", "cambio"); err != nil {
				t.Fatal(err)
			}
		}
		kick()
		c.pass(10 * time.Second) // a drawer without a switch does not answer
		wantTells(c, &seen, "drawer.opened Ana (cambio)")

		m.Break(opens) // with its key
		c.pass(20 * time.Second)
		wantTells(c, &seen, "drawer.unasked sin orden")
		if s := stateOf(c); s != "open" {
			t.Errorf("it says %q", s)
		}
		m.Mend(virtual.DrawerOpen)
		c.pass(5 * time.Second)
		wantTells(c, &seen, "drawer.closed abierto 20 s")

		kick()
		m.Break(opens)
		c.pass(6 * time.Minute)
		wantTells(c, &seen, "drawer.opened Ana", "drawer.left_open lleva 5 min abierto")
		kick() // it is open already
		c.pass(time.Hour)
		wantTells(c, &seen, "drawer.opened Ana")
		m.Mend(virtual.DrawerOpen)
		c.pass(5 * time.Second)
		wantTells(c, &seen, "drawer.closed abierto 66 min")
		if s := stateOf(c); s != "closed" {
			t.Errorf("it says %q", s)
		}

		kick() // it is locked
		c.pass(10 * time.Second)
		wantTells(c, &seen, "drawer.opened Ana", "drawer.stuck llave")
	})
}

// A loose contact is told once a minute, with how often.
func TestDrawerPinLoose(t *testing.T) {
	inTime(t, []string{"caja"}, withDrawer, func(c *counter) {
		m, seen := c.machines["caja"], 0
		c.pass(time.Second)
		for range 70 {
			m.Break(virtual.Fault{Kind: virtual.DrawerOpen})
			c.pass(500 * time.Millisecond)
			m.Mend(virtual.DrawerOpen)
			c.pass(500 * time.Millisecond)
		}
		all := drawerTells(c)
		unasked := 0
		for _, e := range all[seen:] {
			if strings.HasPrefix(e, drawerUnasked) {
				unasked++
			}
		}
		if unasked != 2 || !strings.Contains(strings.Join(all, "\n"), "(61 veces desde el último aviso") {
			t.Errorf("told %d unasked openings:\n%s", unasked, strings.Join(all, "\n"))
		}
		if len(all) > 6 {
			t.Errorf("%d entries for a loose contact", len(all))
		}
	})
}

// A switch that works the other way is read so, and one that is configured the
// wrong way is recognised.
func TestDrawerPinReversed(t *testing.T) {
	high := func(s *Settings) { withDrawer(s); s.Printers[0].DrawerHigh = true }
	inTime(t, []string{"caja"}, high, func(c *counter) {
		m, seen := c.machines["caja"], 0
		c.pass(time.Second)
		m.Break(virtual.Fault{Kind: virtual.DrawerOpen}) // low: closed
		c.pass(time.Second)
		m.Mend(virtual.DrawerOpen)
		c.pass(time.Second)
		wantTells(c, &seen, "drawer.closed", "drawer.unasked")
	})
	inTime(t, []string{"caja"}, withDrawer, func(c *counter) {
		m, seen := c.machines["caja"], 0
		m.Break(virtual.Fault{Kind: virtual.DrawerOpen}) // low from the start, and it is closed
		c.pass(time.Minute)
		wantTells(c, &seen)
		if err := c.KickDrawer(context.Background(), "caja", "", ""); err != nil {
			t.Fatal(err)
		}
		m.Mend(virtual.DrawerOpen) // it opens: high
		c.pass(time.Second)
		wantTells(c, &seen, "drawer.opened", "drawer.reversed drawer_open")
	})
}
