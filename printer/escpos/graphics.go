package escpos

import (
	"bytes"
	"strings"

	"mostrador/printer/layout"
)

// actParen does what the commands with a counted body say.
func (d *Decoder) actParen(cmd []byte) bool {
	letter, body := cmd[2], cmd[5:]
	if cmd[1] == '8' {
		body = cmd[7:]
	}
	if len(body) < 2 {
		return false
	}
	switch letter {
	case 'k':
		return d.actSymbol(body)
	case 'L':
		return d.actGraphics(body)
	case 'D':
		d.enableRealTime(body)
	case 'H':
		if len(body) >= 6 && body[0] == 48 && body[1] == 48 {
			d.tell(Event{Kind: ProcessIDRequest, Raw: body[2:6]})
			return true
		}
	}
	return false
}

// enableRealTime does GS ( D 20: pairs of a command and 0 or 1; command 1 is the
// real-time pulse.
func (d *Decoder) enableRealTime(body []byte) {
	for i := 1; body[0] == 20 && i+1 < len(body); i += 2 {
		if body[i] == 1 {
			d.state.noPulse = body[i+1]%'0' == 0
		}
	}
}

// actSymbol does GS ( k for QR (cn 49) and PDF417 (cn 48).
func (d *Decoder) actSymbol(body []byte) bool {
	s, kind := &d.state.qr, "qrcode"
	switch body[0] {
	case 49:
	case 48:
		s, kind = &d.state.pdf417, "pdf417"
	default:
		return false
	}
	rest := body[2:]
	switch {
	case body[1] == 67 && len(rest) > 0:
		s.cell = min(max(int(rest[0]), 1), 16)
	case body[1] == 69 && len(rest) > 0 && kind == "qrcode":
		s.level = string("lmqh"[(rest[0]-48)&3])
	case body[1] == 80 && len(rest) > 1:
		s.data = strings.ToValidUTF8(string(rest[1:]), "\ufffd")
	case body[1] == 81:
		d.tell(Event{Kind: Code, Align: d.state.align, Code: layout.Code{
			Type: kind, Data: s.data, Cell: s.cell, Level: s.level,
		}})
		return true
	}
	return false
}

// actGraphics does GS ( L and GS 8 L: store a picture, print it, print a logo.
func (d *Decoder) actGraphics(body []byte) bool {
	s := &d.state
	switch body[1] {
	case 112: // a bx by c xL xH yL yH data
		if len(body) < 10 {
			return false
		}
		s.picture = newRaster(int(le(body[6:8])), int(le(body[8:10])), body[10:])
		s.pictureWide, s.pictureHigh = int(body[3]), min(int(body[4]), 2)
	case 2, 50:
		d.tell(Event{Kind: Picture, Raster: s.picture.scaled(s.pictureWide, s.pictureHigh), Align: s.align})
		s.picture = Raster{}
		return true
	case 69:
		if len(body) < 4 {
			return false
		}
		d.tell(Event{Kind: Logo, N: LogoKey(body[2:4]).number(), Align: s.align})
		return true
	default:
		return d.actLogos(body)
	}
	return false
}

// actLogos does the functions that look after the stored pictures.
func (d *Decoder) actLogos(body []byte) bool {
	switch fn, rest := body[1], body[2:]; {
	case fn == 64 && string(rest) == "KC":
		d.tell(Event{Kind: LogoListRequest})
	case fn == 65 && string(rest) == "CLR":
		d.tell(Event{Kind: LogoErase, N: -1})
	case fn == 66 && len(rest) == 2:
		d.tell(Event{Kind: LogoErase, N: LogoKey(rest).number()})
	case fn == 67 && len(rest) > 8 && rest[0] == 48 && rest[3] == 1: // a kc1 kc2 b xL xH yL yH c data
		r := newRaster(int(le(rest[4:6])), int(le(rest[6:8])), rest[9:])
		d.tell(Event{Kind: LogoStore, N: LogoKey(rest[1:3]).number(), Raster: r})
	default:
		return false
	}
	return true
}

// rasterImage does GS v 0 and GS Q 0.
func (d *Decoder) rasterImage(cmd []byte) bool {
	wide, high := int(le(cmd[4:6]))*8, int(le(cmd[6:8]))
	if cmd[1] == 'Q' {
		high *= 8
	}
	m := cmd[3] % '0'
	r := newRaster(wide, high, cmd[8:]).scaled(1+int(m&1), 1+int(m>>1&1))
	d.gulp = d.profile.SwallowsFeed && cmd[1] == 'v'
	d.tell(Event{Kind: Picture, Raster: r, Align: d.state.align})
	return true
}

// newRaster takes a copy of the data of a picture. Without all of it there is
// none: a few bytes that claim a large picture must not take its memory.
func newRaster(wide, high int, data []byte) Raster {
	r := blank(wide, high)
	if len(data) < len(r.Bits) {
		return Raster{}
	}
	copy(r.Bits, data)
	return r
}

// blank is white paper.
func blank(wide, high int) Raster {
	r := Raster{Width: wide, Height: high}
	size := r.Stride() * high
	if size <= 0 || size > maxCommand {
		return Raster{}
	}
	r.Bits = make([]byte, size)
	return r
}

// scaled multiplies the dots of a picture across and down, as bx and by say.
func (r Raster) scaled(across, down int) Raster {
	across, down = min(max(across, 1), 2), min(max(down, 1), 3)
	if across == 1 && down == 1 {
		return r
	}
	big := blank(r.Width*across, r.Height*down)
	for y := range big.Height {
		for x := range big.Width {
			if r.Black(x/across, y/down) {
				big.Bits[y*big.Stride()+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return big
}

// columnPicture turns the columns of ESC * into rows. Modes 0 and 1 have 8 dots
// a column, printed three times as high; modes 0 and 32 print each column twice.
func columnPicture(mode byte, data []byte) Raster {
	bytesHigh := 1
	if mode >= 32 {
		bytesHigh = 3
	}
	wide := len(data) / bytesHigh
	r := blank(wide, bytesHigh*8)
	if r.Bits == nil {
		return r
	}
	for x := range wide {
		for y := range r.Height {
			if data[x*bytesHigh+y/8]&(0x80>>(y%8)) != 0 {
				r.Bits[y*r.Stride()+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	if bytesHigh == 1 {
		return r.scaled(2-int(mode&1), 3)
	}
	return r.scaled(2-int(mode&1), 1)
}

// Clone returns a picture that shares nothing.
func (r Raster) Clone() Raster {
	r.Bits = bytes.Clone(r.Bits)
	return r
}
