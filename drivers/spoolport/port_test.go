package spoolport

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A spooler stands for the one of Windows: it has one queue, whose printer is
// the test. As with a queue that prints directly, a write waits while the
// printer takes nothing and the spool is full.
type spooler struct {
	mu      sync.Mutex
	changed *sync.Cond
	plugged bool
	spool   bytes.Buffer
	read    int // bytes of jobs that the printer has taken
	written int
	jobs    []*spooled
	says    printerStatus
	opened  int
	deleted int
}

// A spooled job: its bytes are those up to end.
type spooled struct {
	ended, removed bool
	end            int
}

const spoolRoom = 64 << 10

func newSpooler() *spooler {
	s := &spooler{plugged: true}
	s.changed = sync.NewCond(&s.mu)
	return s
}

var errNoQueue = errors.New("the printer name is invalid")

func (s *spooler) open(string) (queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.plugged {
		return nil, errors.Join(drivers.ErrAbsent, errNoQueue)
	}
	s.opened++
	return &spoolHandle{spooler: s}, nil
}

// Unplug deletes the queue, Plug makes it anew.
func (s *spooler) Unplug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plugged = false
	s.spool.Reset()
	s.read, s.written, s.jobs = 0, 0, nil
	s.changed.Broadcast()
	return nil
}

func (s *spooler) Plug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plugged = true
	return nil
}

// Read is the printer's.
func (s *spooler) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.plugged && s.spool.Len() == 0 {
		s.changed.Wait()
	}
	if !s.plugged {
		return 0, os.ErrClosed
	}
	n, err := s.spool.Read(b)
	s.read += n
	s.changed.Broadcast()
	return n, err
}

func (s *spooler) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

// A spoolHandle is one open handle.
type spoolHandle struct {
	*spooler
	current uint32
	closed  bool
}

func (h *spoolHandle) start(string) (uint32, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.plugged {
		return 0, errNoQueue
	}
	h.jobs = append(h.jobs, &spooled{})
	h.current = uint32(len(h.jobs))
	return h.current, nil
}

// at is a job by its number, nil for none.
func (s *spooler) at(number uint32) *spooled {
	if int(number) > len(s.jobs) || number == 0 {
		return nil
	}
	return s.jobs[number-1]
}

func (h *spoolHandle) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.plugged && h.spool.Len() >= spoolRoom {
		if j := h.at(h.current); j == nil || j.removed {
			return 0, errors.New("the job was deleted")
		}
		h.changed.Wait()
	}
	if !h.plugged {
		return 0, errNoQueue
	}
	n := min(len(b), spoolRoom-h.spool.Len())
	h.spool.Write(b[:n])
	h.written += n
	h.changed.Broadcast()
	return n, nil
}

func (h *spoolHandle) end() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	j := h.at(h.current)
	if !h.plugged || j == nil {
		return errNoQueue
	}
	j.ended, j.end = true, h.written
	return nil
}

func (h *spoolHandle) job(number uint32) (jobStatus, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	j := h.at(number)
	switch {
	case !h.plugged:
		return 0, false, errNoQueue
	case j == nil:
		return 0, false, nil
	case j.removed:
		return jobDeleting, true, nil
	case j.ended && h.read >= j.end:
		return 0, false, nil
	}
	return 0, true, nil
}

func (h *spoolHandle) remove(number uint32) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if j := h.at(number); j != nil && !j.removed {
		j.removed = true
		h.deleted++
		h.spool.Reset()
		h.changed.Broadcast()
	}
	return nil
}

func (h *spoolHandle) status() (printerStatus, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.plugged {
		return 0, errNoQueue
	}
	return h.says, nil
}

func (h *spoolHandle) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errors.New("closed twice")
	}
	h.closed = true
	h.opened--
	return nil
}

func TestPort(t *testing.T) {
	var current *spooler
	scheme := Scheme()
	scheme.Open = func(ctx context.Context, address *url.URL) (drivers.Port, error) {
		name, err := queueName(address)
		if err != nil {
			return nil, err
		}
		return openWith(ctx, name, current.open)
	}
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: scheme,
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			current = newSpooler()
			t.Cleanup(func() {
				current.Unplug()
				for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
					current.mu.Lock()
					left := current.opened
					current.mu.Unlock()
					if left == 0 {
						return
					}
					if time.Now().After(end) {
						t.Errorf("%d handles are open", left)
						return
					}
				}
			})
			return current, &url.URL{Scheme: "spool", Host: "CAJA"}
		},
		OneWay: true, DrainSees: true,
	})
}

// opened is a port on a new spooler.
func opened(t *testing.T) (*port, *spooler) {
	t.Helper()
	s := newSpooler()
	p, err := openWith(t.Context(), "CAJA", s.open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); s.Unplug() })
	return p.(*port), s
}

// TestEachDrainIsAJob: what is drained is a job of its own, so that the spooler
// prints it without waiting for what comes after.
func TestEachDrainIsAJob(t *testing.T) {
	p, s := opened(t)
	for range 3 {
		reading := make(chan struct{})
		go func() { defer close(reading); s.Read(make([]byte, 16)) }()
		if _, err := p.Write([]byte("un ticket")); err != nil {
			t.Fatal(err)
		}
		p.SetWriteDeadline(time.Now().Add(time.Minute))
		if err := p.Drain(); err != nil {
			t.Fatal(err)
		}
		<-reading
	}
	if err := p.Drain(); err != nil || len(s.jobs) != 3 {
		t.Errorf("%d jobs, %v", len(s.jobs), err)
	}
}

// TestDeletedJob: a job that somebody takes out of the queue's window is not
// printed, and nothing else.
func TestDeletedJob(t *testing.T) {
	p, s := opened(t)
	p.Write([]byte("un ticket"))
	draining := make(chan error)
	go func() { draining <- p.Drain() }()
	for done := false; !done; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		if j := s.at(1); j != nil && j.ended {
			j.removed, done = true, true
		}
		s.mu.Unlock()
	}
	if err := <-draining; !errors.Is(err, drivers.ErrGone) || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("drain says %v", err)
	}
}

// TestCloseTakesBack: a job that the printer has not taken does not come out
// when nobody waits for it any more.
func TestCloseTakesBack(t *testing.T) {
	p, s := opened(t)
	p.Write([]byte("un ticket"))
	for queued := false; !queued; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		queued = s.at(1) != nil
		s.mu.Unlock()
	}
	p.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if err := p.Drain(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("drain says %v", err)
	}
	p.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted != 1 || s.spool.Len() != 0 {
		t.Errorf("%d jobs deleted, %d bytes left", s.deleted, s.spool.Len())
	}
}

func TestPortStatus(t *testing.T) {
	p, s := opened(t)
	for says, want := range map[printerStatus]byte{
		0: 0x18, printerPaperOut: 0x30, printerOffline: 0x08, printerDoorOpen: 0x10, printerPaperOut | printerOffline: 0x20,
	} {
		s.mu.Lock()
		s.says = says
		s.mu.Unlock()
		if got, err := p.PortStatus(); got != want || err != nil {
			t.Errorf("%#x: got %#x, %v; want %#x", says, got, err, want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"CAJA": "spool://CAJA", "EPSON TM-T20II Receipt": "spool:///EPSON%20TM-T20II%20Receipt",
		`\\SERVIDOR\COCINA`: "spool://SERVIDOR/COCINA", `\\SERVIDOR\LA COCINA`: "spool://SERVIDOR/LA%20COCINA",
		"TM:1": "spool:///TM:1", "Küche": "spool://K%C3%BCche",
	} {
		got := URL(name)
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := queueName(u); back != name || err != nil {
			t.Errorf("%s comes back as %s, %v", got, back, err)
		}
	}
	for address, fault := range map[string]string{
		"spool://": "names no queue", "spool://CAJA?x=1": "no options", "spool://me@CAJA": "no user", "spool:///a,b": "no queue of Windows",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(u); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("CAJA")
	f.Add(`\\SERVIDOR\LA COCINA`)
	f.Fuzz(func(t *testing.T, name string) {
		u, err := url.Parse(URL(name))
		if err != nil {
			return // not a name of Windows
		}
		if back, err := queueName(u); err == nil && back != name && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, `\\`) {
			t.Errorf("%q comes back as %q", name, back)
		}
	})
}
