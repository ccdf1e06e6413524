package tap

import (
	"sync"

	"mostrador/drivers"
)

// maxTape is how many bytes may have passed that are not read yet. Past it the
// paper goes on, and the receipt under way cannot be read.
const maxTape = 4 << 20

// A mark is what happens on a line beside bytes.
type mark int

const (
	none  mark = iota
	ended      // the POS's connection has ended: so has its paper
	torn       // bytes are missing
)

// A piece is what passed in one go, or what happened. One of them is set.
type piece struct {
	bytes  []byte
	mark   mark
	change *drivers.Change // of the printer
}

func (p piece) isBytes() bool { return p.mark == none && p.change == nil }

// A tape carries what passed to who reads it, and never makes who passes wait.
type tape struct {
	ready chan struct{} // holds one token when there is something to look at

	mu     sync.Mutex
	pieces []piece
	size   int
	losing bool
	closed bool
}

func newTape() *tape { return &tape{ready: make(chan struct{}, 1)} }

// pass notes bytes; they are copied.
func (t *tape) pass(b []byte) { t.put(piece{bytes: append([]byte(nil), b...)}) }

// mark notes what happened.
func (t *tape) mark(m mark) { t.put(piece{mark: m}) }

func (t *tape) put(p piece) {
	t.mu.Lock()
	switch {
	case t.size+len(p.bytes) > maxTape && !t.losing:
		t.losing = true
		t.pieces = append(t.pieces, piece{mark: torn})
	case t.losing && p.isBytes():
	case len(t.pieces) > 0 && p.isBytes() && t.pieces[len(t.pieces)-1].isBytes():
		last := &t.pieces[len(t.pieces)-1]
		last.bytes = append(last.bytes, p.bytes...)
		t.size += len(p.bytes)
	default:
		t.pieces = append(t.pieces, p)
		t.size += len(p.bytes)
	}
	t.mu.Unlock()
	t.wake()
}

// take returns what has passed since the last time; more is false when nothing
// will come any more.
func (t *tape) take() (pieces []piece, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pieces, t.pieces, t.size, t.losing = t.pieces, nil, 0, false
	return pieces, !t.closed
}

// close says that nothing more comes.
func (t *tape) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wake()
}

func (t *tape) wake() {
	select {
	case t.ready <- struct{}{}:
	default:
	}
}
