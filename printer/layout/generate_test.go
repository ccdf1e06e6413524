package layout

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A generator writes random documents in the markup language: all that it has,
// and what is no part of it as well.
type generator struct {
	*rand.Rand
	letters [][]string // the alphabets of the document at hand
}

// alphabets that a document may be written in. ASCII is in each.
var (
	ascii    = strings.Split("a b c X Y Z 0 1 2 9 , . : ; / ( ) ! ? ' # % & * + - = < > @ [ ] $", " ")
	latin    = strings.Split("á é ñ ü ß Ç £ ½ « » ° Ø", " ")
	han      = strings.Split("日 本 語 料 理 か な カ ナ 、 。 （ ） 한 글", " ")
	clusters = strings.Split("🍕 👍🏽 👨‍👩‍👧 🇵🇪 ❤️ é ñ̃ ｱ", " ")
	styles   = strings.Split("\" _ ` ^ ^^ ^^^ ^^^^ ^^^^^ ^^^^^^ ^^^^^^^ ^^^^^^^^^", " ")
	escapes  = strings.Split(`\\ \| \{ \} \- \= \_ \" \`+"`"+` \^ \~ \n \n \x41 \x7C \xe9 \x20 \x07 \x7f \q \;`, " ")
	unseen   = []string{"\u200b", "\u202e", "\u2066", "\u0085", "\u00ad", "\u061c"}
	controls = []string{"\x01", "\x07", "\x1b", "\x7f", "\t"}
)

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 3))}
	for _, more := range [][]string{latin, han, clusters} {
		if g.one(2) {
			g.letters = append(g.letters, more)
		}
	}
	return g
}

// one is true once in n times.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func (g *generator) of(list []string) string { return list[g.IntN(len(list))] }

// document has up to thirty lines, in any of the three ways to end one.
func (g *generator) document() string {
	var b strings.Builder
	if g.one(10) {
		b.WriteString("\ufeff")
	}
	for range g.IntN(30) {
		b.WriteString(g.line())
		b.WriteString(g.of([]string{"\n", "\n", "\n", "\r\n", "\r"}))
	}
	if g.one(2) {
		b.WriteString(g.line())
	}
	return b.String()
}

func (g *generator) line() string {
	switch g.IntN(20) {
	case 0:
		return g.around(strings.Repeat("-", 1+g.IntN(40)))
	case 1:
		return g.around(strings.Repeat("=", 1+g.IntN(3)))
	case 2:
		return g.of([]string{"", " ", "|", "||", "| |", " | ", "\t"})
	case 3, 4, 5, 6, 7, 8:
		return g.around("{" + g.members() + "}")
	}
	columns := 1 + g.IntN(4)
	if g.one(20) {
		columns = 40
	}
	var b strings.Builder
	for i := range columns {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(g.blanks() + g.text() + g.blanks())
	}
	return g.around(b.String())
}

// around puts blanks and pipes beside the only column of a line.
func (g *generator) around(s string) string {
	return g.blanks() + g.of([]string{"", "", "|", "| "}) + s + g.of([]string{"", "", "|", " |"}) + g.blanks()
}

func (g *generator) blanks() string {
	return g.of([]string{"", "", "", " ", "  ", "\t", "    "})
}

func (g *generator) text() string {
	var b strings.Builder
	for range g.IntN(12) {
		switch g.IntN(12) {
		case 0, 1:
			b.WriteString(g.of(styles))
		case 2:
			b.WriteString(g.of(escapes))
		case 5:
			if g.one(4) {
				b.WriteString(`\ `)
			}
		case 3:
			b.WriteString(g.of([]string{"~", "~~", " ", "  "}))
		case 4:
			if g.one(4) {
				b.WriteString(g.of(controls))
			}
		default:
			b.WriteString(g.word())
		}
	}
	if g.one(20) {
		b.WriteString(`\`)
	}
	return b.String()
}

func (g *generator) word() string {
	letters := ascii
	if len(g.letters) > 0 && g.one(2) {
		letters = g.letters[g.IntN(len(g.letters))]
	}
	var b strings.Builder
	for range 1 + g.IntN(14) {
		b.WriteString(g.of(letters))
		if g.one(60) {
			b.WriteString(g.of(unseen))
		}
	}
	return b.String()
}

// members of a property line.
func (g *generator) members() string {
	var members []string
	for range g.IntN(4) {
		members = append(members, g.member())
	}
	return strings.Join(members, g.of([]string{";", "; ", " ;", ";;"}))
}

func (g *generator) member() string {
	pad := func() string { return g.of([]string{"", "", " ", "\t"}) }
	key, value := "", ""
	switch g.IntN(8) {
	case 0, 1:
		key, value = g.of([]string{"width", "w"}), g.widths()
	case 2, 3:
		key, value = g.of([]string{"border", "b"}), g.of([]string{"line", "line", "LINE", "space", "none", "0", "1", "2", "02", "00"})
	case 4:
		key, value = g.of([]string{"align", "a"}), g.of([]string{"left", "center", "right", "Right"})
	case 5:
		key, value = g.of([]string{"text", "t"}), g.of([]string{"wrap", "wrap", "nowrap", "NoWrap"})
	case 6:
		key, value = g.of([]string{"option", "o"}), g.options()
	default:
		if g.one(2) {
			key, value = g.of([]string{"comment", "_"}), g.of([]string{"x", "a:b", `\}`, `\;\|`, "é"})
		} else {
			key, value = g.of([]string{"code", "c"}), g.of([]string{"1", "12345678", `a\;b`, `\{\}\\\|`, `a\nb`, `\x41\x7c`, "a: b", `x\qy`, "https://x.y/z?a=1"})
		}
	}
	return pad() + key + pad() + ":" + pad() + value + pad()
}

func (g *generator) widths() string {
	if g.one(4) {
		return g.of([]string{"auto", "Auto", "3,auto"})
	}
	var b strings.Builder
	shown := g.of([]string{"*", "*", "5", "12", "100", "007"})
	for range g.IntN(5) {
		b.WriteString(g.of([]string{"*", "0", "1", "2", "3", "8", "10", "20", "48", "999", ""}))
		b.WriteString(g.of([]string{",", " ", ", ", "  "}))
	}
	if g.one(20) {
		b.WriteString(strings.Repeat("1 ", 30))
	}
	return b.String() + shown
}

func (g *generator) options() string {
	var b strings.Builder
	for i := range 1 + g.IntN(5) {
		if i > 0 {
			b.WriteString(g.of([]string{",", " ", ", "}))
		}
		b.WriteString(g.of([]string{"upc", "ean", "jan", "code39", "itf", "codabar", "nw7", "code93", "code128", "qrcode", "QRCode",
			"hri", "2", "3", "4", "5", "8", "24", "100", "240", "l", "m", "q", "H"}))
	}
	return b.String()
}

// mistake is a line that receiptline leaves out, as a whole or in part, and that
// we refuse.
func (g *generator) mistake() string {
	wrong := g.of([]string{
		"a{b", "a}b", "{", "}", "{width:1", "{code:1}x", "x{code:1}", "{a:left}{b:line}", "a|{code:1}", "{comment:x}|b",
		"{width}", "{width:}", "{:5}", "{widht:5}", "{Width:5}", "{width:-5}", "{width:5x}", "{width:1001}", "{width:0}", "{w:,}",
		"{border:3}", "{border:lines}", "{align:top}", "{text:cut}", "{option:9}", "{option:qrcodes}", `{command:\x1bp0}`, "{x:a}",
		`a\x4`, `a\xg1`, `a\x4"b"`, `{code:\xzz}`,
	})
	return fmt.Sprint(g.blanks(), wrong, g.blanks())
}
