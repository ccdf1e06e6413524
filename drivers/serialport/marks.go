package serialport

import (
	"sync"

	"mostrador/drivers"
)

// marker reads what a line says with PARMRK set (termios(3)): FF FF is the byte
// FF, FF 00 00 a break, and FF 00 followed by a byte one that came with a wrong
// parity or without its stop bit. A break is left out: a cable that is pulled
// makes one. A wrong byte becomes FF, so that it is neither taken for what it may
// have been, nor missing: a journal's line without one of its digits would be
// another amount. FF is no answer of a printer to a status question.
type marker struct {
	mu sync.Mutex
	n  int // how much of a mark has come

	breaks, wrong, bytes int64
}

// read decodes b in place and returns how many bytes remain.
func (m *marker) read(b []byte) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := 0
	for _, c := range b {
		if c, ok := m.next(c); ok {
			b[out] = c
			out++
		}
	}
	return out
}

// errors are what was marked; a wrong parity is marked like a missing stop bit.
func (m *marker) errors() drivers.LineErrors {
	m.mu.Lock()
	defer m.mu.Unlock()
	return drivers.LineErrors{Framing: m.wrong, Breaks: m.breaks, Bytes: m.bytes}
}

// next takes a byte; ok says whether one comes out.
func (m *marker) next(c byte) (out byte, ok bool) {
	switch {
	case m.n == 0 && c != 0xff:
		m.bytes++
		return c, true
	case m.n == 0:
		m.n = 1
		return 0, false
	case m.n == 1 && c == 0:
		m.n = 2
		return 0, false
	case m.n == 1: // FF FF; anything else cannot be
		m.n = 0
		m.bytes++
		return c, true
	}
	m.n = 0
	if c == 0 {
		m.breaks++
		return 0, false
	}
	m.wrong++
	m.bytes++
	return 0xff, true
}
