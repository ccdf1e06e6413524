//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mostrador/agent/command"
	"mostrador/store"
)

// says runs a verb and wants its exit code; what it says is checked for form:
// with --json one JSON value, else lines that a terminal can show.
func (c *counter) says(code int, args ...string) string {
	c.t.Helper()
	var out, errs bytes.Buffer
	got := execute(c.t.Context(), append([]string{"-c", c.config}, args...), strings.NewReader(""), &out, &errs)
	verb := "mostrador " + strings.Join(args, " ")
	if got != code {
		c.t.Errorf("%s: exit code %d, want %d: %s", verb, got, code, errs.String())
	}
	if (code == exitDone) != (errs.Len() == 0) || (code != exitDone) != (out.Len() == 0) {
		c.t.Errorf("%s says %q and complains %q", verb, out.String(), errs.String())
	}
	if args[len(args)-1] == "--json" {
		if code == exitDone && !json.Valid(out.Bytes()) {
			c.t.Errorf("%s: not JSON: %s", verb, out.String())
		}
		return out.String()
	}
	c.t.Logf("%s (%d)\n%s%s", verb, got, out.String(), errs.String())
	return out.String()
}

// both runs a verb as people and as programs do.
func (c *counter) both(args ...string) (text string) {
	c.t.Helper()
	text = c.says(exitDone, args...)
	c.says(exitDone, append(args, "--json")...)
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > widest {
			c.t.Errorf("mostrador %s: a line of %d characters", strings.Join(args, " "), n)
		}
	}
	return text
}

// widest is what a terminal of two halves of a screen shows in one line.
const widest = 160

// Every verb that speaks with the daemon, against a real one.
func TestVerbs(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN", byHand: true})
	c.says(exitNotRunning, "orders", "list")
	c.says(exitNotRunning, "tickets", "list", "--json")
	c.start()
	for _, list := range []string{"orders", "tickets", "sales"} {
		if text := c.both(list, "list"); strings.Count(text, "\n") != 1 {
			t.Errorf("%s list says of nothing: %q", list, text)
		}
	}
	r, _ := seeded(t)
	menu := &kitchenMenu{rand: r, currency: "PEN"}
	t.Run("orders", func(t *testing.T) { c.checkOrderVerbs(t, menu) })
	t.Run("tickets", func(t *testing.T) { c.checkTicketVerbs(t, menu) })
	t.Run("print", func(t *testing.T) { c.checkPrint(t) })
	sales := c.register.sell(t, 3)
	if text := c.both("sales", "list", "-n", "2"); strings.Count(text, "\n") != 3 || !strings.Contains(text, sales[2]) || strings.Contains(text, sales[0]) {
		t.Errorf("sales list -n 2:\n%s", text)
	}
	c.both("uplink", "status")
	if text := c.both("version"); !strings.HasPrefix(text, "mostrador ") {
		t.Errorf("version says %q", text)
	}
	c.wrongUses()
	c.cloud.Check()
	c.stop()
	c.says(exitNotRunning, "uplink", "status")
}

func (c *counter) wrongUses() {
	c.t.Helper()
	for _, args := range [][]string{
		{"orders", "list", "-n", "0x"}, {"orders", "list", "-n", "5000"}, {"orders", "list", "all"}, {"orders", "show"},
		{"orders", "eat"}, {"nothing"}, {"tickets", "settle", "1"}, {"print", "-"}, {"--nothing"}, {"tickets", "list", "--state", "eaten"},
	} {
		c.says(exitWrongUse, args...)
	}
	c.says(exitNotFound, "orders", "show", "nobody")
	c.says(exitNotFound, "orders", "accept", "nobody", "--json")
	c.says(exitNotFound, "tickets", "show", "99999")
	c.says(exitNotFound, "tickets", "retry", "99999")
	c.says(exitNotFound, "print", filepath.Join(c.dir, "no-such-file"), "--text")
}

// offered gives an order down and waits until it is known.
func (c *counter) offered(k ask) {
	c.t.Helper()
	c.order(k.payload)
	c.eventually(time.Minute, "the order", func() bool {
		_, _, err := c.try("orders", "show", k.number)
		return err == nil
	})
}

func (c *counter) statusOf(k ask) (d command.OrderDetail) {
	c.t.Helper()
	c.ask(&d, "orders", "show", k.number)
	return d
}

func (c *counter) checkOrderVerbs(t *testing.T, menu *kitchenMenu) {
	taken, refused, later := menu.ask(t, "delivery"), menu.ask(t, "go"), menu.ask(t, "delivery")
	due := time.Now().Add(5 * time.Hour).UTC().Format(time.RFC3339Nano)
	later.payload = bytes.Replace(later.payload, []byte(`"isScheduled":false`), []byte(`"isScheduled":true,"deliverAt":"`+due+`"`), 1)
	for _, k := range []ask{taken, refused, later} {
		c.offered(k)
		if d := c.statusOf(k); d.Order.Status != store.Received || len(d.Tickets) != 0 {
			t.Errorf("order %s is %s with %d tickets before anybody has accepted it", k.number, d.Order.Status, len(d.Tickets))
		}
	}
	text := c.both("orders", "list")
	for _, k := range []ask{taken, refused, later} {
		if !strings.Contains(text, k.number) {
			t.Errorf("orders list lacks %s", k.number)
		}
	}
	c.both("orders", "show", "#"+taken.number)
	c.both("orders", "show", taken.id)

	c.says(exitDone, "orders", "accept", taken.number)
	c.says(exitFailed, "orders", "accept", taken.number)
	c.says(exitDone, "orders", "reject", refused.number, "--reason", "Sin gas", "--json")
	c.says(exitFailed, "orders", "release", refused.number)
	c.says(exitDone, "orders", "accept", later.number, "--json")
	c.eventually(time.Minute, "the accepted order on paper", func() bool { return c.allOnPaper(taken) })
	c.cloud.Wait(time.Minute, "two requests and a refusal", func() bool { return len(c.cloud.Events("requests")) == 3 })
	if d := c.statusOf(refused); d.Order.Status != store.Rejected || len(d.Tickets) != 0 {
		t.Errorf("the refused order is %s with %d tickets", d.Order.Status, len(d.Tickets))
	}

	if d := c.statusOf(later); d.Order.HeldUntil.IsZero() || len(d.Tickets) != 0 {
		t.Errorf("the scheduled order is held until %v with %d tickets", d.Order.HeldUntil, len(d.Tickets))
	}
	if text := c.both("orders", "show", later.number); !strings.Contains(text, "Retenido") {
		t.Errorf("nothing says that the order is held:\n%s", text)
	}
	c.says(exitDone, "orders", "release", later.number)
	c.eventually(time.Minute, "the released order on paper", func() bool { return c.allOnPaper(later) })
	c.says(exitFailed, "orders", "release", later.number)
	c.both("orders", "show", later.number)

	c.says(exitFailed, "orders", "precheck", refused.number)
	c.says(exitNotFound, "orders", "precheck", "nobody")
	if text := c.says(exitDone, "orders", "precheck", later.number); !strings.Contains(text, "precuenta") {
		t.Errorf("orders precheck says %q", text)
	}
	c.eventually(time.Minute, "the bill on paper", func() bool { return c.allOnPaper(later) })
}

func (c *counter) checkTicketVerbs(t *testing.T, menu *kitchenMenu) {
	c.kitchen.peer.Unplug()
	k := c.askFor(func() ask { return menu.ask(t, "go") }, "parrilla")
	c.offered(k)
	c.says(exitDone, "orders", "accept", k.number, "--json")
	var comanda store.Job
	for _, j := range c.statusOf(k).Tickets {
		if j.Printer == "cocina" {
			comanda = *j
		}
	}
	seq := fmt.Sprint(comanda.Seq)
	if text := c.both("tickets", "list", "--state", "queued"); !strings.Contains(text, k.number) {
		t.Errorf("the ticket that waits is not listed:\n%s", text)
	}
	c.both("tickets", "list")
	c.says(exitFailed, "tickets", "retry", seq)
	c.says(exitFailed, "tickets", "settle", seq, "--printed")
	c.says(exitDone, "tickets", "cancel", seq)
	c.says(exitFailed, "tickets", "cancel", seq)
	c.kitchen.peer.Plug()
	c.says(exitDone, "tickets", "retry", comanda.ID, "--json")
	c.eventually(30*time.Second, "the ticket on paper", func() bool { return c.allOnPaper(k) })
	c.both("tickets", "show", seq)
	c.says(exitFailed, "tickets", "retry", seq)
	c.checkPapers(k)
}

func (c *counter) checkPrint(t *testing.T) {
	name := filepath.Join(c.dir, "nota.receipt")
	if err := os.WriteFile(name, []byte("^^Prueba ñandú\n|Mesa|12\n{code:hola;option:qrcode}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := c.says(exitDone, "print", name, "--text", "--paper", "58mm"); !strings.Contains(squeeze(text), "ñandú") {
		t.Errorf("print --text: %q", text)
	}
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"-c", c.config, "print", name, "--bytes"}, nil, &out, &errs); code != exitDone || !bytes.HasPrefix(out.Bytes(), []byte("\x1b@")) {
		t.Errorf("print --bytes: %d %s %q", code, errs.String(), out.Bytes())
	}
	picture := filepath.Join(c.dir, "nota.png")
	execute(t.Context(), []string{"-c", c.config, "print", name, "--png", picture}, nil, &out, &errs)
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if i, err := png.Decode(f); err != nil || i.Bounds().Dx() < 500 {
		t.Errorf("print --png: %v", err)
	}
	c.says(exitDone, "print", name, "--printer", "caja")
	c.says(exitDone, "print", name, "--printer", "caja", "--json")
	c.eventually(time.Minute, "two notes", func() bool { return len(papersOf(c.till, "ñandú")) == 2 })
	c.says(exitNotFound, "print", name, "--printer", "nadie")
	c.says(exitWrongUse, "print", name, "--text", "--bytes")
	c.says(exitWrongUse, "print", name, "--text", "--profile", "nadie")
	c.says(exitWrongUse, "print", name, "--text", "--paper", "99mm")
}
