//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/device"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// testDevices are a scanner, a scale and a display on serial lines.
type testDevices struct {
	scanner, display demoLine
	scale            demoScale

	mu    sync.Mutex
	beeps []byte // what the scanner was told
	asks  int    // how often the scale was asked
	face  displayFace
}

// plugDevices adds them to the counter's configuration.
func plugDevices(t *testing.T, c *counter) *testDevices {
	t.Helper()
	d := &testDevices{}
	for name, line := range map[string]*demoLine{"lector": &d.scanner, "balanza": &d.scale.demoLine, "pantalla": &d.display} {
		var err error
		if *line, err = startDemoLine(filepath.Join(c.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	config = fmt.Appendf(config, `
[[device]]
name = "lector"
driver = "scanner"
port = %q
answer_on = "pantalla"
good = "07"
bad = "0707"

[[device]]
name = "balanza"
driver = "scale"
port = %q
protocol = "toledo-8217"
unit = "kg"

[[device]]
name = "pantalla"
driver = "display"
port = %q
idle = ["La Brasa", "Bienvenidos"]
page = "1s"
`, d.scanner.port, d.scale.port, d.display.port)
	if err := os.WriteFile(c.config, config, 0o600); err != nil {
		t.Fatal(err)
	}
	var hearing sync.WaitGroup
	hearing.Go(func() { d.scanner.hear(func(b []byte) { d.locked(func() { d.beeps = append(d.beeps, b...) }) }) })
	hearing.Go(func() {
		d.scale.hear(func(b []byte) {
			d.locked(func() { d.asks += bytes.Count(b, []byte("W")) })
			d.scale.answer(b)
		})
	})
	hearing.Go(func() {
		d.display.hear(func(b []byte) {
			d.locked(func() {
				for _, one := range b {
					d.face.take(one)
				}
			})
		})
	})
	t.Cleanup(func() {
		c.kill()
		d.scanner.stop()
		d.scale.stop()
		d.display.stop()
		hearing.Wait()
	})
	return d
}

func (d *testDevices) locked(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

func (d *testDevices) heard() (beeps string) {
	d.locked(func() { beeps = string(d.beeps) })
	return beeps
}

func (d *testDevices) asked() (n int) {
	d.locked(func() { n = d.asks })
	return n
}

// shows reports whether the display shows a text now.
func (d *testDevices) shows(text string) (is bool) {
	d.locked(func() { is = strings.Contains(d.face.text(), text) })
	return is
}

// scan sends a code as the reader does, and waits for its beep.
func (d *testDevices) scan(c *counter, code, beep string) {
	c.t.Helper()
	before := d.heard()
	if _, err := io.WriteString(d.scanner.master, code+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
	c.eventually(time.Minute, "the beep for "+code, func() bool { return d.heard() == before+beep })
}

var codeOnPaper = regexp.MustCompile(`\[qrcode ([0-9a-f-]{36})\]`)

// codeOn is the code on the paper that has all of these words.
func codeOn(t *testing.T, p *paperPrinter, words ...string) string {
	t.Helper()
	for _, paper := range p.Papers() {
		text := paper.Text()
		found := codeOnPaper.FindStringSubmatch(text)
		for _, w := range words {
			if !strings.Contains(text, w) {
				found = nil
			}
		}
		if found != nil {
			return found[1]
		}
	}
	t.Fatalf("no paper has %q and a code", words)
	return ""
}

// The devices on a counter, over serial lines and the real daemon: the codes on
// the papers mark their order, as the display, the reader's beep, the channel's
// request and the events say; a scale is asked while somebody looks, and only
// then; the display shows who may come.
func TestDevicesOnTheCounter(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	d := plugDevices(t, c)
	c.start()
	c.eventually(30*time.Second, "the display", func() bool { return d.shows("Bienvenidos") })
	c.order(demoOrder(0, time.Now()))
	c.eventually(time.Minute, "four tickets on paper", func() bool {
		printed := 0
		for _, j := range c.tickets() {
			if j.State == store.JobPrinted {
				printed++
			}
		}
		return printed == 4
	})

	d.scan(c, codeOn(t, c.kitchen, "PARRILLA", "48213"), "\a")
	c.eventually(time.Minute, "the answer on the display", func() bool { return d.shows("#48213      parrilla") })
	d.scan(c, codeOn(t, c.till, "BARRA", "48213"), "\a")
	c.eventually(time.Minute, "the number on the display", func() bool { return d.shows("LISTOS") && d.shows("48213") })
	var o command.OrderDetail
	if c.ask(&o, "orders", "show", "48213"); o.Order.Status != store.Ready || len(o.Order.ReadyStations) != 2 {
		t.Errorf("the order is %s, ready are %q", o.Order.Status, o.Order.ReadyStations)
	}
	time.Sleep(1100 * time.Millisecond) // the reader's own pause between two readings of the same code
	d.scan(c, codeOn(t, c.till, "BARRA", "48213"), "\a")
	d.scan(c, codeOn(t, c.till, "COBRAR", "48213"), "\a")
	d.scan(c, "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b12", "\a\a")
	d.scan(c, "4006381333931", "\a")
	c.eventually(time.Minute, "the display to be empty again", func() bool { return d.shows("Bienvenidos") })
	if c.ask(&o, "orders", "show", "48213"); o.Order.Status != store.Dispatched {
		t.Errorf("the order is %s", o.Order.Status)
	}
	checkScans(t, c)
	checkScale(t, c, d)

	c.register.sell(t, 1)
	c.eventually(time.Minute, "the total on the display", func() bool { return d.shows("TOTAL") })
	checkUplink(t, c)
	c.stop()
}

// checkScans looks at what the events say of the codes.
func checkScans(t *testing.T, c *counter) {
	t.Helper()
	var entries []store.Entry
	c.ask(&entries, "events", "--limit", "100")
	for _, want := range []struct{ kind, code, text string }{
		{"order.updated", "", "parrilla listo (lector); falta barra"}, {"order.status", "", "48213 de Justo Centro listo (lector)"},
		{"scan.again", "", "ya estaba listo"}, {"order.status", "", "despachado (lector)"},
		{"scan.unknown", "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b12", "no es de un papel"}, {"scan.other", "4006381333931", "4006381333931"},
	} {
		found := false
		for _, e := range entries {
			found = found || e.Kind == want.kind && strings.Contains(e.Text, want.text) && (want.code == "" || e.Code == want.code)
		}
		if !found {
			t.Errorf("no event %s says …%s…", want.kind, want.text)
		}
	}
	var s device.Status
	if c.ask(&s, "devices", "status", "lector"); s.Scan == nil || s.Scan.Code != "4006381333931" || s.Scan.Outcome != "other" {
		t.Errorf("the scanner's status is %+v", s.Scan)
	}
}

// checkScale looks at the scale, and then away.
func checkScale(t *testing.T, c *counter, d *testDevices) {
	t.Helper()
	if n := d.asked(); n != 0 {
		t.Errorf("the scale was asked %d times while nobody looked", n)
	}
	d.scale.put(1250)
	c.eventually(time.Minute, "the weight", func() bool {
		var s device.Status
		c.ask(&s, "devices", "status", "balanza")
		return s.Weight != nil && s.Weight.State == "stable" && s.Weight.Weight == "1.250" && s.Weight.Unit == "kg"
	})
	out, _, err := c.try("devices", "status", "balanza")
	if err != nil || !strings.Contains(out, "1.250 kg") {
		t.Errorf("a person reads %q, %v", out, err)
	}
	c.eventually(30*time.Second, "the scale to be left alone", func() bool {
		var s []device.Status
		c.ask(&s, "devices", "status")
		return len(s) == 4 && s[2].Name == "balanza" && s[2].Weight == nil
	})
	n := d.asked()
	time.Sleep(time.Second) // four questions, if it were asked
	if more := d.asked() - n; more != 0 {
		t.Errorf("the scale was asked %d times after everybody had left", more)
	}
}

// checkUplink looks at what went to the cloud.
func checkUplink(t *testing.T, c *counter) {
	t.Helper()
	c.cloud.Wait(30*time.Second, "every device upstream", func() bool {
		ready := map[string]bool{}
		for _, e := range c.cloud.Events("devices") {
			var s store.DeviceState
			if json.Unmarshal(e.Data, &s) == nil && s.State == device.Ready {
				ready[s.Kind] = true
			}
		}
		return ready["scanner"] && ready["scale"] && ready["display"] && ready["register"]
	})
	c.cloud.Wait(30*time.Second, "the requests", func() bool {
		told := map[string]bool{}
		for _, e := range c.cloud.Events("requests") {
			var r struct{ Action string }
			if json.Unmarshal(e.Data, &r) == nil {
				told[r.Action] = true
			}
		}
		return told["accept"] && told["ready"] && told["dispatch"]
	})
	c.cloud.Check()
}

// The drawer of a real daemon: each opening with its reason, and the one that
// nobody asked for.
func TestDrawerOnTheCounter(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	config, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	withDrawer := strings.Replace(string(config), "profile = \"TM-T88V\"\n", "profile = \"TM-T88V\"\ndrawer = true\n", 1)
	if err := os.WriteFile(c.config, []byte(withDrawer), 0o600); err != nil {
		t.Fatal(err)
	}
	c.start()
	says := func(kind, text string) func() bool {
		return func() bool {
			var entries []store.Entry
			c.ask(&entries, "events", "--limit", "50")
			for _, e := range entries {
				if e.Kind == kind && strings.Contains(e.Text, text) {
					return true
				}
			}
			return false
		}
	}
	c.eventually(30*time.Second, "the kick", func() bool {
		_, _, err := c.try("printers", "drawer", "caja", "--reason", "cambio")
		return err == nil
	})
	c.till.Break(virtual.Fault{Kind: virtual.DrawerOpen})
	c.eventually(time.Minute, "the open drawer", func() bool {
		out, _, err := c.try("printers", "list", "--json")
		return err == nil && strings.Contains(out, `"drawer": "open"`)
	})
	time.Sleep(time.Second) // no cashier is quicker
	c.till.Mend(virtual.DrawerOpen)
	c.eventually(time.Minute, "its closing", says("drawer.closed", "cajón de caja cerrado"))
	c.till.Break(virtual.Fault{Kind: virtual.DrawerOpen})
	c.eventually(time.Minute, "the key", says("drawer.unasked", "sin orden"))
	if !says("drawer.opened", "(cambio)")() {
		t.Error("the opening has no reason")
	}
	c.stop()
}
