package uplinktest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// A Line is a TCP relay between an agent and its broker whose faults the test
// chooses: cut, half-open, slow. It ends with the test.
type Line struct {
	t        testing.TB
	targets  []string
	listener net.Listener
	work     sync.WaitGroup

	mu     sync.Mutex
	pairs  map[*pair]bool
	cut    bool
	delay  time.Duration
	up     Flow
	down   Flow
	budget int64 // bytes upwards until it cuts itself; negative: none
	opened int
	sent   int64 // bytes upwards that got through
}

// Flow is what a line does with bytes in one direction.
type Flow int

// The flows.
const (
	Through Flow = iota // it delivers them
	Lost                // it takes them and they never arrive, nor does the end of a connection
)

// A pair is one connection through the line.
type pair struct{ agent, broker net.Conn }

func (p *pair) close() {
	for _, c := range []net.Conn{p.agent, p.broker} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a cut line says no goodbye
		}
		c.Close()
	}
}

// NewLine relays from a free port of loopback to the first of targets
// (host:port) that answers.
func NewLine(t testing.TB, targets ...string) *Line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{t: t, targets: targets, listener: listener, pairs: map[*pair]bool{}, budget: -1}
	l.work.Go(l.accept)
	t.Cleanup(l.Close)
	return l
}

// Addr is host:port of the agent's side.
func (l *Line) Addr() string { return l.listener.Addr().String() }

// URL is Addr for [uplink] broker.
func (l *Line) URL() string { return "mqtt://" + l.Addr() }

// Close ends the line and everything on it.
func (l *Line) Close() {
	l.listener.Close()
	l.Cut()
	l.work.Wait()
}

// Cut breaks every connection and lets no new one through until Restore.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	l.drop()
}

// Drop breaks every connection; new ones get through.
func (l *Line) Drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop()
}

func (l *Line) drop() {
	for p := range l.pairs {
		p.close()
	}
}

// CutAfter cuts the line once n more bytes have gone from the agent to the
// broker: somewhere in the middle of what is under way.
func (l *Line) CutAfter(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.budget = n
}

// Restore undoes every fault.
func (l *Line) Restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.up, l.down, l.delay, l.budget = false, Through, Through, 0, -1
}

// SetFlow says what becomes of bytes towards the broker (up) and towards the
// agent (down), also on connections that are open. Both Lost is a half-open
// line; only down Lost loses acknowledgements.
func (l *Line) SetFlow(up, down Flow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up, l.down = up, down
}

// SetDelay makes every byte take so long, in each direction.
func (l *Line) SetDelay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

// IsCut reports whether the line is cut, by Cut or by CutAfter.
func (l *Line) IsCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// Connections counts those that got through since the start.
func (l *Line) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

// Sent counts the bytes that got through to the broker since the start.
func (l *Line) Sent() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

func (l *Line) accept() {
	for {
		agent, err := l.listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.t.Errorf("line: %v", err)
			}
			return
		}
		l.work.Go(func() { l.relay(agent) })
	}
}

// dial returns nil when no target answers.
func (l *Line) dial() net.Conn {
	for _, target := range l.targets {
		if conn, err := net.DialTimeout("tcp", target, 5*time.Second); err == nil {
			return conn
		}
	}
	return nil
}

func (l *Line) relay(agent net.Conn) {
	broker := l.dial()
	if broker == nil {
		agent.Close()
		return
	}
	p := &pair{agent, broker}
	l.mu.Lock()
	if l.cut {
		l.mu.Unlock()
		p.close()
		return
	}
	l.pairs[p] = true
	l.opened++
	l.mu.Unlock()

	var both sync.WaitGroup
	both.Go(func() { defer l.hangUp(p, true); l.pump(p.agent, p.broker, true) })
	both.Go(func() { defer l.hangUp(p, false); l.pump(p.broker, p.agent, false) })
	both.Wait()
	p.close()
	l.mu.Lock()
	delete(l.pairs, p)
	l.mu.Unlock()
}

// hangUp carries the end of one side to the other, unless it gets lost too.
func (l *Line) hangUp(p *pair, up bool) {
	if l.flow(up) == Through {
		p.close()
	}
}

func (l *Line) flow(up bool) Flow {
	l.mu.Lock()
	defer l.mu.Unlock()
	if up {
		return l.up
	}
	return l.down
}

// A parcel is bytes and when they are due at the other end.
type parcel struct {
	bytes []byte
	due   time.Time
}

// pump carries bytes until either side closes. Bytes travel beside each other,
// as on a real line: a delay does not lower the rate.
func (l *Line) pump(from, to net.Conn, up bool) {
	road := make(chan parcel, 4096)
	var writer sync.WaitGroup
	defer writer.Wait()
	defer close(road)
	writer.Go(func() { l.deliver(to, road, up) })
	for {
		buf := make([]byte, 8<<10)
		n, err := from.Read(buf)
		if n > 0 {
			l.mu.Lock()
			due := time.Now().Add(l.delay)
			l.mu.Unlock()
			road <- parcel{buf[:n], due}
		}
		if err != nil {
			return
		}
	}
}

func (l *Line) deliver(to net.Conn, road <-chan parcel, up bool) {
	for p := range road {
		time.Sleep(time.Until(p.due))
		bytes, last := l.allow(p.bytes, up)
		if len(bytes) > 0 {
			_, _ = to.Write(bytes) // a closed side is noticed by reading
		}
		if last {
			l.Cut()
		}
	}
}

// allow is what of some bytes gets through; last: the line is cut behind them.
func (l *Line) allow(bytes []byte, up bool) (allowed []byte, last bool) {
	if l.flow(up) == Lost {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if up && l.budget >= 0 {
		if int64(len(bytes)) >= l.budget {
			bytes, last = bytes[:l.budget], true
			l.budget = -1
		} else {
			l.budget -= int64(len(bytes))
		}
	}
	if up {
		l.sent += int64(len(bytes))
	}
	return bytes, last
}
