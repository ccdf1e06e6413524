package receipt

import (
	"fmt"
	"strconv"
)

// maxCommand bounds the bytes of one command property.
const maxCommand = 4096

// command reads the bytes of a command property: printable ASCII stands for
// itself, \n for a line feed, \xNN for any byte, and a backslash before another
// character for that character.
func (p *parser) command(raw string) {
	var out []byte
	for i := 0; i < len(raw); {
		size := 1
		switch c := raw[i]; {
		case c == '\\':
			b, n, err := commandEscape(raw[i:])
			if err != nil {
				p.fault(err.Error(), `write \x1b for ESC and \\ for a backslash`)
				return
			}
			out, size = append(out, b), n
		case c < ' ' || c > '~':
			p.fault("a command is written in ASCII", `write other bytes as \xNN`)
			return
		default:
			out = append(out, c)
		}
		i += size
	}
	if len(out) == 0 || len(out) > maxCommand {
		p.fault(fmt.Sprintf("a command has 1 to %d bytes, this one %d", maxCommand, len(out)), "leave it out, or shorten it")
		return
	}
	p.add(Line{Kind: CommandLine, Command: out})
}

func commandEscape(s string) (b byte, size int, err error) {
	switch {
	case len(s) < 2:
		return 0, 0, fmt.Errorf("a command ends in a backslash")
	case s[1] == 'n':
		return '\n', 2, nil
	case s[1] != 'x':
		return s[1], 2, nil
	}
	code, err := strconv.ParseUint(s[min(2, len(s)):min(4, len(s))], 16, 8)
	if err != nil || len(s) < 4 {
		return 0, 0, fmt.Errorf(`\x wants two hexadecimal digits`)
	}
	return byte(code), 4, nil
}
