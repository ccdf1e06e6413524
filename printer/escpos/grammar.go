package escpos

// fixed is the number of bytes after the two that name a command, for those
// whose length does not depend on their data.
var fixed = map[[2]byte]int{
	{esc, ' '}: 1, {esc, '!'}: 1, {esc, '$'}: 2, {esc, '%'}: 1, {esc, '-'}: 1, {esc, '2'}: 0, {esc, '3'}: 1,
	{esc, '<'}: 0, {esc, '='}: 1, {esc, '?'}: 1, {esc, '@'}: 0, {esc, 'A'}: 1, {esc, 'B'}: 2, {esc, 'C'}: 1,
	{esc, 'E'}: 1, {esc, 'G'}: 1, {esc, 'J'}: 1, {esc, 'K'}: 1, {esc, 'L'}: 0, {esc, 'M'}: 1, {esc, 'R'}: 1,
	{esc, 'S'}: 0, {esc, 'T'}: 1, {esc, 'U'}: 1, {esc, 'V'}: 1, {esc, 'W'}: 8, {esc, '\\'}: 2,
	{esc, 'a'}: 1, {esc, 'c'}: 2, {esc, 'd'}: 1, {esc, 'e'}: 1, {esc, 'f'}: 2, {esc, 'i'}: 0, {esc, 'm'}: 0,
	{esc, 'o'}: 0, {esc, 'p'}: 3, {esc, 'r'}: 1, {esc, 't'}: 1, {esc, 'u'}: 1,
	{esc, 'v'}: 0, {esc, '{'}: 1, {esc, 0x0c}: 0,

	{fs, '!'}: 1, {fs, '&'}: 0, {fs, '-'}: 1, {fs, '.'}: 0, {fs, '?'}: 2, {fs, 'C'}: 1, {fs, 'S'}: 2, {fs, 'W'}: 1,
	{fs, 'p'}: 2, {fs, '2'}: 74,

	{gs, '!'}: 1, {gs, '$'}: 2, {gs, '/'}: 1, {gs, ':'}: 0, {gs, 'B'}: 1, {gs, 'E'}: 1, {gs, 'H'}: 1, {gs, 'I'}: 1,
	{gs, 'L'}: 2, {gs, 'P'}: 2, {gs, 'T'}: 1, {gs, 'W'}: 2, {gs, '\\'}: 2, {gs, '^'}: 3, {gs, 'a'}: 1, {gs, 'b'}: 1,
	{gs, 'c'}: 0, {gs, 'f'}: 1, {gs, 'h'}: 1, {gs, 'j'}: 1, {gs, 'r'}: 1, {gs, 'w'}: 1, {gs, 'x'}: 1, {gs, 'z'}: 3,
	{gs, '<'}: 0, {gs, 'G'}: 2,
}

// reach tells how long a command is, from what is there of it: it must be total
// bytes long before more can be said, and when it already is, it is complete.
// ok is false for what is no command.
func reach(cmd []byte) (total uint64, ok bool) {
	if len(cmd) < 2 {
		return 2, true
	}
	if n, ok := fixed[[2]byte{cmd[0], cmd[1]}]; ok {
		return uint64(2 + n), true
	}
	switch cmd[0] {
	case dle:
		return reachReal(cmd)
	case esc:
		return reachEsc(cmd)
	case fs:
		return reachFs(cmd)
	default:
		return reachGs(cmd)
	}
}

// header returns the bytes of a header of n, or asks for them.
func header(cmd []byte, n int) ([]byte, uint64) {
	if len(cmd) < n {
		return nil, uint64(n)
	}
	return cmd[:n], 0
}

// le reads a number, the low byte first.
func le(b []byte) uint64 {
	var n uint64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n
}

// reachReal knows the real-time commands, which a printer skips when it comes
// to them in its buffer.
func reachReal(cmd []byte) (uint64, bool) {
	h, more := header(cmd, 3)
	if cmd[1] != 0x04 && cmd[1] != 0x05 && cmd[1] != 0x14 {
		return 0, false
	}
	if h == nil {
		return more, true
	}
	switch {
	case cmd[1] == 0x04 && (h[2] == 7 || h[2] == 8):
		return 4, true
	case cmd[1] != 0x14:
		return 3, true
	case h[2] == 8:
		return 10, true
	case h[2] == 7:
		return 4, true
	}
	return 5, true
}

func reachEsc(cmd []byte) (uint64, bool) {
	switch cmd[1] {
	case '*': // m nL nH, then columns of one or three bytes
		h, more := header(cmd, 5)
		if h == nil {
			return more, true
		}
		n := le(h[3:5])
		if h[2] >= 32 {
			n *= 3
		}
		return 5 + n, true
	case '(':
		return reachParen(cmd)
	case '&':
		return reachGlyphs(cmd)
	case 'D':
		return reachZero(cmd, 2+32)
	case gs: // Star's buzzer
		h, more := header(cmd, 3)
		switch {
		case h == nil:
			return more, true
		case h[2] == 0x07:
			return 6, true
		case h[2] == 0x19: // DC1 or DC2, m n1 n2
			return 7, true
		}
	}
	return 0, false
}

func reachFs(cmd []byte) (uint64, bool) {
	switch cmd[1] {
	case '(':
		return reachParen(cmd)
	case 'g': // 1 or 2, m, four of an address, nL nH; data after a 1
		h, more := header(cmd, 10)
		if h == nil {
			return more, true
		}
		if h[2] == '1' || h[2] == 1 {
			return 10 + le(h[8:10]), true
		}
		return 10, true
	case 'q': // n pictures: xL xH yL yH and x × y × 8 bytes each
		h, more := header(cmd, 3)
		if h == nil {
			return more, true
		}
		at := uint64(3)
		for range h[2] {
			if uint64(len(cmd)) < at+4 {
				return at + 4, true
			}
			x, y := le(cmd[at:at+2]), le(cmd[at+2:at+4])
			at += 4
			if x < 1 || x > 1023 || y < 1 || y > 288 {
				return at, true // Epson's manual: the command ends, what follows is text
			}
			at += x * y * 8
			if uint64(len(cmd)) < at {
				return at, true
			}
		}
		return at, true
	}
	return 0, false
}

func reachGs(cmd []byte) (uint64, bool) {
	switch cmd[1] {
	case '(':
		return reachParen(cmd)
	case '8': // L p1 to p4
		h, more := header(cmd, 7)
		if h == nil {
			return more, true
		}
		return 7 + le(h[3:7]), true
	case 'v', 'Q': // 0 m xL xH yL yH
		h, more := header(cmd, 8)
		if h == nil {
			return more, true
		}
		n := le(h[4:6]) * le(h[6:8])
		if cmd[1] == 'Q' {
			n *= 8 // GS Q counts its rows in bytes
		}
		return 8 + n, true
	case '*': // x y
		h, more := header(cmd, 4)
		if h == nil {
			return more, true
		}
		return 4 + uint64(h[2])*uint64(h[3])*8, true
	case 'k':
		return reachBarcode(cmd)
	case 'V':
		h, more := header(cmd, 3)
		if h == nil {
			return more, true
		}
		if h[2] >= 65 {
			return 4, true
		}
		return 3, true
	}
	return reachCounter(cmd)
}

// reachCounter knows the older commands of counters and NV memory.
func reachCounter(cmd []byte) (uint64, bool) {
	h, more := header(cmd, 3)
	switch cmd[1] {
	case 'C':
		if h == nil {
			return more, true
		}
		return map[byte]uint64{'0': 5, 0: 5, '1': 9, 1: 9, '2': 5, 2: 5}[h[2]], h[2] <= 2 || h[2] >= '0' && h[2] <= '2'
	case 'g':
		if h == nil {
			return more, true
		}
		return 6, true
	}
	return 0, false
}

// reachParen knows the family "( X pL pH data".
func reachParen(cmd []byte) (uint64, bool) {
	h, more := header(cmd, 5)
	if h == nil {
		return more, true
	}
	return 5 + le(h[3:5]), true
}

// reachBarcode knows both forms of GS k: data up to a NUL, or counted.
func reachBarcode(cmd []byte) (uint64, bool) {
	h, more := header(cmd, 4)
	if len(cmd) < 3 {
		return 3, true
	}
	switch {
	case cmd[2] <= 6:
		return reachZero(cmd, 3+256)
	case cmd[2] < 65 || cmd[2] > 79:
		return 0, false
	case h == nil:
		return more, true
	}
	return 4 + uint64(h[3]), true
}

// reachZero knows data up to a NUL. Streams that forget it must not swallow the
// rest of the ticket, so there is a limit.
func reachZero(cmd []byte, limit int) (uint64, bool) {
	if len(cmd) > 2 && cmd[len(cmd)-1] == nul || len(cmd) >= limit {
		return uint64(len(cmd)), true
	}
	return uint64(len(cmd) + 1), true
}

// reachGlyphs knows ESC & y c1 c2 and for each character its width x and x × y
// bytes.
func reachGlyphs(cmd []byte) (uint64, bool) {
	h, more := header(cmd, 5)
	if h == nil {
		return more, true
	}
	at := uint64(5)
	for range int(h[4]) - int(h[3]) + 1 {
		if uint64(len(cmd)) <= at {
			return at + 1, true
		}
		at += 1 + uint64(cmd[at])*uint64(h[2])
		if uint64(len(cmd)) < at {
			return at, true
		}
	}
	return at, true
}
