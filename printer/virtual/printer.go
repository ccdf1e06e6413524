// Package virtual is a printer that is not there: it takes the bytes of an
// ESC/POS printer over any line, answers as one does, and keeps the papers that
// it would have printed, as text and as pictures.
package virtual

import (
	"bytes"
	"sync"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// Options of a virtual printer. The zero value is a good one: it answers what
// its profile answers and reads as fast as it is written to.
type Options struct {
	// OnPaper is called with each paper that is cut off, in order, by the
	// goroutine that wrote its last byte.
	OnPaper func(Paper)
	// OnAnswer is called with what the printer says to Write. A connection gets
	// its answers back instead.
	OnAnswer func([]byte)
	// Silent: the printer answers nothing, as many clones.
	Silent bool
	// PaceBaud makes connections read no faster than a serial line of this speed
	// (8N1, ten bits a byte); 0 reads at once.
	PaceBaud int
	// Keep is how many finished papers Papers holds, the newest; 0 means 100.
	Keep int
}

// A Printer stands for one machine. It keeps its settings, a command that was
// cut off in the middle, and the half ticket on its paper from one connection to
// the next, as a real one does. Its methods can be called at the same time.
type Printer struct {
	profile profile.Profile
	options Options
	turn    chan struct{} // holds one token: one connection at a time

	mu      sync.Mutex
	decoder *escpos.Decoder
	sheet   sheet
	raw     []byte // what came since the last cut, from byte rawFrom on
	rawFrom uint64
	total   uint64
	papers  []Paper
	count   int
	pulses  int
}

// maxRaw bounds the bytes that are kept of one paper.
const maxRaw = 1 << 20

// New makes a printer of a model with paper in it. Papers that the profile
// names are in its Papers.
func New(p profile.Profile, paper profile.Paper, o Options) *Printer {
	if o.Keep == 0 {
		o.Keep = 100
	}
	v := &Printer{
		profile: p,
		options: o,
		turn:    make(chan struct{}, 1),
		decoder: escpos.NewDecoder(p),
		sheet:   newSheet(p, paper),
	}
	return v
}

// Write prints b. It never fails.
func (v *Printer) Write(b []byte) (int, error) {
	answers := v.consume(b)
	if len(answers) > 0 && v.options.OnAnswer != nil {
		v.options.OnAnswer(answers)
	}
	return len(b), nil
}

// consume prints b, hands finished papers on and returns the answers.
func (v *Printer) consume(b []byte) []byte {
	answers, done := v.print(b)
	if v.options.OnPaper != nil {
		for _, paper := range done {
			v.options.OnPaper(paper)
		}
	}
	return answers
}

func (v *Printer) print(b []byte) (answers []byte, done []Paper) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.total += uint64(len(b))
	v.raw = append(v.raw, b[:min(len(b), max(maxRaw-len(v.raw), 0))]...)
	v.decoder.Feed(b, func(e escpos.Event) {
		if e.Kind == escpos.Pulse {
			v.pulses++
		}
		answers = append(answers, v.answer(e)...)
		if v.sheet.print(e) {
			done = append(done, v.tearOff(e.End)...)
		}
	})
	return answers, done
}

// tearOff takes the paper that ends with byte end of the stream, if there is
// anything on it.
func (v *Printer) tearOff(end uint64) []Paper {
	n := min(int(end-v.rawFrom), len(v.raw))
	raw := v.raw[:n:n]
	v.raw = bytes.Clone(v.raw[n:])
	v.rawFrom = end
	paper := v.sheet.take()
	if paper.Blank() {
		return nil
	}
	v.count++
	paper.Number, paper.raw = v.count, raw
	v.papers = append(v.papers, paper)
	if over := len(v.papers) - v.options.Keep; over > 0 {
		v.papers = append([]Paper(nil), v.papers[over:]...)
	}
	return []Paper{paper}
}

// Papers are the finished papers that are kept, the oldest first. Strips with
// nothing on them are not among them.
func (v *Printer) Papers() []Paper {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Paper(nil), v.papers...)
}

// Current is the paper that hangs out of the printer, as it would look if it
// was torn off now. What is written but not yet fed is not on it.
func (v *Printer) Current() Paper {
	v.mu.Lock()
	defer v.mu.Unlock()
	paper := v.sheet.look()
	paper.Number, paper.Torn = v.count+1, true
	paper.raw = bytes.Clone(v.raw)
	return paper
}

// Received is how many bytes the printer has taken since it was made.
func (v *Printer) Received() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.total
}

// Pulses is how often the drawer was kicked.
func (v *Printer) Pulses() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.pulses
}
