package printer

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A peer is the far end of a line: it answers as it is told to.
type peer struct {
	conn net.Conn
	// status and fence: it answers these; stale are answers of an earlier
	// session that come before its own.
	status, fence bool
	stale         int
	// breakAfter closes the line behind so many bytes, stopAfter reads no more;
	// 0: never.
	breakAfter, stopAfter int

	mu  sync.Mutex
	got bytes.Buffer
}

func (p *peer) run() {
	model, _ := profile.Lookup("TM-T20II")
	decoder := escpos.NewDecoder(model)
	buf := make([]byte, 1)
	for {
		n, err := p.conn.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.got.Write(buf[:n])
		size := p.got.Len()
		p.mu.Unlock()
		if p.breakAfter > 0 && size >= p.breakAfter {
			p.conn.Close()
			return
		}
		if p.stopAfter > 0 && size >= p.stopAfter {
			return
		}
		decoder.Feed(buf[:n], p.answer)
	}
}

func (p *peer) answer(e escpos.Event) {
	switch {
	case e.Kind == escpos.StatusRequest && p.status:
		p.conn.Write([]byte{0x12})
	case e.Kind == escpos.FenceRequest && p.fence:
		for ; p.stale > 0; p.stale-- {
			p.conn.Write([]byte{0x00})
		}
		p.conn.Write([]byte{0x00})
	}
}

func (p *peer) bytes() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.got.Bytes())
}

// talk runs do with a session over a line to p, in a bubble of its own time.
func talk(t *testing.T, p *peer, o Options, do func(t *testing.T, s *Session, err error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		p.conn = far
		var running sync.WaitGroup
		running.Go(p.run)
		if o.Timing == (Timing{}) {
			o.Timing = DefaultTiming()
		}
		s, err := Begin(t.Context(), near, o)
		do(t, s, err)
		near.Close()
		far.Close()
		s.Wait()
		running.Wait()
	})
}

var ticket = bytes.Repeat([]byte("comanda\n"), 200)

func TestProof(t *testing.T) {
	tests := []struct {
		name string
		peer *peer
		ask  bool
		want Proof
	}{
		{"answers everything", &peer{status: true, fence: true}, true, Fence},
		{"not asked", &peer{status: true, fence: true}, false, Transport},
		{"answers nothing", &peer{}, true, Transport},
		{"answers status only", &peer{status: true}, true, Transport},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			talk(t, tt.peer, Options{Ask: profile.Answers{Fence: tt.ask}, Resync: -1}, func(t *testing.T, s *Session, err error) {
				if err != nil {
					t.Fatal(err)
				}
				r := s.Send(t.Context(), Ticket{Bytes: ticket})
				if r.Err != nil || r.Proof != tt.want || r.Sent != len(ticket) {
					t.Errorf("report %+v, want proof %s", r, tt.want)
				}
			})
		})
	}
}

// A printer that does not know DLE EOT is never sent a GS r, whose r it might print.
func TestFenceIsNotTriedOnTheDeaf(t *testing.T) {
	p := &peer{}
	talk(t, p, Options{Ask: profile.Answers{Fence: true}, Resync: -1}, func(t *testing.T, s *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if got := p.bytes(); bytes.Contains(got, escpos.Fence()) {
			t.Errorf("sent % x", got)
		}
	})
}

func TestSilentOneThatHasAnsweredBefore(t *testing.T) {
	talk(t, &peer{}, Options{Ask: profile.Answers{Fence: true}, Known: Abilities{Fence: true}, Resync: -1}, func(t *testing.T, _ *Session, err error) {
		if !errors.Is(err, ErrSilent) {
			t.Errorf("error %v, want %v", err, ErrSilent)
		}
	})
}

// Answers that an earlier session left behind prove nothing of this ticket.
func TestStaleAnswersProveNothing(t *testing.T) {
	p := &peer{status: true, fence: true, stale: 3}
	talk(t, p, Options{Ask: profile.Answers{Fence: true}, Resync: -1}, func(t *testing.T, s *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		p.fence = false
		r := s.Send(t.Context(), Ticket{Bytes: ticket})
		if r.Err == nil || r.Proof != "" {
			t.Errorf("report %+v: proven by an answer to another question", r)
		}
	})
}

// A session that is told to end while its printer reads no more, or confirms
// nothing, leaves it in good time, and the ticket is unknown.
func TestLeavesAPrinterThatHangs(t *testing.T) {
	for name, p := range map[string]*peer{
		"reads no more":    {status: true, fence: true, stopAfter: 300},
		"does not confirm": {status: true, fence: true},
	} {
		t.Run(name, func(t *testing.T) {
			talk(t, p, Options{Ask: profile.Answers{Fence: true}, Resync: -1}, func(t *testing.T, s *Session, err error) {
				if err != nil {
					t.Fatal(err)
				}
				p.fence = false
				ctx, end := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, end)
				began := time.Now()
				r := s.Send(ctx, Ticket{Bytes: ticket})
				if r.Sent == 0 || r.Proof != "" || !errors.Is(r.Err, errLeft) {
					t.Errorf("report %+v", r)
				}
				if took, want := time.Since(began), time.Second+DefaultTiming().Leave; took != want {
					t.Errorf("left after %v, want %v", took, want)
				}
			})
		})
	}
}

// A printer that answers the fence of one ticket twice has not answered the next.
func TestAnswerTooManyProvesNothing(t *testing.T) {
	p := &peer{status: true, fence: true}
	talk(t, p, Options{Ask: profile.Answers{Fence: true}, Resync: -1}, func(t *testing.T, s *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		p.stale = 1
		if r := s.Send(t.Context(), Ticket{Bytes: ticket}); r.Proof != Fence {
			t.Fatalf("report %+v", r)
		}
		synctest.Wait()
		p.fence = false
		if r := s.Send(t.Context(), Ticket{Bytes: ticket}); r.Err == nil || r.Proof != "" {
			t.Errorf("report %+v: proven by an answer to another question", r)
		}
	})
}

// draining is a line that knows when its bytes have left.
type draining struct {
	net.Conn
	stuck error
	calls int
}

func (d *draining) Drain() error {
	d.calls++
	return d.stuck
}

// A ticket that still stands in this machine's buffer is not printed.
func TestTransportIsDrained(t *testing.T) {
	for _, stuck := range []error{nil, os.ErrDeadlineExceeded} {
		near, far := net.Pipe()
		p := &peer{conn: far}
		var running sync.WaitGroup
		running.Go(p.run)
		line := &draining{Conn: near, stuck: stuck}
		s, err := Begin(t.Context(), line, Options{Timing: DefaultTiming(), Resync: -1})
		if err != nil {
			t.Fatal(err)
		}
		r := s.Send(t.Context(), Ticket{Bytes: ticket})
		if proven := r.Proof == Transport; line.calls != 1 || proven != (stuck == nil) || !errors.Is(r.Err, stuck) {
			t.Errorf("drained %d times with %v: %+v", line.calls, stuck, r)
		}
		near.Close()
		far.Close()
		s.Wait()
		running.Wait()
	}
}

func TestLineThatBreaks(t *testing.T) {
	probe := 3 + 3
	for _, after := range []int{1, len(ticket) / 2, len(ticket) - 1} {
		talk(t, &peer{status: true, fence: true, breakAfter: probe + after}, Options{Ask: profile.Answers{Fence: true}, Resync: -1}, func(t *testing.T, s *Session, err error) {
			if err != nil {
				t.Fatal(err)
			}
			r := s.Send(t.Context(), Ticket{Bytes: ticket})
			if r.Err == nil || r.Sent == 0 || r.Proof != "" {
				t.Errorf("broken after %d bytes: %+v", after, r)
			}
			<-s.Dead()
			if r := s.Send(t.Context(), Ticket{Bytes: ticket}); r.Err == nil || r.Sent != 0 {
				t.Errorf("on a dead line: %+v, want nothing sent", r)
			}
		})
	}
}

// A printer that stops taking bytes is given up, and its ticket is unknown.
func TestPrinterThatStopsReading(t *testing.T) {
	talk(t, &peer{stopAfter: 600}, Options{Resync: -1}, func(t *testing.T, s *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		r := s.Send(t.Context(), Ticket{Bytes: ticket})
		if !errors.Is(r.Err, os.ErrDeadlineExceeded) || r.Sent == 0 || r.Sent == len(ticket) {
			t.Errorf("report %+v", r)
		}
		if waited := time.Since(began); waited != DefaultTiming().Stall {
			t.Errorf("gave up after %v", waited)
		}
	})
}

// A printer that takes everything and never confirms leaves the ticket unknown.
func TestFenceThatNeverComes(t *testing.T) {
	p := &peer{status: true, fence: true}
	talk(t, p, Options{Ask: profile.Answers{Fence: true}, Resync: -1}, func(t *testing.T, s *Session, err error) {
		p.fence = false
		r := s.Send(t.Context(), Ticket{Bytes: ticket})
		if r.Err == nil || r.Sent != len(ticket) {
			t.Errorf("report %+v", r)
		}
	})
}

func TestNothingIsSentOnceContextHasEnded(t *testing.T) {
	p := &peer{}
	talk(t, p, Options{Resync: -1}, func(t *testing.T, s *Session, _ error) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if r := s.Send(ctx, Ticket{Bytes: ticket}); !errors.Is(r.Err, context.Canceled) || r.Sent != 0 || len(p.bytes()) != 0 {
			t.Errorf("report %+v, %d bytes sent", r, len(p.bytes()))
		}
	})
}

// A torn ticket's open block is filled up and its paper cut before anything else.
func TestResync(t *testing.T) {
	p := &peer{status: true, fence: true}
	talk(t, p, Options{Ask: profile.Answers{Fence: true}, Resync: 300}, func(t *testing.T, _ *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if got := p.bytes(); !bytes.HasPrefix(got, escpos.Resync(300)) {
			t.Errorf("began with % x", got[:min(len(got), 20)])
		}
	})
}
