//go:build libusb

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/agent/spool"
	"mostrador/agent/spool/ticket"
	"mostrador/drivers/drivertest"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// What is here runs on the machine of packaging/lab/usb: usb_linux_test.go
// brings it there.

// A usbPrinter is a printer on a real USB bus: a plug, and works behind it.
type usbPrinter struct {
	*drivertest.Gadget
	works *virtual.Printer
	name  string
	port  string

	mu     sync.Mutex
	papers []string
	left   int  // bytes until it is unplugged; 0: never
	last   bool // it takes nothing after them
	cut    chan struct{}
	ended  chan struct{} // with the test
}

// Read is what comes through the plug, up to where it is pulled.
func (p *usbPrinter) Read(b []byte) (int, error) {
	p.mu.Lock()
	if p.left > 0 {
		b = b[:min(len(b), p.left)]
	}
	over := p.last && p.left == 0
	p.mu.Unlock()
	if over {
		<-p.ended
		return 0, io.EOF
	}
	n, err := p.Gadget.Read(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left > 0 {
		// What was asked for before the cut was set may bring more than is left.
		if p.left = max(p.left-n, 0); p.left == 0 {
			p.cut <- struct{}{}
		}
	}
	return n, err
}

// lastAfter is cutAfter where the machine itself is switched off then: however
// long that takes, the printer takes nothing more.
func (p *usbPrinter) lastAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.last = n, true
}

func (p *usbPrinter) cutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n
}

func (p *usbPrinter) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.papers)
}

// newUSBPrinter plugs a printer in that works until the test ends.
func newUSBPrinter(t *testing.T, name string, model drivertest.GadgetModel, port string, o virtual.Options) *usbPrinter {
	t.Helper()
	works, found := profile.Lookup("TM-T20II")
	if !found {
		t.Fatal("TM-T20II is not known")
	}
	p := &usbPrinter{name: name, port: port, cut: make(chan struct{}, 1), ended: make(chan struct{})}
	o.Keep = 1
	hear := o.OnPaper
	o.OnPaper = func(paper virtual.Paper) {
		if hear != nil {
			hear(paper)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.papers = append(p.papers, paper.Text())
	}
	p.works = virtual.New(works, works.Papers["80mm"], o)
	p.Gadget = drivertest.NewGadget(t, model)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = p.works.ServeConn(context.Background(), p)
	}()
	t.Cleanup(func() {
		close(p.ended)
		if err := p.Gadget.Close(); err != nil {
			t.Error(err)
		}
		<-served
		p.works.Close()
	})
	return p
}

// A usbCounter is a spooler over USB printers.
type usbCounter struct {
	*testing.T
	*spool.Spool
	st       *store.Store
	printers []*usbPrinter
}

// newUSBCounter starts a spooler over a store, until the test ends.
func newUSBCounter(t *testing.T, path string, printers ...*usbPrinter) *usbCounter {
	t.Helper()
	st, err := store.Open(path, store.Options{Identity: "lima-01/caja-1", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := spool.Settings{Ticket: ticket.Settings{Locale: "es-PE"}, Unknown: map[store.TicketKind]spool.Policy{store.ComandaTicket: spool.CopyOnce}}
	open := opener(schemes())
	model, _ := profile.Lookup("TM-T20II")
	for _, p := range printers {
		s.Printers = append(s.Printers, spool.Printer{Name: p.name, Port: p.port, Open: open(p.port), Profile: model, Paper: "80mm"})
	}
	sp, err := spool.New(st, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sp.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the spooler ended with %v", err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return &usbCounter{T: t, Spool: sp, st: st, printers: printers}
}

// queue asks for n tickets, in turn from each printer.
func (c *usbCounter) queue(n int) {
	c.Helper()
	for i := range n {
		p := c.printers[i%len(c.printers)]
		if _, err := c.st.UpdateVital(func(tx *store.Tx) error {
			j := &store.Job{Kind: store.ComandaTicket, Printer: p.name, MeantFor: p.name, Copy: 1, State: store.JobQueued, QueuedAt: tx.Now()}
			if err := tx.PutJob(j); err != nil {
				return err
			}
			j.Markup = usbTicket(j.Seq)
			return tx.PutJob(j)
		}); err != nil {
			c.Fatal(err)
		}
	}
}

// usbTicket is a ticket that can be found on paper, whole or in part.
func usbTicket(seq uint64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INICIO %d.\n", seq)
	for i := range 12 {
		fmt.Fprintf(&b, "%d x Lomo saltado, sin ají, al punto\n", i+1)
	}
	fmt.Fprintf(&b, "FIN %d.\n=", seq)
	return b.String()
}

// eventually waits for what happens by itself.
func (c *usbCounter) eventually(limit time.Duration, what string, holds func() bool) {
	c.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("not within %v: %s; the printers: %+v", limit, what, c.States())
		}
	}
}

// atRest: nothing waits or is under way, and each printer is there.
func (c *usbCounter) atRest() bool {
	away := slices.ContainsFunc(c.States(), func(s spool.State) bool { return s.Waiting > 0 || s.State != spool.Ready })
	return !away && !slices.ContainsFunc(c.jobs(), func(j *store.Job) bool { return j.State == store.JobQueued || j.State == store.JobSending })
}

func (c *usbCounter) jobs() (all []*store.Job) {
	c.Helper()
	if err := c.st.View(func(tx *store.Tx) error {
		all = nil
		for j, err := range tx.Jobs() {
			if err != nil {
				return err
			}
			all = append(all, j)
		}
		return nil
	}); err != nil {
		c.Fatal(err)
	}
	return all
}

// A usbBalance is what tickets came to.
type usbBalance struct{ tickets, printed, unknown, copies, open int }

var usbWhole = regexp.MustCompile(`(?s)INICIO (\d+)\..*FIN (\d+)\.`)

// balance holds the records against the papers that came out of the printers.
func (c *usbCounter) balance() (b usbBalance) {
	c.Helper()
	plain, marked := map[uint64]int{}, map[uint64]int{}
	where := map[uint64]string{}
	for _, p := range c.printers {
		for _, text := range p.seen() {
			m := usbWhole.FindStringSubmatch(text)
			if m == nil || m[1] != m[2] {
				continue // torn
			}
			seq, _ := strconv.ParseUint(m[1], 10, 64)
			where[seq] = p.name
			if strings.Contains(strings.ReplaceAll(text, " ", ""), "POSIBLEDUPLICADO") {
				marked[seq]++
			} else {
				plain[seq]++
			}
		}
	}
	copies := map[uint64]*store.Job{}
	for _, j := range c.jobs() {
		if j.CopyOf != 0 {
			copies[j.CopyOf] = j
			b.copies++
		}
	}
	for _, j := range c.jobs() {
		if j.CopyOf != 0 || j.Kind != store.ComandaTicket {
			continue // the digest of what waited is none of ours
		}
		b.tickets++
		again := copies[j.Seq]
		switch {
		case plain[j.Seq] > 1 || marked[j.Seq] > 1:
			c.Errorf("ticket %d came out %d times, and %d times marked", j.Seq, plain[j.Seq], marked[j.Seq])
		case j.State == store.JobPrinted && (plain[j.Seq] != 1 || where[j.Seq] != j.Printer || again != nil):
			c.Errorf("ticket %d is called printed (%s) at %s and came out %d times at %q", j.Seq, j.Proof(), j.Printer, plain[j.Seq], where[j.Seq])
		case j.State == store.JobUnknown && again == nil:
			c.Errorf("ticket %d is unknown and has no marked copy", j.Seq)
		case j.State == store.JobUnknown && again.State == store.JobPrinted && marked[j.Seq] != 1:
			c.Errorf("the copy of ticket %d is called printed and came out %d times", j.Seq, marked[j.Seq])
		case j.State == store.JobUnknown && again.State == store.JobUnknown:
			b.open++ // a person is asked
		case j.State != store.JobPrinted && j.State != store.JobUnknown:
			c.Errorf("ticket %d ended %s", j.Seq, j.State)
		}
		if j.State == store.JobPrinted {
			b.printed++
		} else {
			b.unknown++
		}
	}
	return b
}

// A usbUse is what a process uses that could grow.
type usbUse struct{ files, goroutines, anonymous int }

func useOfUSB(t *testing.T) (u usbUse) {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatal("the kernel does not tell the anonymous memory")
	}
	u.anonymous, _ = strconv.Atoi(string(m[1]))
	u.files, u.goroutines = len(names), runtime.NumGoroutine()
	return u
}

var (
	labEpson = drivertest.GadgetModel{Vendor: 0x04b8, Product: 0x0e15, Serial: "J4KF012345", Maker: "EPSON", Model: "TM-T20II"}
	labTwin  = drivertest.GadgetModel{Vendor: 0x04b8, Product: 0x0e15, Serial: "J4KF067890", Maker: "EPSON", Model: "TM-T20II"}
	labClone = drivertest.GadgetModel{Vendor: 0x0416, Product: 0x5011, Maker: "STMicroelectronics", Model: "POS80 Printer USB"}
)

func requireUSBLab(t *testing.T) {
	t.Helper()
	if !drivertest.HasGadgets() {
		t.Skip("this machine can be no USB printer: make lab runs this on one that can")
	}
}

// TestLabTickets: whoever pulls the plugs of two twins and a clone at random
// bytes, each ticket comes out once, or is unknown and comes out once more,
// marked; at the right one of the twins; and nothing grows.
func TestLabTickets(t *testing.T) {
	requireUSBLab(t)
	tickets, cuts := 60, 12
	if proof() {
		tickets, cuts = 500, 102
	}
	printers := []*usbPrinter{
		newUSBPrinter(t, "caja", labEpson, "usb://04b8:0e15?serial=J4KF012345", virtual.Options{}),
		newUSBPrinter(t, "barra", labTwin, "usb://04b8:0e15?serial=J4KF067890", virtual.Options{}),
		newUSBPrinter(t, "cocina", labClone, "usb://0416:5011", virtual.Options{Silent: true}),
	}
	c := newUSBCounter(t, filepath.Join(t.TempDir(), "db"), printers...)
	const warm = 15
	c.queue(warm)
	c.eventually(2*time.Minute, "the first tickets are out", c.atRest)
	before := useOfUSB(t)
	began := time.Now()

	// Each printer loses its share of the cuts before its share of the tickets is
	// out, however long they are in coming: twice the mean is three fifths of its
	// bytes, and a cut costs a ticket at most.
	var pulling sync.WaitGroup
	done := make(chan struct{})
	made := make([]int, len(printers))
	for i, p := range printers {
		mean := int(p.works.Received()) / warm * tickets * 3 / 10 * len(printers) / cuts
		pulling.Go(func() {
			for range cuts / len(printers) {
				p.cutAfter(1 + rand.N(2*mean))
				select {
				case <-p.cut:
				case <-done:
					return
				}
				if err := p.Unplug(); err != nil {
					t.Error(err)
				}
				time.Sleep(rand.N(200 * time.Millisecond))
				if err := p.Plug(); err != nil {
					t.Error(err)
				}
				made[i]++
			}
		})
	}
	c.queue(tickets)
	c.eventually(20*time.Minute, "all tickets are out", func() bool { return t.Failed() || c.atRest() })
	close(done)
	pulling.Wait()
	c.eventually(2*time.Minute, "the printers are back", c.atRest)

	b := c.balance()
	after := useOfUSB(t)
	// A transfer has a goroutine of its own beside it while it goes on.
	for end := time.Now().Add(30 * time.Second); after.goroutines > before.goroutines && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		after = useOfUSB(t)
	}
	total := 0
	for _, n := range made {
		total += n
	}
	t.Logf("%d tickets, %d unplugs in %v: %d printed, %d unknown with %d marked copies, %d for a person; before %+v, after %+v",
		b.tickets, total, time.Since(began).Round(time.Second), b.printed, b.unknown, b.copies, b.open, before, after)
	if b.tickets != warm+tickets {
		t.Errorf("%d tickets of %d", b.tickets, warm+tickets)
	}
	want := cuts / len(printers) * len(printers)
	if !proof() {
		want /= 2 // some come too late where the machine is busy
	}
	if total < want {
		t.Errorf("only %d of %d unplugs came", total, want)
	}
	if after.files > before.files || after.goroutines > before.goroutines || after.anonymous > before.anonymous+8<<10 {
		t.Errorf("it grows: %+v, and was %+v", after, before)
	}
}

// TestLabPaperOut: a printer that says nothing by itself is known to be out of
// paper by its port status; its ticket waits, and comes out with the new paper.
func TestLabPaperOut(t *testing.T) {
	requireUSBLab(t)
	p := newUSBPrinter(t, "cocina", labClone, "usb://0416:5011", virtual.Options{Silent: true})
	c := newUSBCounter(t, filepath.Join(t.TempDir(), "db"), p)
	c.queue(1)
	c.eventually(time.Minute, "a ticket is out", func() bool { return len(p.seen()) == 1 && c.atRest() })
	if err := p.SetPortStatus(drivertest.PortNoError | drivertest.PortSelected | drivertest.PortPaperEmpty); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c.eventually(time.Minute, "staff are told", func() bool {
		s := c.States()[0]
		return slices.Contains(s.Faults, "paper_end") && s.State == spool.Blocked
	})
	t.Logf("told after %v", time.Since(began).Round(100*time.Millisecond))
	received := p.works.Received()
	c.queue(1)
	time.Sleep(time.Second) // what would come wrongly, comes in this time
	if p.works.Received() != received || c.States()[0].Waiting != 1 {
		t.Errorf("a printer without paper is sent a ticket: %+v", c.States()[0])
	}
	if err := p.SetPortStatus(drivertest.PortNoError | drivertest.PortSelected); err != nil {
		t.Fatal(err)
	}
	c.eventually(time.Minute, "the ticket is out", func() bool { return len(p.seen()) == 2 && c.atRest() })
	if b := c.balance(); b.printed != 2 {
		t.Errorf("%+v", b)
	}
}
