package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"mostrador/printer/virtual"
)

// demoDevices are the POS devices on the demo's counter, each on a line of its
// own and with the firmware of a simple one. What they do is told on out.
type demoDevices struct {
	out      *calm
	register *demoRegister
	scanner  *demoScanner
	scale    *demoScale
	display  *demoDisplay
	drawer   *virtual.Printer // that has the drawer
}

// startDemoDevices plugs them in, under names in dir. On a system without ptys
// there are none, which missing says.
func startDemoDevices(dir string, out *calm, drawer *virtual.Printer) (d *demoDevices, err error) {
	d = &demoDevices{out: out, register: &demoRegister{}, scanner: &demoScanner{}, scale: &demoScale{}, display: &demoDisplay{}, drawer: drawer}
	lines := []struct {
		name string
		line *demoLine
	}{{"caja-registradora", &d.register.demoLine}, {"lector", &d.scanner.demoLine}, {"balanza", &d.scale.demoLine}, {"pantalla", &d.display.demoLine}}
	for _, l := range lines {
		if *l.line, err = startDemoLine(filepath.Join(dir, l.name)); err != nil {
			d.stop()
			if errors.Is(err, errors.ErrUnsupported) {
				return d, nil
			}
			return nil, err
		}
	}
	return d, nil
}

// missing: this system has no lines for them.
func (d *demoDevices) missing() bool { return d.display.port == "" }

func (d *demoDevices) stop() {
	d.register.stop()
	d.scanner.stop()
	d.scale.stop()
	d.display.stop()
}

// config is how the file names them.
func (d *demoDevices) config() string {
	if d.missing() {
		return ""
	}
	return fmt.Sprintf(`
[[device]]
name = "registradora"
driver = "register"
port = %q
profile = "journal-columns"
ack = "06"

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
idle = ["La Brasa de Ñusta", "Bienvenidos"]
`, d.register.port, d.scanner.port, d.scale.port, d.display.port)
}

// run lets people use them until ctx ends.
func (d *demoDevices) run(ctx context.Context, daemon *daemon, every time.Duration) {
	if d.missing() {
		return
	}
	var people sync.WaitGroup
	people.Go(func() { d.register.sell(ctx, every) })
	people.Go(func() { d.scanner.work(ctx, daemon.store, every/4, d.out) })
	people.Go(func() { d.scale.weigh(ctx, daemon.commands, max(every/2, time.Second), d.out) })
	people.Go(func() { d.display.show(d.out) })
	people.Go(func() { d.useKey(ctx, 5*every) })
	<-ctx.Done()
	d.stop() // ends what they wait for
	people.Wait()
}

// useKey opens the drawer with its key now and then, which nobody has asked for.
func (d *demoDevices) useKey(ctx context.Context, every time.Duration) {
	for {
		select {
		case <-time.After(every):
			d.drawer.Break(virtual.Fault{Kind: virtual.DrawerOpen, For: drawerOpenFor})
		case <-ctx.Done():
			return
		}
	}
}

// drawerOpenFor is how long a cashier of the demo leaves the drawer open.
const drawerOpenFor = 3 * time.Second
