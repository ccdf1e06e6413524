package drivers

import "fmt"

// A LineCounter is a Port on a wire that knows what went wrong on it.
type LineCounter interface {
	LineErrors() LineErrors
}

// LineErrors count what a serial line has received wrongly since it was opened.
// Framing has the wrong parities too where the system does not tell them apart.
type LineErrors struct {
	Framing  int64 `json:"framing,omitempty"`  // characters without a stop bit where one belongs
	Parity   int64 `json:"parity,omitempty"`   // characters with a wrong parity
	Overruns int64 `json:"overruns,omitempty"` // times that characters were lost on our side
	Breaks   int64 `json:"breaks,omitempty"`   // the other side was switched on or off, or plugged in
	// Bytes are those that came, rightly or not.
	Bytes int64 `json:"bytes"`
}

// Any says whether anything went wrong.
func (e LineErrors) Any() bool { return e != LineErrors{Bytes: e.Bytes} }

// What makes a line one that garbles: so many wrong characters, and one of so
// many. A single wrong one is a disturbance.
const (
	garbledAtLeast = 4
	garbledOneOf   = 20
)

// Garbled says whether so much is wrong that the settings of the line must be
// others than the device's: its speed first, then parity and bits.
func (e LineErrors) Garbled() bool {
	wrong := e.Framing + e.Parity
	return wrong >= garbledAtLeast && wrong*garbledOneOf >= e.Bytes
}

func (e LineErrors) String() string {
	return fmt.Sprintf("%d framing, %d parity errors, %d overruns, %d breaks in %d bytes", e.Framing, e.Parity, e.Overruns, e.Breaks, e.Bytes)
}

// LooksGarbled says whether what a device sent, none of which could be read,
// looks as a line at another speed does: mostly NUL, control characters that no
// protocol has, and bytes above 7F hex, which are all that remains of text when
// its bits are read too fast or too slowly. Text of another alphabet has no NUL
// and no such control characters. Fewer than 16 bytes say nothing.
func LooksGarbled(sample []byte) bool {
	const least = 16
	if len(sample) < least {
		return false
	}
	high, odd := 0, 0
	for _, c := range sample {
		switch {
		case c >= 0x80:
			high++
		case c == 0, c < 0x20 && !isProtocol(c), c == 0x7f:
			odd++
		}
	}
	return odd*8 >= len(sample) && (high+odd)*2 >= len(sample) || high*10 >= len(sample)*9
}

// isProtocol: control characters that text and the protocols of devices have:
// STX ETX EOT ENQ ACK, HT LF VT FF CR, DLE XON XOFF NAK, ESC FS GS.
func isProtocol(c byte) bool {
	const set = 1<<0x02 | 1<<0x03 | 1<<0x04 | 1<<0x05 | 1<<0x06 | 1<<0x09 | 1<<0x0a | 1<<0x0b | 1<<0x0c | 1<<0x0d |
		1<<0x10 | 1<<0x11 | 1<<0x13 | 1<<0x15 | 1<<0x1b | 1<<0x1c | 1<<0x1d
	return set>>c&1 == 1
}
