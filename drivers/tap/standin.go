package tap

import (
	"context"
	"io"
	"sync"
	"time"

	"mostrador/printer/escpos"
)

// How long a printer has to answer before the tap does. What is asked in real
// time is answered within milliseconds by a printer that answers at all; the
// rest comes behind the printing.
const (
	realTimeWait = 300 * time.Millisecond
	inLineWait   = time.Second
)

// askAhead is how many questions may wait.
const askAhead = 64

// A standIn answers a POS for a printer that never says anything. It tells the
// state alone, and what of it can be known: that the printer is there or not. It
// never says that something has been printed (GS ( H), nor who the printer is
// beyond its type (GS I from 65 on). Once a printer has said anything at all, it
// speaks for itself.
type standIn struct {
	on   bool
	asks chan ask

	mu     sync.Mutex
	pos    io.Writer
	spoken bool
	up     bool
}

// An ask is a question of the POS that wants an answer.
type ask struct {
	event escpos.Event
	due   time.Time
}

func newStandIn(on bool) *standIn { return &standIn{on: on, asks: make(chan ask, askAhead)} }

// answer names who gets the answers; nil: nobody does.
func (s *standIn) answer(pos io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pos = pos
}

// see notes whether the printer can be reached.
func (s *standIn) see(up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = up
}

// heard notes that the printer speaks. Flow control is no speech, and a NUL may
// be a line that breaks.
func (s *standIn) heard(b []byte) {
	for _, c := range b {
		if c != 0 && c != 0x11 && c != 0x13 {
			s.mu.Lock()
			s.spoken = true
			s.mu.Unlock()
			return
		}
	}
}

// asked notes a question; when too many wait, it goes unanswered.
func (s *standIn) asked(e escpos.Event) {
	if !s.on {
		return
	}
	wait := inLineWait
	if e.RealTime {
		wait = realTimeWait
	}
	select {
	case s.asks <- ask{e, time.Now().Add(wait)}:
	default:
	}
}

// run answers each question when it is due, until ctx ends.
func (s *standIn) run(ctx context.Context) {
	for {
		select {
		case a := <-s.asks:
			timer := time.NewTimer(time.Until(a.due))
			select {
			case <-timer.C:
				s.say(a.event)
			case <-ctx.Done():
				timer.Stop()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *standIn) say(e escpos.Event) {
	s.mu.Lock()
	pos, up, spoken := s.pos, s.up, s.spoken
	s.mu.Unlock()
	if spoken || pos == nil {
		return
	}
	if b := answerTo(e, up); len(b) > 0 {
		pos.Write(b) // a POS that is gone takes none
	}
}

// answerTo is what a printer says that is well, or that is offline with an error
// where it cannot be reached (Epson, ESC/POS Command Reference: DLE EOT, GS r,
// GS a, GS I).
func answerTo(e escpos.Event, up bool) []byte {
	switch {
	case e.Kind == escpos.StatusRequest && e.N == 1 && !up:
		return []byte{0x1e}
	case e.Kind == escpos.StatusRequest && e.N == 1:
		return []byte{0x16}
	case e.Kind == escpos.StatusRequest && e.N == 2 && !up:
		return []byte{0x52}
	case e.Kind == escpos.StatusRequest:
		return []byte{0x12}
	case e.Kind == escpos.AutoStatusRequest && e.N != 0 && up:
		return []byte{0x14, 0, 0, 0x0f}
	case e.Kind == escpos.AutoStatusRequest && e.N != 0:
		return []byte{0x1c, 0, 0, 0x0f}
	case e.Kind == escpos.FenceRequest && up: // one that is offline does not answer
		return []byte{0x00}
	case e.Kind == escpos.Identify && (e.N == 1 || e.N == '1'):
		return []byte{0x20}
	case e.Kind == escpos.Identify && (e.N == 2 || e.N == 3 || e.N == '2' || e.N == '3'):
		return []byte{0x02}
	}
	return nil
}
