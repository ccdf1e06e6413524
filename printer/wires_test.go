package printer

import (
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/profile"
)

// A cable is a line whose port has wires.
type cable struct {
	net.Conn

	mu    sync.Mutex
	bits  byte
	fails error
	asked int
}

func (c *cable) PortStatus() (byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return c.bits, c.fails
}

func (c *cable) set(bits byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bits = bits
}

// overCable runs do with a session over a cable to a printer that can do so much.
func overCable(t *testing.T, c *cable, can profile.Answers, o Options, do func(t *testing.T, s *Session, p *peer)) {
	t.Helper()
	o.Resync, o.Ask = -1, everything
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(can)
		c.Conn, p.conn = net.Pipe()
		var running sync.WaitGroup
		running.Go(p.run)
		s, err := Begin(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		do(t, s, p)
		c.Close()
		p.conn.Close()
		s.Wait()
		running.Wait()
	})
}

const wiresWell = wireNoError | wireSelected

func TestOfWires(t *testing.T) {
	for _, tt := range []struct {
		bits []byte
		want Condition
		ok   bool
	}{
		{[]byte{wiresWell}, Condition{}, true},
		{[]byte{wiresWell | wirePaperEmpty}, Condition{PaperEnd: true}, true},
		{[]byte{wirePaperEmpty | wireSelected}, Condition{PaperEnd: true}, true},
		{[]byte{wiresWell, wirePaperEmpty}, Condition{PaperEnd: true, Offline: true}, true},
		{[]byte{wiresWell, wireSelected}, Condition{Error: true}, true},
		{[]byte{wiresWell, wireNoError}, Condition{Offline: true}, true},
		{[]byte{wireSelected}, Condition{}, true}, // it may have no other wire
		{[]byte{0}, Condition{}, false},
		{[]byte{0xff}, Condition{}, false},
	} {
		w := &wires{}
		var got Condition
		ok := false
		for _, bits := range tt.bits {
			got, ok = w.ofWires(bits)
		}
		if got != tt.want || ok != tt.ok {
			t.Errorf("%x: %+v, %v; want %+v, %v", tt.bits, got, ok, tt.want, tt.ok)
		}
	}
}

// A printer that says nothing itself is known to be without paper within five
// seconds, and is sent nothing until it has some.
func TestWiresTellOfPaper(t *testing.T) {
	c := &cable{bits: wiresWell}
	var heard told
	overCable(t, c, profile.Answers{}, Options{OnCondition: heard.hear}, func(t *testing.T, s *Session, p *peer) {
		if r := sent(t, s); r.Err != nil || r.Proof != Transport {
			t.Errorf("well: %+v", r)
		}
		heard.mark()
		c.set(wiresWell | wirePaperEmpty)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if all, _ := heard.heard(); !slices.Equal(all, []Condition{{PaperEnd: true}}) {
			t.Errorf("within five seconds: %+v", all)
		}
		before := len(p.bytes())
		r := sent(t, s)
		var blocked *Blocked
		if !errors.As(r.Err, &blocked) || r.Sent != 0 || !blocked.Condition.PaperEnd || len(p.bytes()) != before {
			t.Errorf("without paper: %+v", r)
		}
		c.set(wiresWell)
		if r := sent(t, s); r.Err != nil {
			t.Errorf("with paper again: %+v", r)
		}
	})
}

// A ticket whose paper ran out is not called printed while it did.
func TestWiresInTheMiddle(t *testing.T) {
	for _, mended := range []bool{true, false} {
		c := &cable{bits: wiresWell}
		overCable(t, c, profile.Answers{}, Options{}, func(t *testing.T, s *Session, p *peer) {
			p.set(func(p *peer) { p.stopAfter, p.release = len(ticket)/2, make(chan struct{}) })
			done := make(chan Report)
			go func() { done <- sent(t, s) }()
			time.Sleep(time.Second)
			c.set(wiresWell | wirePaperEmpty)
			time.Sleep(time.Minute) // longer than a line may stand still
			if mended {
				c.set(wiresWell)
				close(p.release)
			}
			r := <-done
			var blocked *Blocked
			switch {
			case mended && r.Err != nil:
				t.Errorf("mended: %+v", r)
			case !mended && (r.Sent == 0 || r.Err == nil):
				t.Errorf("not mended: %+v, %v", r, blocked)
			}
			if !mended {
				close(p.release)
			}
		})
	}
}

// Who has no wires, and who says more by itself, is not listened to.
func TestWiresThatTellNothing(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    *cable
		can  profile.Answers
	}{
		{"unknown request", &cable{fails: errors.ErrUnsupported}, profile.Answers{}},
		{"always nothing", &cable{}, profile.Answers{}},
		{"always everything", &cable{bits: 0xff}, profile.Answers{}},
		{"answers by itself", &cable{bits: wiresWell | wirePaperEmpty}, everything},
	} {
		overCable(t, tt.c, tt.can, Options{}, func(t *testing.T, s *Session, p *peer) {
			time.Sleep(time.Minute)
			if r := sent(t, s); r.Err != nil {
				t.Errorf("%s: %+v", tt.name, r)
			}
			if tt.c.asked > 1 {
				t.Errorf("%s: asked %d times", tt.name, tt.c.asked)
			}
		})
	}
}
