// Package profile says what each model of printer can do, as data with the
// source of each fact, and which of its code pages holds a rune.
package profile

import (
	"sort"
	"strings"
)

// A Profile is what one model of printer can do.
type Profile struct {
	// Name as the configuration has it, such as TM-T20II.
	Name   string
	Vendor string
	// Papers by the configuration's name: 80mm, 76mm, 58mm.
	Papers map[string]Paper
	// DPI is how many dots of paper there are to an inch of feed; 0 where nobody
	// says (203 is usual).
	DPI int
	// Pages are the code pages that the model has, the preferred first.
	Pages []CodePage
	// Cut is how the model cuts.
	Cut Cut
	// Tear is how many lines carry the last line past the cutter or the tear
	// bar, for models that do not feed by themselves (CutHere, CutNone).
	Tear int
	// Cutter is how far the cutter is from the print head, in millimetres; 0
	// where nobody says (15 is usual).
	Cutter int
	// Letters is how the model is told the size and the look of its letters.
	Letters Letters
	// Graphics is how the model takes pictures.
	Graphics Graphics
	// NoDotFeed: the model ignores ESC J. SwallowsFeed: it takes a line feed behind
	// a picture (GS v 0) for a part of it.
	NoDotFeed, SwallowsFeed bool
	// Position: ESC $ counts dots from the left margin, and a cell of font A is
	// 12 of them, so that a column is reached without writing spaces.
	Position bool
	// Kanji: the model is delivered in a mode of two bytes a character (GB18030),
	// where accents are swallowed until FS . is sent.
	Kanji bool
	// QR and Barcode: the model draws them itself (GS ( k, GS k).
	QR, Barcode bool
	// UTF8: the model takes text as UTF-8 (FS ( C, function 48), too; see Unicode.
	UTF8 bool
	// Logos: the model keeps pictures in its memory (GS ( L, functions 67 and 69).
	Logos bool
	// Buzzer is the command that sounds it.
	Buzzer Buzzer
	// Buffer is how much the model receives ahead of the paper, in bytes (as
	// delivered: a switch makes it smaller), and Speed the slowest that its manual
	// names for its paper, in millimetres a second; 0 where nobody says.
	Buffer, Speed int
	// Answers: what the model is known to answer; a probe decides.
	Answers Answers
	// Sources of the facts, each with the fields that it vouches for.
	Sources []Source
}

// A Source is a manual or a data base, and the facts that are taken from it.
type Source struct {
	// Of are the names of a Profile's fields, separated by blanks. A field that is
	// false or empty and stands here is known to be so; one that does not is not
	// known.
	Of string
	// Is the manual or data base.
	Is string
}

// Source finds where a field of the profile comes from.
func (p Profile) Source(field string) (string, bool) {
	for _, s := range p.Sources {
		for of := range strings.FieldsSeq(s.Of) {
			if of == field {
				return s.Is, true
			}
		}
	}
	return "", false
}

// A Paper is what a model prints on one width of paper.
type Paper struct {
	// Columns of the font that the model starts with.
	Columns int
	// Dots across, at 12 to a column. An impact printer has coarser ones of its
	// own, which only the encoder knows.
	Dots int
}

// A CodePage is one table that ESC t n selects.
type CodePage struct {
	// Number is n of ESC t n.
	Number byte
	// Encoding is the table's name, such as CP858 or WPC1252.
	Encoding string
}

// Cut is how a model cuts the paper.
type Cut string

// The ways to cut.
const (
	CutFeedPartial Cut = "feed-partial" // GS V 66 n: feeds to the cutter, leaves a bridge
	CutFeedFull    Cut = "feed-full"    // GS V 65 n
	CutHere        Cut = "here"         // GS V 0 after feeding by hand
	CutNone        Cut = "none"         // no cutter: feed to the tear bar
)

// Letters is how a model is told the size and the look of its letters.
type Letters string

// The ways to set letters.
const (
	// LettersScaled: GS ! multiplies them by 1 to 8 each way, GS B makes them white
	// on black. Every thermal printer does.
	LettersScaled Letters = ""
	// LettersDouble: ESC ! doubles them, and nothing turns them white.
	LettersDouble Letters = "double"
)

// Graphics is how a model takes pictures.
type Graphics string

// The ways to send pictures.
const (
	// GraphicsRaster: GS v 0, by rows. Every thermal printer does.
	GraphicsRaster Graphics = ""
	// GraphicsColumns: ESC *, eight coarse dots high, too coarse for letters.
	GraphicsColumns Graphics = "columns"
)

// Draws reports whether a line of text can be drawn as a picture of itself.
func (p *Profile) Draws() bool { return p.Graphics == GraphicsRaster }

// LargestLetter is how many times a letter can be made as wide and as high.
func (p Profile) LargestLetter() int {
	if p.Letters == LettersDouble {
		return 2
	}
	return 8
}

// Buzzer is how a model is made to sound.
type Buzzer string

// The ways to sound a buzzer; the empty one where there is none.
const (
	BuzzerEpson Buzzer = "epson" // ESC ( A, function 48
	BuzzerStar  Buzzer = "star"  // ESC GS BEL and ESC GS EM
	BuzzerClone Buzzer = "clone" // ESC B n t
	// BuzzerDrawer: an external buzzer on the drawer's connector (ESC p).
	BuzzerDrawer Buzzer = "drawer"
)

// Answers is what a model sends back.
type Answers struct {
	Status    bool // DLE EOT n
	Fence     bool // GS r n
	ProcessID bool // GS ( H fn 48
	Auto      bool // GS a: automatic status back (ASB)
	Identity  bool // GS I 65 to 68
}

// Lookup finds a profile by its name, whatever the case of its letters.
func Lookup(name string) (Profile, bool) {
	for _, p := range table() {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return Profile{}, false
}

// Auto is what a printer is taken for whose model nobody has named: one that
// can do what the generic profile can, on papers no wider than every model of
// the table fills, so that no line breaks on any of them.
func Auto() Profile {
	auto, _ := Lookup("generic")
	narrow := map[string]Paper{}
	for _, p := range table() {
		for name, paper := range p.Papers {
			least, known := narrow[name]
			if !known {
				least = paper
			}
			narrow[name] = Paper{Columns: min(least.Columns, paper.Columns), Dots: min(least.Dots, paper.Dots)}
		}
	}
	auto.Name, auto.Papers = "auto", narrow
	return auto
}

// Names lists the profiles, sorted.
func Names() []string {
	var names []string
	for _, p := range table() {
		names = append(names, p.Name)
	}
	sort.Strings(names)
	return names
}
