package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"mostrador/agent/spool"
	"mostrador/agent/spool/ticket"
	"mostrador/drivers"
	"mostrador/drivers/serialport"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// pacedBaud is the speed of the line that is measured; a character has ten bits.
const pacedBaud = 19_200

func onLine(bytes int) time.Duration {
	return time.Duration(bytes) * 10 * time.Second / pacedBaud
}

// BenchmarkPaced prints the receipt that is measured over a slow line, by the
// real spooler, store and serial port, to a virtual printer that reads no
// faster than its line. It reports how much of the time from the commit of the
// jobs to the commit of the last outcome the line was busy: with the bytes of
// tickets (ticket%), and with the questions to the printer as well (line%).
//
// A pty holds up to 8 kB, so the port takes a ticket at once, as a serial
// driver with its queue of 4 kB takes most of one; what is measured is read at
// the other end. bare% is what the reader gives to who only writes, in the same
// run: what it misses to 100 are the reader's own late wake-ups.
func BenchmarkPaced(b *testing.B) {
	proofs := []struct {
		proof store.Proof
		asks  profile.Answers
	}{
		{store.ProofProcessID, profile.Answers{Status: true, Fence: true, ProcessID: true, Auto: true, Identity: true}},
		{store.ProofFence, profile.Answers{Status: true, Fence: true, Auto: true, Identity: true}},
		{store.ProofTransport, profile.Answers{}},
	}
	for _, line := range []string{"pty", "pipe"} {
		for _, p := range proofs {
			for _, row := range []int{1, 10} {
				b.Run(fmt.Sprintf("%s/%s/%d", line, p.proof, row), func(b *testing.B) {
					c := newPacedCounter(b, line, p.asks)
					c.wantProof(p.proof)
					for b.Loop() {
						c.measure(row)
					}
					c.report()
				})
			}
		}
		b.Run(line+"/bare", func(b *testing.B) { benchmarkBareLine(b, line) })
	}
}

// benchmarkBareLine writes ten receipts and does nothing else.
func benchmarkBareLine(b *testing.B, line string) {
	m := newPacedMachine(b, line, profile.Answers{})
	port, err := m.open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer port.Close()
	text := make([]byte, 17_000)
	b.ResetTimer()
	for n := uint64(1); b.Loop(); n++ {
		if _, err := port.Write(text); err != nil {
			b.Fatal(err)
		}
		for m.Received() < n*uint64(len(text)) {
			time.Sleep(time.Millisecond)
		}
	}
	b.ReportMetric(100*float64(onLine(len(text)*b.N))/float64(b.Elapsed()), "bare%")
}

// A pacedMachine is a virtual printer at the end of a slow line.
type pacedMachine struct {
	*virtual.Printer
	model profile.Profile
	open  func(context.Context) (drivers.Port, error)
}

// newPacedMachine puts a printer that answers so much at the end of a pty, which
// is opened as a serial port, or of a net.Pipe, which holds nothing.
func newPacedMachine(b *testing.B, line string, answers profile.Answers) *pacedMachine {
	b.Helper()
	model, ok := profile.Lookup("TM-T20II")
	if !ok {
		b.Fatal("TM-T20II is not known")
	}
	model.Answers = answers
	m := &pacedMachine{model: model, Printer: virtual.New(model, model.Papers["80mm"], virtual.Options{PaceBaud: pacedBaud})}
	ctx, stop := context.WithCancel(b.Context())
	var serving sync.WaitGroup
	b.Cleanup(func() { stop(); serving.Wait(); m.Close() })
	if line == "pipe" {
		m.open = func(context.Context) (drivers.Port, error) {
			near, far := net.Pipe()
			serving.Go(func() { defer far.Close(); _ = m.ServeConn(ctx, far) })
			return near, nil
		}
		return m
	}
	link := filepath.Join(b.TempDir(), "line")
	pty, err := openPrinterPty(link)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pty.close)
	serving.Go(func() { _ = pty.serve(ctx, m.Printer) })
	b.Cleanup(func() { stop(); serving.Wait() })
	address := &url.URL{Scheme: "serial", Path: link, RawQuery: fmt.Sprintf("baud=%d", pacedBaud)}
	m.open = func(ctx context.Context) (drivers.Port, error) { return serialport.Scheme().Open(ctx, address) }
	return m
}

// A pacedCounter is a spooler with one printer at the end of a slow line.
type pacedCounter struct {
	*testing.B
	st      *store.Store
	machine *pacedMachine
	markup  string
	jobs    <-chan struct{}

	elapsed, tickets, all time.Duration
	row, bytes            int // tickets, and bytes of the last one

	mu       sync.Mutex
	began    time.Time     // of the commit under way
	commits  int           // since measuring began
	inCommit time.Duration // that they took
}

// committed is the store's OnCommit.
func (c *pacedCounter) committed(durable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !durable {
		c.began = time.Now()
		return
	}
	c.commits++
	c.inCommit += time.Since(c.began)
}

func newPacedCounter(b *testing.B, line string, answers profile.Answers) *pacedCounter {
	b.Helper()
	c := &pacedCounter{B: b, machine: newPacedMachine(b, line, answers), markup: measuredMarkup(b)}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	c.st, err = store.Open(filepath.Join(b.TempDir(), "mostrador.db"), store.Options{Identity: "s/t", Log: quiet, OnCommit: c.committed})
	if err != nil {
		b.Fatal(err)
	}
	spooler, err := spool.New(c.st, spool.Settings{
		Printers: []spool.Printer{{Name: "caja", Open: c.machine.open, Profile: c.machine.model, Paper: "80mm"}},
		Ticket:   ticket.Settings{Locale: "es-PE"},
	}, quiet)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- spooler.Run(ctx) }()
	var unwatch func()
	c.jobs, unwatch = c.st.Watch(store.TopicJobs)
	b.Cleanup(func() {
		unwatch()
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		c.st.Close()
	})
	return c
}

// wantProof prints one ticket, so that nothing is met for the first time, and
// looks what it rests on.
func (c *pacedCounter) wantProof(want store.Proof) {
	c.Helper()
	last := c.print(1)
	if got := last.Proof(); got != want {
		c.Fatalf("proof %s, want %s", got, want)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commits, c.inCommit = 0, 0
}

func (c *pacedCounter) measure(row int) {
	before, began := c.machine.Received(), time.Now()
	last := c.print(row)
	c.bytes = last.Attempts[0].Bytes
	for c.machine.Received()-before < uint64(row*c.bytes) { // a pty has taken it all, and no queue tells that it did
		time.Sleep(time.Millisecond)
	}
	c.elapsed += time.Since(began)
	c.row += row
	c.tickets += onLine(row * c.bytes)
	c.all += onLine(int(c.machine.Received() - before))
}

func (c *pacedCounter) report() {
	c.ReportMetric(100*float64(c.tickets)/float64(c.elapsed), "ticket%")
	c.ReportMetric(100*float64(c.all)/float64(c.elapsed), "line%")
	c.ReportMetric(float64(c.bytes), "B/ticket")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ReportMetric(float64(c.commits)/float64(c.row), "commits/ticket")
	c.ReportMetric(c.inCommit.Seconds()*1e3/float64(c.commits), "ms/commit")
	c.ReportMetric((c.elapsed-c.all).Seconds()*1e3/float64(c.row), "idle-ms/ticket")
}

// print queues a row of receipts and waits until the last is on paper.
func (c *pacedCounter) print(row int) (last *store.Job) {
	c.Helper()
	if _, err := c.st.UpdateVital(func(tx *store.Tx) error {
		for range row {
			last = &store.Job{Kind: store.ReceiptTicket, Markup: c.markup, Printer: "caja", MeantFor: "caja", Copy: 1,
				State: store.JobQueued, QueuedAt: tx.Now()}
			if err := tx.PutJob(last); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		c.Fatal(err)
	}
	for seq := last.Seq; ; <-c.jobs {
		if err := c.st.View(func(tx *store.Tx) (err error) { last, err = tx.Job(seq); return err }); err != nil {
			c.Fatal(err)
		}
		switch last.State {
		case store.JobQueued, store.JobSending:
		case store.JobPrinted:
			return last
		default:
			c.Fatalf("the ticket is %s: %s", last.State, last.Cause)
		}
	}
}

// measuredMarkup is the receipt that agent/spool/ticket measures, filled in.
func measuredMarkup(tb testing.TB) string {
	tb.Helper()
	folder := filepath.Join("..", "..", "agent", "spool", "ticket", "testdata")
	text, err := os.ReadFile(filepath.Join(folder, "receipt.json"))
	if err != nil {
		tb.Fatal(err)
	}
	type sum struct{ Word, Amount string }
	var file struct {
		Header []string
		Fields [3][2]string
		Items  []struct {
			Quantity  int
			Name      string
			Amount    string `json:"price"`
			Modifiers []string
			Note      string
		}
		Sums, Payment []sum
		Total         sum
		Closing       []string
		QR            string

		Order, Placed, CustomerWord, Customer, CashierWord, Cashier string
	}
	if err := json.Unmarshal(text, &file); err != nil {
		tb.Fatal(err)
	}
	file.Order, file.Placed = file.Fields[0][0], file.Fields[0][1]
	file.CustomerWord, file.Customer = file.Fields[1][0], file.Fields[1][1]
	file.CashierWord, file.Cashier = file.Fields[2][0], file.Fields[2][1]
	filler, err := template.ParseFiles(filepath.Join(folder, "measured", "template.receipt"))
	if err != nil {
		tb.Fatal(err)
	}
	var filled strings.Builder
	if err := filler.Execute(&filled, file); err != nil {
		tb.Fatal(err)
	}
	var markup strings.Builder
	for line := range strings.Lines(filled.String()) {
		if strings.TrimSpace(line) != "" { // a line of the template that only decides
			markup.WriteString(line)
		}
	}
	return markup.String()
}
