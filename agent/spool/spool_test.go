package spool

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/spool/ticket"
	"mostrador/drivers"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A machine is a virtual printer whose line a test can take away.
type machine struct {
	*virtual.Printer
	name string
	ctx  context.Context // its connections end with it

	mu        sync.Mutex
	unplugged bool
	cutAfter  int // the next connection ends behind so many bytes, 0: never
	lines     []net.Conn
	serving   sync.WaitGroup
}

func newMachine(t *testing.T, name string, o virtual.Options) *machine {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	m := &machine{name: name, ctx: ctx, Printer: virtual.New(model(t), model(t).Papers["80mm"], o)}
	t.Cleanup(func() {
		cancel()
		m.unplug()
		m.serving.Wait()
		m.Printer.Close()
	})
	return m
}

func model(t *testing.T) profile.Profile {
	t.Helper()
	m, ok := profile.Lookup("TM-T20II")
	if !ok {
		t.Fatal("TM-T20II is not known")
	}
	return m
}

func (m *machine) open(context.Context) (drivers.Port, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unplugged {
		return nil, drivers.ErrAbsent
	}
	near, far := net.Pipe()
	m.lines = append(m.lines, far)
	cut := m.cutAfter
	m.cutAfter = 0
	m.serving.Go(func() {
		defer far.Close()
		if cut > 0 {
			io.CopyN(m.Printer, far, int64(cut))
			return
		}
		m.ServeConn(m.ctx, far)
	})
	return near, nil
}

// cutsNext has the next connection end behind so many bytes.
func (m *machine) cutsNext(after int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cutAfter = after
}

func (m *machine) unplug() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unplugged = true
	for _, line := range m.lines {
		line.Close()
	}
	m.lines = nil
}

func (m *machine) plug() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unplugged = false
}

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	st, err := store.Open(path, store.Options{Identity: "s/t", Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func newSpool(t *testing.T, st *store.Store, machines ...*machine) *Spool {
	t.Helper()
	s := Settings{
		Ticket:  ticket.Settings{Locale: "es-PE"},
		Unknown: map[store.TicketKind]Policy{store.ComandaTicket: CopyOnce, store.TestTicket: CopyOnce, store.ReceiptTicket: Ask},
	}
	for _, m := range machines {
		s.Printers = append(s.Printers, Printer{Name: m.name, Open: m.open, Profile: model(t), Paper: "80mm"})
	}
	sp, err := New(st, s, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return sp
}

// run runs the spooler until the test ends, or the returned function is called.
func run(t *testing.T, sp *Spool) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sp.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the spooler ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// queue puts a job of its own markup on a printer.
func queue(t *testing.T, st *store.Store, printer string, kind store.TicketKind, state store.JobState, markup string) uint64 {
	t.Helper()
	j := &store.Job{Kind: kind, Markup: markup, Printer: printer, MeantFor: printer, Copy: 1, State: state}
	if state == store.JobSending {
		j.Attempts = []store.Attempt{{Printer: printer, Bytes: 500, Block: 100}}
	}
	seq := uint64(0)
	if _, err := st.UpdateVital(func(tx *store.Tx) error {
		c := *j
		c.QueuedAt = tx.Now()
		err := tx.PutJob(&c)
		seq = c.Seq
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return seq
}

func job(t *testing.T, st *store.Store, seq uint64) (j *store.Job) {
	t.Helper()
	if err := st.View(func(tx *store.Tx) (err error) {
		j, err = tx.Job(seq)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return j
}

// await waits until ok holds, looking at each change of a job.
func await(t *testing.T, st *store.Store, what string, ok func() bool) {
	t.Helper()
	changed, stop := st.Watch(store.TopicJobs)
	defer stop()
	limit := time.After(time.Minute)
	for !ok() {
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // a printer's paper is no change of the store
		case <-limit:
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

func awaitState(t *testing.T, st *store.Store, seq uint64, want store.JobState) *store.Job {
	t.Helper()
	await(t, st, "ticket "+string(want), func() bool {
		state := store.JobState("")
		st.View(func(tx *store.Tx) error {
			j, err := tx.Job(seq)
			if err == nil {
				state = j.State
			}
			return err
		})
		return state == want
	})
	return job(t, st, seq)
}

// events are the tickets' events in the outbox.
func events(t *testing.T, st *store.Store) (types []string) {
	t.Helper()
	if err := st.View(func(tx *store.Tx) error {
		types = nil
		for e, err := range tx.Unsent(store.StreamTickets, 0) {
			if err != nil {
				return err
			}
			types = append(types, string(e.Data))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return types
}

func text(m *machine) (papers []string) {
	for _, p := range m.Papers() {
		papers = append(papers, strings.ReplaceAll(p.Text(), " ", ""))
	}
	return papers
}

func TestPrintsInOrderWithProof(t *testing.T) {
	for _, tt := range []struct {
		name   string
		silent bool
		proof  store.Proof
	}{{"a printer that answers", false, store.ProofProcessID}, {"a clone that is silent", true, store.ProofTransport}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := openStore(t, filepath.Join(t.TempDir(), "db"))
				m := newMachine(t, "cocina", virtual.Options{Silent: tt.silent})
				first := queue(t, st, "cocina", store.TestTicket, store.JobQueued, "uno\n=")
				run(t, newSpool(t, st, m))
				second := queue(t, st, "cocina", store.TestTicket, store.JobQueued, "dos\n=")
				j := awaitState(t, st, second, store.JobPrinted)
				if j.Proof() != tt.proof || job(t, st, first).Proof() != tt.proof {
					t.Errorf("proof %s, want %s", j.Proof(), tt.proof)
				}
				await(t, st, "two papers", func() bool { return len(m.Papers()) == 2 })
				if got := text(m); !strings.Contains(got[0], "uno") || !strings.Contains(got[1], "dos") {
					t.Errorf("papers %q", got)
				}
				if n := len(events(t, st)); n != 2 {
					t.Errorf("%d events, want one per ticket", n)
				}
			})
		})
	}
}

// What a crash left in the middle is unknown. A comanda comes once more with
// its mark, a customer's ticket waits for a person.
func TestInterruptedTickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		m := newMachine(t, "cocina", virtual.Options{})
		comanda := queue(t, st, "cocina", store.ComandaTicket, store.JobSending, "lomo\n=")
		receipt := queue(t, st, "cocina", store.ReceiptTicket, store.JobSending, "total\n=")
		sp := newSpool(t, st, m)
		run(t, sp)
		again := awaitState(t, st, receipt+1, store.JobPrinted)
		if again.CopyOf != comanda || again.Copy != 2 || !slices.Equal(again.Marks, []store.Mark{store.MarkPossibleDuplicate}) {
			t.Errorf("the copy is %+v", again)
		}
		for _, seq := range []uint64{comanda, receipt} {
			if got := job(t, st, seq).State; got != store.JobUnknown {
				t.Errorf("ticket %d is %s", seq, got)
			}
		}
		await(t, st, "the copy's paper", func() bool { return len(m.Papers()) > 0 })
		if got := text(m); !strings.HasPrefix(strings.TrimSpace(got[0]), "POSIBLE") || !strings.Contains(got[0], "lomo") {
			t.Errorf("the copy says %q", got[0])
		}
		if _, err := sp.Settle(receipt, true, "Ana"); err != nil || job(t, st, receipt).State != store.JobPrinted {
			t.Errorf("a person settles: %v", err)
		}
		if _, err := sp.Settle(receipt, true, "Ana"); !errors.Is(err, ErrSettled) {
			t.Errorf("a second time: %v, want %v", err, ErrSettled)
		}
	})
}

// A line that breaks in the middle of a ticket leaves it unknown, and its copy
// is marked and cut apart from the torn one.
func TestLineCutInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		m := newMachine(t, "cocina", virtual.Options{})
		m.cutsNext(150)
		seq := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, strings.Repeat("lomo saltado\n", 40)+"=")
		run(t, newSpool(t, st, m))
		j := awaitState(t, st, seq, store.JobUnknown)
		if a := j.Attempts[0]; a.Sent == 0 || a.Outcome != store.OutcomeUnknown || a.Cause == "" {
			t.Errorf("attempt %+v", a)
		}
		awaitState(t, st, seq+1, store.JobPrinted)
		await(t, st, "the torn paper and the copy", func() bool { return len(m.Papers()) == 2 })
		if got := text(m); strings.Contains(got[0], "POSIBLE") || !strings.Contains(got[1], "POSIBLE") || strings.Count(got[1], "lomosaltado") != 40 {
			t.Errorf("papers %q", got)
		}
	})
}

// A copy that is cut off is not copied again: a person decides.
func TestCopyIsNotCopied(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	original := queue(t, st, "cocina", store.ComandaTicket, store.JobUnknown, "lomo\n=")
	if _, err := st.UpdateVital(func(tx *store.Tx) error {
		j, err := tx.Job(original)
		if err != nil {
			return err
		}
		c := markedCopy(j, tx.Now())
		c.State = store.JobSending
		c.Attempts = []store.Attempt{{Printer: "cocina"}}
		return tx.PutJob(c)
	}); err != nil {
		t.Fatal(err)
	}
	sp := newSpool(t, st)
	if err := sp.settleInterrupted(); err != nil {
		t.Fatal(err)
	}
	if got := job(t, st, original+1).State; got != store.JobUnknown {
		t.Errorf("the copy is %s", got)
	}
	if err := st.View(func(tx *store.Tx) error { _, err := tx.Job(original + 2); return err }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a copy of the copy: %v", err)
	}
	again, err := sp.Retry(original+1, "Ana")
	if err != nil || len(again.Marks) != 1 || again.Copy != 3 {
		t.Errorf("a person prints it again: %+v, %v", again, err)
	}
}

// Nothing was sent to a printer that is not there: its ticket waits unmarked,
// another printer goes on, and the same paper comes when it is back.
func TestAbsentPrinter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		kitchen, till := newMachine(t, "cocina", virtual.Options{}), newMachine(t, "caja", virtual.Options{})
		kitchen.unplug()
		waiting := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, "lomo\n=")
		sp := newSpool(t, st, kitchen, till)
		run(t, sp)
		awaitState(t, st, queue(t, st, "caja", store.ReceiptTicket, store.JobQueued, "total\n="), store.JobPrinted)
		if j := job(t, st, waiting); j.State != store.JobQueued || len(j.Attempts) != 0 {
			t.Errorf("the kitchen's ticket is %s after %d attempts", j.State, len(j.Attempts))
		}
		synctest.Wait()
		if s := sp.States(); s[0].State != Absent || s[0].Cause == "" || s[1].State == Absent {
			t.Errorf("states %+v", s)
		}
		kitchen.plug()
		if j := awaitState(t, st, waiting, store.JobPrinted); len(j.Marks) != 0 || len(j.Attempts) != 1 {
			t.Errorf("ticket %+v", j)
		}
	})
}

// The intent is on record before the first byte leaves.
func TestIntentBeforeFirstByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		seq := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, "lomo\n=")
		m := newMachine(t, "cocina", virtual.Options{})
		sp := newSpool(t, st, m)
		var left atomic.Bool
		sp.units[0].Open = func(ctx context.Context) (drivers.Port, error) {
			port, err := m.open(ctx)
			return &watched{Port: port, before: func(b []byte) {
				if !strings.Contains(string(b), "lomo") {
					return
				}
				left.Store(true)
				if state := job(t, st, seq).State; state != store.JobSending {
					t.Errorf("bytes leave while the ticket is %s", state)
				}
			}}, err
		}
		run(t, sp)
		awaitState(t, st, seq, store.JobPrinted)
		if !left.Load() {
			t.Error("nobody saw its bytes leave")
		}
	})
}

type watched struct {
	drivers.Port
	before func([]byte)
}

func (w *watched) Write(b []byte) (int, error) {
	w.before(b)
	return w.Port.Write(b)
}

// A ticket that cannot be made is said so, and does not stop the next.
func TestUnprintableTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		bad := queue(t, st, "cocina", store.TestTicket, store.JobQueued, "{code:")
		good := queue(t, st, "cocina", store.TestTicket, store.JobQueued, "bien\n=")
		run(t, newSpool(t, st, newMachine(t, "cocina", virtual.Options{})))
		awaitState(t, st, good, store.JobPrinted)
		if j := job(t, st, bad); j.State != store.JobNotPrinted || j.Cause == "" {
			t.Errorf("the bad one is %s (%s)", j.State, j.Cause)
		}
	})
}

func TestPersonsActions(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	m := newMachine(t, "cocina", virtual.Options{})
	m.unplug()
	sp := newSpool(t, st, m)
	j, err := sp.Print("cocina", "hola\n=")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sp.Retry(j.Seq, "Ana"); !errors.Is(err, ErrSettled) {
		t.Errorf("retry of a waiting ticket: %v", err)
	}
	if j, err = sp.Cancel(j.Seq, "Ana"); err != nil || j.State != store.JobCancelled {
		t.Errorf("cancel: %v, %v", j, err)
	}
	if _, err := sp.Cancel(j.Seq, "Ana"); !errors.Is(err, ErrSettled) {
		t.Errorf("cancel twice: %v", err)
	}
	if j, err = sp.Retry(j.Seq, "Ana"); err != nil || j.State != store.JobQueued || len(j.Marks) != 0 {
		t.Errorf("retry of a cancelled ticket: %+v, %v", j, err)
	}
	if _, err := sp.Print("cocina", "{comment:nada}"); !errors.Is(err, ticket.ErrNothing) {
		t.Errorf("print of nothing: %v", err)
	}
	if _, err := sp.Print("bar", "hola"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("print on no printer: %v", err)
	}
	if n := len(events(t, st)); n != 1 {
		t.Errorf("%d events, want that of the cancelled ticket", n)
	}
}
