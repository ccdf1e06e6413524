package escpos

import (
	"strings"
	"unicode/utf8"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// A Decoder reads a stream of ESC/POS commands as a printer of one profile
// does. How the bytes are split makes no difference. Its memory is bounded
// whatever comes.
//
// Real-time commands (DLE EOT, DLE ENQ, DLE DC4) are the interface's: it acts
// on them as the bytes arrive, wherever they stand, also inside the data of an
// image (Epson, ESC/POS Command Reference, "DLE EOT": data that happens to equal
// the command is processed as the command). The bytes stay in the stream none
// the less: as data inside a block, skipped between commands.
type Decoder struct {
	profile profile.Profile
	emit    func(Event) // during Feed and Flush only
	read    uint64

	// The command that is being read: its first bytes, how many there were, and
	// how many there must be before more can be said. No cmd: between commands.
	cmd     []byte
	seen    uint64
	total   uint64
	longest uint64

	real  realTime
	state state
	text  []byte // UTF-8 that has not been told yet
	half  bool   // one byte of a kanji has been read
	gulp  bool   // a line feed that comes now is taken for a part of the picture
}

// The bounds of a decoder. A picture of the longest receipt in one piece has
// 150 kB.
const (
	maxCommand = 1 << 20
	maxText    = 4096
)

// NewDecoder starts with a printer that was just switched on.
func NewDecoder(p profile.Profile) *Decoder {
	return &Decoder{profile: p, state: initial(p)}
}

// Feed reads more of the stream and tells what it does. Text is told when it
// ends, by a command or a line feed; Flush tells what is there of it.
func (d *Decoder) Feed(b []byte, emit func(Event)) {
	d.emit = emit
	defer func() { d.emit = nil }()
	for _, c := range b {
		if len(d.cmd) == 0 {
			d.between(c)
		} else {
			d.inside(c)
		}
		d.read++
		d.realTime(c)
	}
}

// Flush tells the text that has not been told yet.
func (d *Decoder) Flush(emit func(Event)) {
	d.emit = emit
	defer func() { d.emit = nil }()
	d.flush()
}

// Waiting is how many bytes the command that is being read still wants, as far
// as that is known; 0 between commands.
func (d *Decoder) Waiting() uint64 {
	if len(d.cmd) == 0 {
		return 0
	}
	return d.total - d.seen
}

// between reads a byte that begins something.
func (d *Decoder) between(c byte) {
	gulp := d.gulp
	d.gulp = false
	switch {
	case gulp && c == lf:
	case c >= ' ' && c != 0x7f:
		d.character(c)
	case c == esc, c == fs, c == gs, c == dle:
		d.flush()
		d.cmd, d.seen, d.total = append(d.cmd[:0], c), 1, 2
	default:
		d.control(c)
	}
}

// inside reads a byte of a command.
func (d *Decoder) inside(c byte) {
	if d.brokenPulse(c) {
		d.read-- // c is not part of it
		d.complete()
		d.read++
		d.between(c)
		return
	}
	d.seen++
	if len(d.cmd) < maxCommand {
		d.cmd = append(d.cmd, c)
	}
	if d.seen < d.total {
		return
	}
	whole := d.seen == uint64(len(d.cmd))
	total, ok := d.total, whole
	if whole {
		total, ok = reach(d.cmd)
	}
	switch {
	case ok && total > d.seen:
		d.total = total
	case ok:
		d.complete()
	default:
		d.reject(whole)
	}
}

// brokenPulse recognises the most common broken command of real streams, ESC p
// m without its times: another command begins where they should be.
func (d *Decoder) brokenPulse(c byte) bool {
	return (c == esc || c == fs || c == gs) && (len(d.cmd) == 3 || len(d.cmd) == 4) && d.cmd[0] == esc && d.cmd[1] == 'p'
}

// complete acts on the command that was read.
func (d *Decoder) complete() {
	d.longest = max(d.longest, d.seen)
	cmd := d.cmd
	d.cmd = d.cmd[:0:0]
	if cap(cmd) <= maxText {
		d.cmd = cmd[:0]
	}
	d.act(cmd)
}

// reject tells what is no command. When the byte after an introducer is one
// itself, only the first was wrong.
func (d *Decoder) reject(whole bool) {
	d.longest = max(d.longest, d.seen)
	cmd := d.cmd
	d.cmd = nil
	rest := []byte(nil)
	if whole && len(cmd) > 1 && (cmd[1] < ' ' || cmd[0] == dle) {
		cmd, rest = cmd[:1], cmd[1:]
	}
	d.tell(Event{Kind: Unknown, Raw: cmd})
	for _, c := range rest {
		if len(d.cmd) == 0 {
			d.between(c)
		} else {
			d.inside(c)
		}
	}
}

// control reads a byte that is a command of its own. Those that a printer in
// standard mode ignores are ignored.
func (d *Decoder) control(c byte) {
	switch c {
	case lf:
		d.flush()
		d.tell(Event{Kind: LineFeed, Spacing: d.state.spacing, Align: d.state.align})
	case '\t':
		d.flush()
		d.tell(Event{Kind: Tab, Raw: d.state.tabs})
	case 0x0c, 0x18:
		d.flush()
		d.tell(Event{Kind: Setting, Raw: []byte{c}})
	}
}

// character reads a byte of text.
func (d *Decoder) character(c byte) {
	if len(d.text) >= maxText && (!d.state.utf8 || utf8.RuneStart(c)) || len(d.text) >= maxText+utf8.UTFMax {
		d.flush()
	}
	switch {
	case d.half:
		d.half = false
		d.text = utf8.AppendRune(d.text, utf8.RuneError)
	case d.state.utf8:
		d.text = append(d.text, c)
	case d.state.kanji && c > 0x80:
		d.half = true
	case c < 0x7f:
		d.text = append(d.text, c)
	default:
		d.text = utf8.AppendRune(d.text, d.decode(c))
	}
}

// decode finds what a byte prints on the page in force.
func (d *Decoder) decode(c byte) rune {
	for _, page := range d.profile.Pages {
		if page.Number == d.state.page {
			return page.Decode(c)
		}
	}
	return utf8.RuneError
}

// flush tells the text that was read.
func (d *Decoder) flush() {
	d.half = false
	if len(d.text) == 0 {
		return
	}
	text := string(d.text)
	if d.state.utf8 {
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	d.text = d.text[:0]
	s := d.state
	d.tell(Event{
		Kind: Text, Text: text, Font: s.font, Align: s.align,
		Style: layout.Style{Bold: s.bold || s.double, Underline: s.underline, Invert: s.invert, Width: s.width, Height: s.height},
	})
}

// tell hands an event on, unless the printer is deselected (ESC =), when it
// prints nothing.
func (d *Decoder) tell(e Event) {
	if d.state.deselected && !e.RealTime {
		return
	}
	e.End = d.read + 1
	if e.Kind == Text {
		e.End = d.read
	}
	d.emit(e)
}
