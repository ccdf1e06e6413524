package escpos

import (
	"unicode/utf8"

	"mostrador/printer/layout"
)

// UTF-8 mode of newer Epson printers: FS ( C, function 48, with 50 for UTF-8 and
// 49 for the code pages. It is left with ESC @ (Epson: ESC/POS Command
// Reference). Runes of the code pages take one byte on them and two or three in
// UTF-8, so UTF-8 is used from the first rune that no page holds to the end of
// its row, and further as long as that is shorter than changing back.

const utf8Switch = 7 // bytes of the change

// setUTF8 changes between UTF-8 and the code page in force.
func (e *encoder) setUTF8(on bool) {
	if e.utf8 == on {
		return
	}
	mode := byte(49)
	if on {
		mode = 50
	}
	e.out = append(e.out, fs, '(', 'C', 2, 0, 48, mode)
	e.utf8 = on
}

// leaveUTF8 goes back to the code pages before a row that is shorter with them.
func (e *encoder) leaveUTF8(runs []layout.Run) {
	more := 0
	for i := range runs {
		for _, r := range runs[i].Text {
			if r < 0x80 {
				continue
			}
			if _, _, ok := e.p.Page(r, e.codePage); !ok {
				return
			}
			more += utf8.RuneLen(r) - 1
		}
	}
	if more > utf8Switch {
		e.setUTF8(false)
	}
}
