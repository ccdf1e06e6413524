package printer

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// everything is what the best printers may be asked.
var everything = profile.Answers{Status: true, Fence: true, ProcessID: true, Auto: true, Identity: true}

// A peer is the far end of a line: a printer that answers as its script says.
// Its fields are changed while it runs only through set.
type peer struct {
	conn net.Conn

	mu  sync.Mutex
	got bytes.Buffer
	// can is what it answers. numbers are those DLE EOT that it answers, all when
	// nil.
	can     profile.Answers
	numbers []byte
	// says are its answers to DLE EOT 1 to 4.
	says  [4]byte
	asb   []byte // answer to GS a
	model string
	// on is called with each request, and may answer in its own way.
	on func(p *peer, e escpos.Event) (mine bool)
	// held: it comes to nothing that stands in its buffer.
	held    bool
	waiting []escpos.Event
	// breakAfter closes the line behind so many bytes, stopAfter reads no more
	// until release is closed; 0: never.
	breakAfter, stopAfter int
	release               chan struct{}
	// counts of requests.
	polls, fences, autos int
}

// well are the answers of a printer at rest.
var well = [4]byte{0x16, 0x12, 0x12, 0x12}

// out are those of one without paper, with its cover closed.
var out = [4]byte{0x1e, 0x32, 0x12, 0x72}

func newPeer(can profile.Answers) *peer {
	return &peer{can: can, says: well, asb: []byte{0x14, 0, 0, 0x0f}, model: "TM-T20II"}
}

func (p *peer) set(change func(p *peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *peer) run() {
	model, _ := profile.Lookup("TM-T20II")
	decoder := escpos.NewDecoder(model)
	buf := make([]byte, 1)
	for {
		if _, err := p.conn.Read(buf); err != nil {
			return
		}
		p.mu.Lock()
		p.got.Write(buf)
		size, breakAfter, stopAfter := p.got.Len(), p.breakAfter, p.stopAfter
		p.mu.Unlock()
		if breakAfter > 0 && size >= breakAfter {
			p.conn.Close()
			return
		}
		if stopAfter > 0 && size == stopAfter {
			if p.release == nil {
				return
			}
			<-p.release
		}
		decoder.Feed(buf, func(e escpos.Event) {
			e.Raw = bytes.Clone(e.Raw)
			p.say(p.hear(e))
		})
	}
}

// hear is what the peer answers to a request.
func (p *peer) hear(e escpos.Event) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case escpos.StatusRequest:
		p.polls++
	case escpos.FenceRequest:
		p.fences++
	case escpos.AutoStatusRequest:
		p.autos++
	}
	if p.held && e.Kind != escpos.StatusRequest {
		p.waiting = append(p.waiting, e)
		return nil
	}
	return p.answer(e)
}

// answer is called with mu held.
func (p *peer) answer(e escpos.Event) []byte {
	if p.on != nil && p.on(p, e) {
		return nil
	}
	switch {
	case e.Kind == escpos.StatusRequest && p.can.Status && (p.numbers == nil || bytes.IndexByte(p.numbers, byte(e.N)) >= 0):
		return []byte{p.says[e.N-1]}
	case e.Kind == escpos.FenceRequest && p.can.Fence:
		return []byte{byte(e.N - 1)}
	case e.Kind == escpos.Identify && p.can.Identity:
		return append(append([]byte{0x5f}, p.model...), 0)
	case e.Kind == escpos.AutoStatusRequest && p.can.Auto:
		return p.asb
	case e.Kind == escpos.ProcessIDRequest && p.can.ProcessID:
		return append(append([]byte{0x37, 0x22}, e.Raw...), 0)
	}
	return nil
}

// say sends what the peer has to say, asked or unasked.
func (p *peer) say(b []byte) {
	if len(b) > 0 {
		p.conn.Write(b)
	}
}

// resume lets a held peer come to what stands in its buffer.
func (p *peer) resume() {
	p.mu.Lock()
	p.held = false
	var answers []byte
	for _, e := range p.waiting {
		answers = append(answers, p.answer(e)...)
	}
	p.waiting = nil
	p.mu.Unlock()
	p.say(answers)
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
		s, err := Begin(t.Context(), near, o)
		do(t, s, err)
		near.Close()
		far.Close()
		s.Wait()
		running.Wait()
	})
}

// begun is talk with a session that must begin.
func begun(t *testing.T, p *peer, o Options, do func(t *testing.T, s *Session)) {
	t.Helper()
	o.Resync = -1
	talk(t, p, o, func(t *testing.T, s *Session, err error) {
		if err != nil {
			t.Fatal(err)
		}
		do(t, s)
	})
}

// ticket begins as tickets do.
var ticket = append([]byte("\x1b@\x1c."), bytes.Repeat([]byte("comanda\n"), 200)...)

// sent sends the ticket.
func sent(t *testing.T, s *Session) Report {
	t.Helper()
	return s.Send(t.Context(), Ticket{Bytes: ticket, Dots: 800})
}

// told keeps what OnCondition heard, and when.
type told struct {
	mu    sync.Mutex
	began time.Time
	all   []Condition
	after []time.Duration
}

func (c *told) hear(cond Condition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, cond)
	c.after = append(c.after, time.Since(c.began))
}

// mark begins to count anew.
func (c *told) mark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began, c.all, c.after = time.Now(), nil, nil
}

func (c *told) heard() ([]Condition, []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Condition(nil), c.all...), append([]time.Duration(nil), c.after...)
}
