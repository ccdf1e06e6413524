package profile

import "unicode/utf8"

// cp1125 are the letters 80 to FF of code page 1125, Ukrainian, which
// golang.org/x/text lacks: code page 866 with ґ є і ї in place of its last
// accents (IBM, code page 1125; RST 2018-91 of the Ukrainian SSR).
const cp1125 = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп" +
	"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"рстуфхцчшщъыьэюяЁёҐґЄєІіЇї÷±№¤■"

func encode1125(r rune) (byte, bool) {
	b := byte(0x80)
	for _, held := range cp1125 {
		if held == r {
			return b, true
		}
		b++
	}
	return 0, false
}

func decode1125(b byte) rune {
	at := byte(0x80)
	for _, held := range cp1125 {
		if at == b {
			return held
		}
		at++
	}
	if b == 0xff {
		return ' '
	}
	return utf8.RuneError
}
