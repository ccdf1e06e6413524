package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

func (a *app) demoCommand() *cobra.Command {
	d := demo{every: 8 * time.Second}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try everything on this machine: a broker, two printers, POS devices and orders, with nothing to install",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			d.out = &calm{w: a.stdout}
			return d.run(c.Context())
		},
	}
	cmd.Flags().StringVar(&d.keep, "keep", "", "put the tickets' pictures into `FOLDER` and leave them there")
	cmd.Flags().DurationVar(&d.every, "every", d.every, "time between two orders")
	cmd.Flags().IntVar(&d.orders, "orders", 0, "stop when so many orders are on paper; 0 goes on until Ctrl-C")
	return cmd
}

// A demo is a whole restaurant on one machine.
type demo struct {
	keep   string
	every  time.Duration
	orders int
	out    *calm
}

// calm writes whole blocks, one after the other, whoever speaks.
type calm struct {
	mu sync.Mutex
	w  io.Writer
}

func (c *calm) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.w, format+"\n", args...)
}

// run builds the restaurant in a temporary folder, works until ctx ends, and
// leaves nothing behind but what --keep asked for.
func (d *demo) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "mostrador-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	pictures := d.keep
	if pictures == "" {
		pictures = filepath.Join(dir, "tickets")
	}
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	broker, err := startDemoBroker()
	if err != nil {
		return err
	}
	defer broker.stop()
	paper := &demoPaper{out: d.out, folder: pictures}
	till := paper.printer("caja", "TM-T88V", "58mm")
	printers := newVirtualPorts(map[string]*virtual.Printer{
		"cocina": paper.printer("cocina", "TM-T20II", "80mm"),
		"caja":   till,
	})
	defer printers.close()
	devices, err := startDemoDevices(dir, d.out, till)
	if err != nil {
		return err
	}
	defer devices.stop()
	tapped, err := startDemoTap(dir)
	if err != nil {
		return err
	}
	defer tapped.stop()
	cfg, err := demoConfig(dir, broker.address, devices.config()+tapped.config(), printers.scheme())
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	daemon, err := assemble(cfg, append(schemes(), printers.scheme()), host{}, log)
	if err != nil {
		return err
	}
	d.welcome(broker.address, pictures, devices)
	return d.work(ctx, daemon, broker, devices, tapped, paper)
}

func (d *demo) welcome(broker, pictures string, devices *demoDevices) {
	d.out.say("Mostrador, demostración: un local con dos impresoras (cocina de 80 mm, caja de 58 mm).")
	d.out.say("  corredor MQTT  %s", broker)
	d.out.say("  tickets        %s (PNG)", pictures)
	if devices.missing() {
		d.out.say("  dispositivos   este sistema no tiene ptys: la demostración sigue sin registradora, lector, balanza ni pantalla")
	} else {
		d.out.say("  dispositivos   caja registradora, lector de códigos, balanza, pantalla de clientes y cajón de dinero (▮ y marcos)")
	}
	d.out.say("  intercepción   otra caja imprime por la red, y sus recibos se leen al pasar (⇢)")
	d.out.say("  Ctrl-C termina y no deja nada atrás.\n")
}

// work runs the daemon, the customers and the register side by side.
func (d *demo) work(ctx context.Context, daemon *daemon, broker *demoBroker, devices *demoDevices, tapped *demoTap, paper *demoPaper) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var parts sync.WaitGroup
	var failure error
	parts.Go(func() {
		defer stop()
		failure = daemon.run(ctx)
	})
	parts.Go(func() { d.narrate(ctx, daemon.store) })
	parts.Go(func() { devices.run(ctx, daemon, d.every) })
	parts.Go(func() { tapped.run(ctx, d.every) })
	parts.Go(func() { tapped.narrate(ctx, daemon.store, d.out) })
	parts.Go(func() {
		d.customers(ctx, broker, daemon, !devices.missing())
		if d.orders > 0 {
			stop()
		}
	})
	parts.Wait()
	d.out.say("\n%d tickets impresos. Hasta luego.", paper.count())
	return failure
}

// customers order until ctx ends, or until the last of d.orders is on paper, and
// scanned where there is a scanner.
func (d *demo) customers(ctx context.Context, broker *demoBroker, daemon *daemon, scanner bool) {
	if !broker.awaitTerminal(ctx) {
		return
	}
	for n := 0; d.orders == 0 || n < d.orders; n++ {
		if err := broker.order(demoOrder(n, time.Now())); err != nil {
			d.out.say("  no se pudo pedir: %v", err)
		}
		if d.orders > 0 && n == d.orders-1 {
			break
		}
		select {
		case <-time.After(d.every):
		case <-ctx.Done():
			return
		}
	}
	awaitPaper(ctx, daemon.store, d.orders, scanner)
}

// awaitPaper waits until so many orders are in the store, ready where they are
// to be scanned, and no ticket waits.
func awaitPaper(ctx context.Context, st *store.Store, orders int, scanned bool) {
	changed, stop := st.Watch(store.TopicJobs)
	defer stop()
	marked, stopMarked := st.Watch(store.TopicOrders)
	defer stopMarked()
	for ctx.Err() == nil {
		done := false
		err := st.View(func(tx *store.Tx) error {
			taken, waiting := 0, 0
			for o, err := range tx.Orders() {
				if err != nil {
					return err
				}
				if !scanned || o.Status == store.Ready || o.Status == store.Dispatched {
					taken++
				}
			}
			for _, state := range []store.JobState{store.JobQueued, store.JobSending} {
				for range tx.JobsIn(state) {
					waiting++
				}
			}
			done = taken >= orders && waiting == 0
			return nil
		})
		if done || err != nil {
			return
		}
		select {
		case <-changed:
		case <-marked:
		case <-ctx.Done():
		}
	}
}

// narrate tells each entry of the transaction log as one line.
func (d *demo) narrate(ctx context.Context, st *store.Store) {
	changed, stop := st.Watch(store.TopicLog)
	defer stop()
	told := uint64(0)
	for {
		entries, err := entriesAfter(st, told)
		if err != nil {
			d.out.say("  %v", err)
		}
		for _, e := range entries {
			told = e.Seq
			d.out.say("%s  %s", e.At.Wall.Local().Format("15:04:05"), printable(e.Text))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// entriesAfter are the log's entries after seq, oldest first.
func entriesAfter(st *store.Store, seq uint64) (entries []*store.Entry, err error) {
	err = st.View(func(tx *store.Tx) error {
		entries = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Seq <= seq {
				break
			}
			entries = append([]*store.Entry{e}, entries...)
		}
		return nil
	})
	return entries, err
}

// demoPaper takes what comes out of the virtual printers: as text to the
// terminal, as a picture into a folder.
type demoPaper struct {
	out    *calm
	folder string
	mu     sync.Mutex
	n      int
}

// printer makes one whose paper is taken.
func (p *demoPaper) printer(name, model, paper string) *virtual.Printer {
	// Both models are shipped; the demo's test runs with them.
	m, _ := profile.Lookup(model)
	return virtual.New(m, m.Papers[paper], virtual.Options{
		OnPaper: func(sheet virtual.Paper) { p.take(name, sheet) }, Drawer: true, DrawerFor: drawerOpenFor,
	})
}

func (p *demoPaper) take(printer string, paper virtual.Paper) {
	p.mu.Lock()
	p.n++
	name := fmt.Sprintf("%04d-%s.png", p.n, printer)
	p.mu.Unlock()
	var png bytes.Buffer
	if err := paper.PNG(&png); err != nil {
		p.out.say("  %s: %v", name, err)
	} else if err := os.WriteFile(filepath.Join(p.folder, name), png.Bytes(), 0o644); err != nil {
		p.out.say("  %v", err)
	}
	p.out.say("%s", frame(printer+" · "+name, paper.Text()))
}

func (p *demoPaper) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// frame draws a ticket's text as a slip of paper on the terminal.
func frame(title, text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	width := len([]rune(title)) + 2
	for _, l := range lines {
		width = max(width, len([]rune(l)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "    ┌─ %s %s┐\n", title, strings.Repeat("─", width-len([]rune(title))-1))
	for _, l := range lines {
		fmt.Fprintf(&b, "    │ %s%s │\n", printable(l), strings.Repeat(" ", width-len([]rune(l))))
	}
	fmt.Fprintf(&b, "    └%s┘", strings.Repeat("─", width+2))
	return b.String()
}
