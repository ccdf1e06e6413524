package escpos

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"mostrador/printer/font"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// Options of an encoding. The zero value is right for a ticket.
type Options struct {
	// ASB is the mask of automatic status back that is switched on again after
	// the printer was initialised; 0 leaves it off.
	ASB byte
	// Logos are the pictures that the printer is known to keep, with their keys.
	// A picture row of one of these is recalled with eleven bytes instead of
	// drawn, if the profile says that the model has such a memory.
	Logos map[LogoSum]LogoKey
	// Font draws the lines that no code page holds. One that is used again keeps
	// what it has unpacked; it is used by one encoding at a time. Nil: one is made
	// when it is needed.
	Font *font.Font
}

// cell is the width of a cell of font A in dots.
const cell = 12

// Encode turns a page into the bytes that print it. Text goes through the code
// pages of the profile only, so none of it can act as a command; a row that layout
// wants drawn is sent as a picture, and in others a rune that no page holds (which
// layout should have replaced) prints as a question mark. A
// code whose data its symbology cannot hold is printed as text.
//
// An error tells that the page contradicts itself: runs that overlap or do not
// fit its columns.
func Encode(page layout.Page, p profile.Profile, o Options) ([]byte, error) {
	return Append(nil, page, p, o)
}

// Append is Encode that appends to dst.
func Append(dst []byte, page layout.Page, p profile.Profile, o Options) ([]byte, error) {
	e := encoder{out: appendInit(dst, p), p: &p, columns: page.Columns, style: single, logos: o.Logos, font: o.Font}
	if o.ASB != 0 {
		e.out = append(e.out, AutoStatus(o.ASB)...)
	}
	for i := range page.Rows {
		if err := e.row(&page.Rows[i]); err != nil {
			return dst, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	e.setUTF8(false)
	return e.out, nil
}

// encoder holds what the printer's state will be when it has read out.
type encoder struct {
	out     []byte
	p       *profile.Profile
	columns int

	logos    map[LogoSum]LogoKey
	font     *font.Font
	codePage int // index in the profile's pages
	utf8     bool
	style    layout.Style
	align    int
	column   int // cells of this line that are filled
	symbol   symbolState
	known    memo
}

// memo remembers the bytes of runes beyond ASCII on the code page in force, so
// that a rule of 48 dashes is looked up once. No such rune is encoded as 0.
type memo [64]struct {
	r rune
	b byte
}

var single = layout.Style{Width: 1, Height: 1}

func (e *encoder) row(r *layout.Row) error {
	switch r.Kind {
	case layout.TextRow:
		if r.Drawn && e.p.Draws() {
			return e.drawn(r.Runs)
		}
		return e.text(r.Runs)
	case layout.CodeRow:
		e.code(r.Code, r.Align)
	case layout.FeedRow:
		e.feed(r.Feed)
	case layout.CutRow:
		e.cut()
	case layout.PictureRow:
		e.picture(r.Picture, r.Align)
	case layout.CommandRow:
		e.out = append(e.out, r.Command...)
	default:
		return fmt.Errorf("kind of row %d is not known", r.Kind)
	}
	return nil
}

var errOverlap = errors.New("runs overlap or are not in the order of their columns")

// text prints one line.
func (e *encoder) text(runs []layout.Run) error {
	e.setAlign(0)
	if e.utf8 {
		e.leaveUTF8(runs)
	}
	e.column = 0
	for i, r := range runs {
		style := e.full(r.Style)
		text := r.Text
		if i == len(runs)-1 && blankInvisible(style) {
			text = strings.TrimRight(text, " ")
		}
		if text == "" {
			continue
		}
		if r.Column < e.column {
			return errOverlap
		}
		if style.Width < r.Style.Width {
			n := utf8.RuneCountInString(text)
			r.Column += max(0, min((min(r.Style.Width, 8)-style.Width)*n, e.columns-r.Column-style.Width*n)/2)
		}
		e.advance(r.Column, style)
		e.setStyle(style)
		e.write(text)
		if e.column > e.columns {
			return fmt.Errorf("the text needs %d columns and the paper has %d", e.column, e.columns)
		}
	}
	e.out = append(e.out, lf)
	return nil
}

// full replaces the zeros of a style by what they mean and bounds the rest.
// Where the model has no white letters on black they are bold.
func (e *encoder) full(s layout.Style) layout.Style {
	largest := 8
	if e.p.Letters == profile.LettersDouble {
		largest = 2
		s.Bold, s.Invert = s.Bold || s.Invert, false
	}
	s.Width = min(max(s.Width, 1), largest)
	s.Height = min(max(s.Height, 1), largest)
	return s
}

// blankInvisible reports whether a space of this style leaves no ink.
func blankInvisible(s layout.Style) bool { return !s.Underline && !s.Invert }

// advance moves to a column, by spaces or, where that is shorter and the
// profile knows the dots, by an absolute position. Spaces are written in single
// width and without ink, and at the beginning of a line no taller than what
// follows, as they would move it down; next is the style of that.
func (e *encoder) advance(column int, next layout.Style) {
	gap := column - e.column
	if gap <= 0 {
		return
	}
	fits := func(s layout.Style) bool { return s.Width == 1 && blankInvisible(s) }
	here := fits(e.style) && (e.column > 0 || e.style.Height <= next.Height)
	bytes := gap
	if !here && !fits(next) {
		bytes += 6 // there and back again
	}
	if e.p.Position && bytes > 4 {
		e.position(column)
		return
	}
	if !here {
		if !fits(next) {
			next = layout.Style{Bold: next.Bold, Width: 1, Height: next.Height}
		}
		e.setStyle(next)
	}
	for range gap {
		e.out = append(e.out, ' ')
	}
	e.column = column
}

// position moves to a column by ESC $. Its bytes cannot begin a real-time
// command: the high byte is below 10 for every paper there is.
func (e *encoder) position(column int) {
	dots := column * cell
	e.out = append(e.out, esc, '$', byte(dots), byte(dots>>8))
	e.column = column
}

// setStyle sends what differs from the style in force.
func (e *encoder) setStyle(s layout.Style) {
	if e.p.Letters == profile.LettersDouble {
		e.setMode(s)
		return
	}
	if s.Bold != e.style.Bold {
		e.out = append(e.out, esc, 'E', bit(s.Bold))
	}
	if s.Underline != e.style.Underline {
		e.out = append(e.out, esc, '-', bit(s.Underline))
	}
	if s.Invert != e.style.Invert {
		e.out = append(e.out, gs, 'B', bit(s.Invert))
	}
	if s.Width != e.style.Width || s.Height != e.style.Height {
		e.out = append(e.out, gs, '!', byte((s.Width-1)<<4|(s.Height-1)))
	}
	e.style = s
}

// setMode sets everything with ESC !, where GS ! is not known. Bit 0 keeps the
// font of 7 × 9 dots, which the columns are counted in (Epson: TM-U220
// Specification).
func (e *encoder) setMode(s layout.Style) {
	if s == e.style {
		return
	}
	n := 0x01 | bit(s.Bold)<<3 | byte(s.Height-1)<<4 | byte(s.Width-1)<<5 | bit(s.Underline)<<7
	e.out = append(e.out, esc, '!', n)
	e.style = s
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// setAlign aligns whole lines; it counts only at the beginning of one.
func (e *encoder) setAlign(align int) {
	if align < 0 || align > 2 {
		align = 0
	}
	if align != e.align {
		e.out = append(e.out, esc, 'a', byte(align))
		e.align = align
	}
}

// write sends text in the style in force. A long gap inside it is crossed as
// advance would.
func (e *encoder) write(text string) {
	jump := e.p.Position && blankInvisible(e.style)
	for text != "" {
		if n := plain(text, jump); n > 0 {
			e.out = append(e.out, text[:n]...)
			e.column += n * e.style.Width
			text = text[n:]
			continue
		}
		if text[0] == ' ' {
			n := spaces(text)
			e.position(e.column + n*e.style.Width)
			text = text[n:]
			continue
		}
		text = text[e.encode(text):]
		e.column += e.style.Width
	}
}

// plain is how many bytes of ASCII text begins with, up to a gap that is jumped
// over.
func plain(text string, jump bool) int {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && jump && strings.HasPrefix(text[i:], longGap) {
			return i
		}
	}
	return len(text)
}

// longGap is the shortest one that a position is shorter than.
const longGap = "     "

func spaces(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// encode sends the first rune of s, changing the code page if it must, and
// returns the rune's length.
func (e *encoder) encode(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	if e.utf8 && e.p.Holds(r) {
		e.out = append(e.out, s[:size]...)
		return size
	}
	hit := &e.known[uint(r)%uint(len(e.known))]
	if hit.r == r && hit.b != 0 {
		e.out = append(e.out, hit.b)
		return size
	}
	page, b, ok := e.p.Page(r, e.codePage)
	switch {
	case !ok && e.p.Unicode(r):
		e.setUTF8(true)
		e.out = append(e.out, s[:size]...)
		return size
	case !ok:
		e.out = append(e.out, '?')
		return size
	}
	if page != e.codePage {
		e.codePage = e.bestPage(s)
		e.out = append(e.out, esc, 't', e.p.Pages[e.codePage].Number)
		b, _ = e.p.Pages[e.codePage].Encode(r)
		e.known = memo{}
	}
	hit.r, hit.b = r, b
	e.out = append(e.out, b)
	return size
}

// bestPage is the page that holds most of what begins with s without another
// change, the preferred one when several do.
func (e *encoder) bestPage(s string) int {
	best, longest := e.codePage, 0
	for i, page := range e.p.Pages {
		n := 0
		for _, r := range s {
			if _, ok := page.Encode(r); !ok {
				break
			}
			n++
		}
		if n > longest {
			best, longest = i, n
		}
	}
	return best
}

// feed feeds n empty lines. Where a ticket ends with a long feed to the tear
// bar, no other feed looks like it.
func (e *encoder) feed(n int) {
	for e.p.Cut != profile.CutNone && n > 3 {
		step := min(n, 255)
		e.out = append(e.out, esc, 'd', byte(step))
		n -= step
	}
	for ; n > 0; n-- {
		e.out = append(e.out, lf)
	}
}

// cut ends a ticket as the model does.
func (e *encoder) cut() {
	switch e.p.Cut {
	case profile.CutFeedFull:
		e.out = append(e.out, gs, 'V', 65, 0)
	case profile.CutHere:
		e.feed(e.p.Tear)
		e.out = append(e.out, gs, 'V', 0)
	case profile.CutNone:
		e.out = append(e.out, esc, 'd', byte(min(max(e.p.Tear, 4), 255)))
	default:
		e.out = append(e.out, gs, 'V', 66, 0)
	}
}
