// Package escpos turns a page into the bytes of an ESC/POS printer, and bytes
// back into what they print. The commands are those of Epson's "ESC/POS Command
// Reference"; where models differ, the profile decides.
package escpos

import (
	"fmt"

	"mostrador/printer/profile"
)

// The bytes that introduce a command.
const (
	nul = 0x00
	ack = 0x06
	lf  = 0x0a
	dle = 0x10
	esc = 0x1b
	fs  = 0x1c
	gs  = 0x1d
)

// appendInit begins a ticket whatever was printed before: initialise, leave
// kanji mode, international set USA, first code page of the profile.
func appendInit(dst []byte, p profile.Profile) []byte {
	dst = append(dst, esc, '@', fs, '.', esc, 'R', 0)
	if len(p.Pages) > 0 {
		dst = append(dst, esc, 't', p.Pages[0].Number)
	}
	if p.Letters == profile.LettersDouble {
		dst = append(dst, esc, '!', 1) // a switch may have chosen the other font
	}
	return dst
}

// Resync frees a printer from a ticket that was cut off in its middle: n NULs
// complete a block of data whose rest never came (MaxBlock tells n) and are
// ignored by a printer that waits for none; then it is initialised, and what is
// on the paper is fed out and cut off from what comes next. A printer without a
// cutter feeds to its tear bar and ignores the cut.
func Resync(n int) []byte {
	b := make([]byte, max(n, 0), max(n, 0)+16)
	return append(b, esc, '@', fs, '.', esc, 'd', 4, gs, 'V', 66, 0)
}

// Fence asks for one byte (GS r 1, the paper sensor) that the printer sends when
// it comes to it: behind everything that was sent before. It is not answered
// while the printer is offline.
func Fence() []byte { return []byte{gs, 'r', 1} }

// Status asks in real time, past everything that waits in the printer's buffer
// (DLE EOT n): 1 printer, 2 offline cause, 3 error cause, 4 paper.
func Status(n int) ([]byte, error) {
	if n < 1 || n > 4 {
		return nil, fmt.Errorf("status %d does not exist: ask for 1 to 4", n)
	}
	return []byte{dle, 0x04, byte(n)}, nil
}

// AutoStatus switches automatic status back on for the causes in mask (GS a: 01
// drawer, 02 online, 04 error, 08 paper, 40 panel); 0 switches it off, and so
// does the beginning of every ticket.
func AutoStatus(mask byte) []byte { return []byte{gs, 'a', mask} }

// ProcessID asks the printer to answer with id when everything before is
// printed (GS ( H, function 48). Each byte of id is 20 to 7E.
func ProcessID(id [4]byte) ([]byte, error) {
	for _, c := range id {
		if c < ' ' || c > '~' {
			return nil, fmt.Errorf("process id %q: each byte must be printable ASCII", id[:])
		}
	}
	return append([]byte{gs, '(', 'H', 6, 0, 48, 48}, id[:]...), nil
}

// Drawer kicks the drawer on connector pin 2 or 5 with the pulse that most
// drawers are made for: 50 ms on, 500 ms off (ESC p m t1 t2, times in 2 ms). It
// waits for its turn in the buffer. The real-time pulse (DLE DC4 1) would open
// the drawer before the ticket is on paper, and on a printer that is out of
// paper; a Citizen cannot give it while it prints.
func Drawer(pin int) ([]byte, error) {
	switch pin {
	case 2:
		return []byte{esc, 'p', 0, 25, 250}, nil
	case 5:
		return []byte{esc, 'p', 1, 25, 250}, nil
	}
	return nil, fmt.Errorf("drawer pin %d does not exist: use 2 or 5", pin)
}

// Buzzer sounds a printer's buzzer for one to two seconds; ok is false where
// there is none. Send it behind the cut: Star's cannot ring while it prints.
//
//   - Epson: ESC ( A, function 48, pattern 49, twice, a second each (ESC/POS
//     Command Reference: c times, t × 100 ms; what 49 sounds like is the model's).
//   - Star: ESC GS BEL 1, half a second on, half a second off, in 20 ms (STAR Line
//     Mode Command Specifications).
//   - Clones: ESC B n t, twice, t × 100 ms; 50 ms on some (80 mm Series Command
//     Set).
//   - An external buzzer on the drawer's connector: a pulse as for a drawer, 100 ms
//     on and off, on pin 5, because drawers hang on pin 2. Only for those who
//     have said that a buzzer is there.
func Buzzer(b profile.Buzzer) (cmd []byte, ok bool) {
	switch b {
	case profile.BuzzerEpson:
		return []byte{esc, '(', 'A', 4, 0, 48, 49, 2, 10}, true
	case profile.BuzzerStar:
		return []byte{esc, gs, 7, 1, 25, 25}, true
	case profile.BuzzerClone:
		return []byte{esc, 'B', 2, 4}, true
	case profile.BuzzerDrawer:
		return []byte{esc, 'p', 1, 50, 50}, true
	}
	return nil, false
}

// mostBlock bounds what a stream may claim: a printer is freed by as many NULs
// (Resync), and no ticket has a command of 4 MB.
const mostBlock = 4 << 20

// MaxBlock is the length in bytes of the longest command in a stream, its data
// included, up to 4 MB: how much a printer may still wait for when the stream is
// cut off.
func MaxBlock(stream []byte) int {
	d := NewDecoder(profile.Profile{})
	d.Feed(stream, func(Event) {})
	return int(min(max(d.longest, d.seen+d.Waiting()), mostBlock))
}
