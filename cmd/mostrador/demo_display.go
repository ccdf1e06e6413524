package main

import (
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// A demoDisplay is a line display of 20×2 that speaks ESC/POS: it draws on the
// terminal what a guest would read.
type demoDisplay struct {
	demoLine
	face displayFace
}

// show draws the display each time that it says something else, until its line
// ends.
func (d *demoDisplay) show(out *calm) {
	last := ""
	d.hear(func(b []byte) {
		for _, c := range b {
			d.face.take(c)
		}
		if now := d.face.text(); d.face.whole() && now != last {
			last = now
			out.say("%s", frame("pantalla", now))
		}
	})
}

// A displayFace is what stands on a display of code page 850, from the bytes
// that it is sent (Epson, DM-D110 Specification, section 5).
type displayFace struct {
	cells   [2][20]rune
	x, y    int
	command []byte // under way
	end     bool   // the last cell was written: a frame is whole
}

// take takes the next byte.
func (f *displayFace) take(c byte) {
	if len(f.command) > 0 || c == 0x1b || c == 0x1f {
		f.command = append(f.command, c)
		if len(f.command) == lengthOf(f.command) {
			f.obey()
			f.command = nil
		}
		return
	}
	if c < ' ' {
		return
	}
	f.cells[f.y][f.x] = charmap.CodePage850.DecodeByte(c)
	f.end = f.x == 19 && f.y == 1
	if f.x++; f.x == 20 {
		f.x, f.y = 0, 1-f.y
	}
}

// lengthOf is how long the command is that begins so, 0 while that is open.
func lengthOf(command []byte) int {
	if len(command) < 2 {
		return 0
	}
	switch string(command[:2]) {
	case "\x1b@", "\x1f\x01", "\x1f\x02", "\x1f\x03":
		return 2
	case "\x1f$":
		return 4
	}
	return 3 // ESC R n, ESC t n, US X n, US C n
}

func (f *displayFace) obey() {
	switch string(f.command[:2]) {
	case "\x1b@":
		*f = displayFace{}
	case "\x1f$":
		f.x, f.y, f.end = int(f.command[2]-1)%20, int(f.command[3]-1)%2, false
	}
}

// whole: no frame is under way.
func (f *displayFace) whole() bool { return f.end && len(f.command) == 0 }

// text is what stands there, row by row.
func (f *displayFace) text() string {
	var rows []string
	for _, row := range f.cells {
		var b strings.Builder
		for _, r := range row {
			if r == 0 {
				r = ' '
			}
			b.WriteRune(r)
		}
		rows = append(rows, b.String())
	}
	return strings.Join(rows, "\n")
}
