package escpos

import (
	"bytes"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// state is what a printer's settings are.
type state struct {
	page                     byte
	bold, double             bool // emphasised, double strike: both print bold
	underline, invert        bool
	width, height            int
	font, align, spacing     int
	tabs                     []byte
	kanji, utf8, deselected  bool
	noPulse                  bool // GS ( D: DLE DC4 1 is ignored
	qr, pdf417               symbol
	barHeight, barCell, hri  int
	picture                  Raster
	pictureWide, pictureHigh int
}

// symbol is a two-dimensional code that waits to be printed.
type symbol struct {
	cell  int
	level string
	data  string
}

// initial is the state after power on and ESC @. Epson's defaults: 30 dots between lines, barcodes 162 dots high with modules
// of 3, QR modules of 3 at level L.
func initial(p profile.Profile) state {
	return state{
		kanji: p.Kanji,
		width: 1, height: 1, spacing: 30, barHeight: 162, barCell: 3,
		qr: symbol{cell: 3, level: "l"}, pdf417: symbol{cell: 3},
	}
}

// act does what a whole command says.
func (d *Decoder) act(cmd []byte) {
	if d.state.deselected && (cmd[0] != esc || cmd[1] != '=') {
		return
	}
	known := false
	switch cmd[0] {
	case dle:
		return // the interface has acted
	case esc:
		known = d.actEsc(cmd)
	case fs:
		known = d.actFs(cmd)
	case gs:
		known = d.actGs(cmd)
	}
	if !known {
		d.tell(Event{Kind: Setting, Raw: cmd})
	}
}

// actEsc does what an ESC command says and reports whether it has told so.
func (d *Decoder) actEsc(cmd []byte) bool {
	s := &d.state
	switch cmd[1] {
	case '@':
		*s = initial(d.profile)
		d.tell(Event{Kind: Initialise})
	case 'J':
		if d.profile.NoDotFeed {
			return false
		}
		d.tell(Event{Kind: FeedDots, N: int(cmd[2])})
	case 'd':
		d.tell(Event{Kind: FeedLines, N: int(cmd[2]), Spacing: s.spacing})
	case '$':
		d.tell(Event{Kind: Position, N: int(le(cmd[2:4]))})
	case '\\':
		d.tell(Event{Kind: Position, N: int(int16(le(cmd[2:4]))), Relative: true})
	case '*':
		d.tell(Event{Kind: Picture, Raster: columnPicture(cmd[2], cmd[5:]), Inline: true, Align: s.align})
	case 'i', 'm':
		d.tell(Event{Kind: Cut, Partial: true})
	case 'p':
		m := byte(0)
		if len(cmd) > 2 {
			m = cmd[2]
		}
		d.tell(Event{Kind: Pulse, N: pin(m)})
	case 'v':
		d.tell(Event{Kind: FenceRequest, N: 1})
	case 'u':
		d.tell(Event{Kind: FenceRequest, N: 2})
	default:
		d.set(cmd)
		return false
	}
	return true
}

// pin is the connector pin that m of a pulse means.
func pin(m byte) int {
	if m&1 == 0 {
		return 2
	}
	return 5
}

// set changes what text looks like.
func (d *Decoder) set(cmd []byte) {
	s := &d.state
	if cmd[1] == '2' {
		s.spacing = 30
		return
	}
	if len(cmd) < 3 {
		return
	}
	n := cmd[2]
	switch cmd[1] {
	case '!':
		s.font = int(n & 1)
		if d.profile.Letters == profile.LettersDouble {
			s.font = 1 - s.font // the small one is the one that columns are counted in
		}
		s.bold, s.underline = n&0x08 != 0, n&0x80 != 0
		s.height, s.width = 1+int(n>>4&1), 1+int(n>>5&1)
	case '-':
		s.underline = n%'0' > 0 && n%'0' <= 2
	case '3':
		s.spacing = int(n)
	case '=':
		s.deselected = n&1 == 0
	case 'E':
		s.bold = n&1 != 0
	case 'G':
		s.double = n&1 != 0
	case 'M':
		s.font = min(int(n%'0'), 1)
	case 'a':
		if n%'0' <= 2 {
			s.align = int(n % '0')
		}
	case 't':
		s.page = n
	case 'D':
		s.tabs = bytes.Clone(bytes.TrimRight(cmd[2:], "\x00"))
	}
}

func (d *Decoder) actFs(cmd []byte) bool {
	s := &d.state
	switch cmd[1] {
	case '&':
		s.kanji = true
	case '.':
		s.kanji = false
	case 'p':
		d.tell(Event{Kind: Logo, N: int(cmd[2]), Align: s.align})
		return true
	case '(':
		if len(cmd) == 7 && cmd[2] == 'C' && cmd[5] == 48 {
			s.utf8 = cmd[6]%'0' == 2
		}
	}
	return false
}

// actGs does what a GS command says and reports whether it has told so.
func (d *Decoder) actGs(cmd []byte) bool {
	s := &d.state
	n := byte(0)
	if len(cmd) > 2 {
		n = cmd[2]
	}
	switch cmd[1] {
	case 'V':
		d.tell(cutEvent(n, cmd[len(cmd)-1]))
	case 'r':
		d.tell(Event{Kind: FenceRequest, N: int(n % '0')})
	case 'I':
		d.tell(Event{Kind: Identify, N: int(n)})
	case 'a':
		d.tell(Event{Kind: AutoStatusRequest, N: int(n)})
	case 'v', 'Q':
		return d.rasterImage(cmd)
	case '(', '8':
		return d.actParen(cmd)
	case 'k':
		return d.actBarcode(cmd)
	case '!':
		s.width, s.height = 1+int(n>>4&7), 1+int(n&7)
		return false
	case 'B':
		s.invert = n&1 != 0
		return false
	case 'h':
		s.barHeight = max(int(n), 1)
		return false
	case 'w':
		s.barCell = min(max(int(n), 1), 8)
		return false
	case 'H':
		s.hri = int(n % '0')
		return false
	default:
		return false
	}
	return true
}

// cutEvent is GS V m: 0 full, 1 partial; 65 and 66, or the letters of a
// reserved or reverse cut, with n dots more than to the cutter.
func cutEvent(m, n byte) Event {
	advance := m >= 'A'
	e := Event{Kind: Cut, Partial: (m&1 == 1) != advance, Advance: advance}
	if advance {
		e.N = int(n)
	}
	return e
}

// barcodeTypes name m of GS k, in both forms.
var barcodeTypes = map[byte]string{
	0: "upc", 2: "ean", 3: "ean", 4: "code39", 5: "itf", 6: "codabar",
	65: "upc", 67: "ean", 68: "ean", 69: "code39", 70: "itf", 71: "codabar", 72: "code93", 73: "code128",
}

func (d *Decoder) actBarcode(cmd []byte) bool {
	kind, ok := barcodeTypes[cmd[2]]
	if !ok {
		return false
	}
	data := cmd[3:]
	if cmd[2] >= 65 {
		data = cmd[4:]
	}
	data = bytes.TrimSuffix(data, []byte{nul})
	text := string(data)
	if kind == "code128" {
		text = code128Text(data)
	}
	s := d.state
	d.tell(Event{Kind: Code, Align: s.align, Code: layout.Code{
		Type: kind, Data: text, Cell: s.barCell, Height: s.barHeight, HRI: s.hri != 0,
	}})
	return true
}

// code128Text reads the data of CODE128 as GS k takes them: {A, {B and {C
// change the set, {{ is a brace; in set C each byte is two digits.
func code128Text(data []byte) string {
	var text []byte
	set := byte('B')
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c == '{' && i+1 < len(data):
			i++
			if data[i] == '{' {
				text = append(text, '{')
			} else if data[i] >= 'A' && data[i] <= 'C' {
				set = data[i]
			}
		case set == 'C' && c < 100:
			text = append(text, '0'+c/10, '0'+c%10)
		default:
			text = append(text, c)
		}
	}
	return string(text)
}
