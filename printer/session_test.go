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

var (
	onlyStatus = profile.Answers{Status: true}
	plainFence = profile.Answers{Status: true, Fence: true}
	namedFence = profile.Answers{Status: true, Fence: true, Identity: true}
	processID  = profile.Answers{Status: true, Fence: true, ProcessID: true}
)

// The strongest proof that printer and profile allow is the one that is given.
func TestProof(t *testing.T) {
	for _, tt := range []struct {
		name     string
		can, ask profile.Answers
		numbers  []byte
		want     Proof
	}{
		{"answers everything", everything, everything, nil, ProcessID},
		{"no process id", namedFence, everything, nil, Fence},
		{"process id not to be asked", everything, namedFence, nil, Fence},
		{"nameless", plainFence, everything, nil, Fence},
		{"status only", onlyStatus, everything, nil, Status},
		{"status, of all but its errors", onlyStatus, everything, []byte{1, 4}, Status},
		{"status that says nothing of the paper", onlyStatus, everything, []byte{1}, Transport},
		{"not asked", everything, profile.Answers{}, nil, Transport},
		{"answers nothing", profile.Answers{}, everything, nil, Transport},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(tt.can)
			p.numbers = tt.numbers
			begun(t, p, Options{Ask: tt.ask}, func(t *testing.T, s *Session) {
				if got := s.Proof(); got != tt.want {
					t.Errorf("the session promises %s, want %s", got, tt.want)
				}
				for range 3 {
					if r := sent(t, s); r.Err != nil || r.Proof != tt.want || r.Sent != len(ticket) {
						t.Errorf("report %+v, want proof %s", r, tt.want)
					}
				}
			})
		})
	}
}

// Each proof that does not come is unknown, with what is needed to say why, and
// the session is over: what comes late proves nothing of another ticket.
func TestProofThatNeverComes(t *testing.T) {
	for _, can := range []profile.Answers{plainFence, namedFence, processID} {
		p := newPeer(can)
		begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
			p.set(func(p *peer) { p.held = true })
			began := time.Now()
			r := sent(t, s)
			if !errors.Is(r.Err, ErrUnconfirmed) || r.Sent != len(ticket) || r.Proof != "" {
				t.Errorf("report %+v", r)
			}
			if took, want := time.Since(began), DefaultTiming().Paper+2*time.Second; took != want {
				t.Errorf("unknown after %v, want %v", took, want)
			}
			p.resume()
			if r := sent(t, s); !errors.Is(r.Err, ErrUnconfirmed) || r.Sent != 0 {
				t.Errorf("a late answer: %+v", r)
			}
			<-s.Dead()
		})
	}
}

// A session that is told to end while its printer reads no more, or confirms
// nothing, leaves it in good time, and the ticket is unknown.
func TestLeavesAPrinterThatHangs(t *testing.T) {
	for name, hang := range map[string]func(p *peer){
		"reads no more":    func(p *peer) { p.stopAfter = p.got.Len() + 300 },
		"does not confirm": func(p *peer) { p.held = true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(plainFence)
			begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
				p.set(hang)
				ctx, end := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, end)
				began := time.Now()
				r := s.Send(ctx, Ticket{Bytes: ticket})
				if r.Sent == 0 || r.Proof != "" || !errors.Is(r.Err, ErrLeft) {
					t.Errorf("report %+v", r)
				}
				if took, want := time.Since(began), time.Second+DefaultTiming().Leave; took != want {
					t.Errorf("left after %v, want %v", took, want)
				}
			})
		})
	}
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
		p := newPeer(everything)
		p.conn = far
		var running sync.WaitGroup
		running.Go(p.run)
		line := &draining{Conn: near, stuck: stuck}
		s, err := Begin(t.Context(), line, Options{Resync: -1})
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

// At whichever byte of a ticket the line breaks: no proof, and nothing more is sent.
func TestLineThatBreaks(t *testing.T) {
	const inquiry = 4 * 3
	for _, can := range []profile.Answers{processID, namedFence, plainFence, onlyStatus} {
		for _, after := range []int{1, len(ticket) / 2, len(ticket) - 1, len(ticket)} {
			p := newPeer(can)
			begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
				p.set(func(p *peer) { p.breakAfter = p.got.Len() + inquiry + after })
				r := sent(t, s)
				if r.Err == nil || r.Sent == 0 || r.Proof != "" {
					t.Errorf("broken after %d bytes: %+v", after, r)
				}
				<-s.Dead()
				if r := sent(t, s); r.Err == nil || r.Sent != 0 {
					t.Errorf("on a dead line: %+v, want nothing sent", r)
				}
			})
		}
	}
}

// halfClosed is a line whose other side has ended its answers and reads on.
type halfClosed struct {
	net.Conn
	ended chan struct{}
}

func (h *halfClosed) Read(b []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := h.Conn.Read(b)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-h.ended:
		h.Conn.SetReadDeadline(time.Now())
		<-done
		return 0, errors.New("EOF")
	}
}

// A line whose other side says nothing any more is dead although it takes bytes.
func TestHalfClosed(t *testing.T) {
	for _, when := range []string{"before", "in the middle"} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			line := &halfClosed{Conn: near, ended: make(chan struct{})}
			p := newPeer(plainFence)
			p.conn = far
			var running sync.WaitGroup
			running.Go(p.run)
			s, err := Begin(t.Context(), line, Options{Ask: everything, Resync: -1})
			if err != nil {
				t.Fatal(err)
			}
			if when == "before" {
				close(line.ended)
				synctest.Wait()
			} else {
				p.set(func(p *peer) { p.held = true })
				time.AfterFunc(time.Second, func() { close(line.ended) })
			}
			began := time.Now()
			r := sent(t, s)
			if r.Err == nil || r.Proof != "" || (r.Sent == 0) != (when == "before") || time.Since(began) > time.Second {
				t.Errorf("%s: after %v %+v", when, time.Since(began), r)
			}
			near.Close()
			far.Close()
			s.Wait()
			running.Wait()
		})
	}
}

// A printer that stops taking bytes is given up, and its ticket is unknown.
func TestPrinterThatStopsReading(t *testing.T) {
	p := newPeer(profile.Answers{})
	p.stopAfter = 600
	begun(t, p, Options{}, func(t *testing.T, s *Session) {
		began := time.Now()
		r := sent(t, s)
		if !errors.Is(r.Err, os.ErrDeadlineExceeded) || !errors.Is(r.Err, ErrStuck) || r.Sent == 0 || r.Sent == len(ticket) {
			t.Errorf("report %+v", r)
		}
		if waited := time.Since(began); waited != DefaultTiming().Stall {
			t.Errorf("gave up after %v", waited)
		}
	})
}

func TestNothingIsSentOnceContextHasEnded(t *testing.T) {
	p := newPeer(profile.Answers{})
	begun(t, p, Options{}, func(t *testing.T, s *Session) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if r := s.Send(ctx, Ticket{Bytes: ticket}); !errors.Is(r.Err, context.Canceled) || r.Sent != 0 || len(p.bytes()) != 0 {
			t.Errorf("report %+v, %d bytes sent", r, len(p.bytes()))
		}
	})
}

// A torn ticket's open block is filled up and its paper cut before anything else.
func TestResync(t *testing.T) {
	p := newPeer(plainFence)
	talk(t, p, Options{Ask: everything, Resync: 300}, func(t *testing.T, _ *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if got := p.bytes(); !bytes.HasPrefix(got, escpos.Resync(300)) {
			t.Errorf("began with % x", got[:min(len(got), 20)])
		}
	})
}

// A drawer is opened without paper, so nothing is waited for.
func TestPulseNeedsNoPaper(t *testing.T) {
	p := newPeer(onlyStatus)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		pulse, _ := escpos.Drawer(2)
		began := time.Now()
		r := s.Send(t.Context(), Ticket{Bytes: pulse})
		if took := time.Since(began); r.Proof != Status || took != cutting {
			t.Errorf("after %v %+v", took, r)
		}
	})
}

// The proof by status takes as long as the paper, and no shorter than is known.
func TestStatusWaitsForThePaper(t *testing.T) {
	for _, tt := range []struct {
		dots, speed int
		want        time.Duration
	}{{8 * 500, 0, 10*time.Second + cutting}, {8 * 500, 250, 2*time.Second + cutting}, {0, 0, DefaultTiming().Paper}} {
		p := newPeer(onlyStatus)
		begun(t, p, Options{Ask: everything, Speed: tt.speed}, func(t *testing.T, s *Session) {
			began := time.Now()
			r := s.Send(t.Context(), Ticket{Bytes: ticket, Dots: tt.dots})
			if took := time.Since(began); r.Proof != Status || took != tt.want {
				t.Errorf("%d dots at %d mm/s: after %v %+v, want %v", tt.dots, tt.speed, took, r, tt.want)
			}
		})
	}
}

// A printer that was switched off and on while its paper should have moved has
// lost the rest of it. It is silent for as long as it takes to start.
func TestStatusIsNoProofBehindASilence(t *testing.T) {
	p := newPeer(onlyStatus)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		var first time.Time // when its paper begins to move
		p.set(func(p *peer) {
			p.on = func(_ *peer, e escpos.Event) bool {
				if first.IsZero() && len(p.got.Bytes()) > len(ticket) {
					first = time.Now()
				}
				off := time.Since(first)
				return !first.IsZero() && off > time.Second && off < 2300*time.Millisecond
			}
		})
		if r := sent(t, s); r.Proof != "" || !errors.Is(r.Err, ErrDoubt) {
			t.Errorf("%+v", r)
		}
	})
}
