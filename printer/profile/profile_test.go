package profile_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"mostrador/printer/profile"
)

func TestLookupIgnoresCase(t *testing.T) {
	for _, name := range profile.Names() {
		for _, written := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if p, ok := profile.Lookup(written); !ok || p.Name != name {
				t.Errorf("Lookup(%q) = %q, %v", written, p.Name, ok)
			}
		}
	}
	if _, ok := profile.Lookup("TM-T"); ok {
		t.Error("a part of a name must not be taken for it")
	}
	if !slices.IsSorted(profile.Names()) {
		t.Error("names are not sorted")
	}
}

func TestProfilesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		if seen[strings.ToLower(name)] {
			t.Errorf("%s stands twice", name)
		}
		seen[strings.ToLower(name)] = true
		if len(p.Papers) == 0 || len(p.Pages) == 0 || p.Cut == "" {
			t.Errorf("%s: papers, pages and cut must be given: %+v", name, p)
		}
		if (p.Cut == profile.CutNone || p.Cut == profile.CutHere) && p.Tear == 0 {
			t.Errorf("%s: nothing carries its last line past the tear bar", name)
		}
		if p.DPI != 0 && (p.DPI < 72 || p.DPI > 300) || p.Cutter < 0 || p.Cutter > 40 || p.Buffer < 0 || p.Speed < 0 || p.Speed > 500 {
			t.Errorf("%s: %d dpi, %d mm to the cutter, %d bytes, %d mm/s", name, p.DPI, p.Cutter, p.Buffer, p.Speed)
		}
		for paper, dims := range p.Papers {
			if dims.Columns < 30 || dims.Columns*12 > dims.Dots {
				t.Errorf("%s on %s: %d columns of 12 dots on %d dots", name, paper, dims.Columns, dims.Dots)
			}
			if dims.Dots > 576 || dims.Dots%4 != 0 {
				t.Errorf("%s on %s: %d dots", name, paper, dims.Dots)
			}
			if width := map[string]int{"80mm": 576, "76mm": 480, "58mm": 420}[paper]; dims.Dots > width {
				t.Errorf("%s on %s: %d dots are more than %d", name, paper, dims.Dots, width)
			}
		}
	}
}

// Every fact has its source, and every source vouches for facts that there are.
func TestEveryFactHasItsSource(t *testing.T) {
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		v := reflect.ValueOf(p)
		for i := range v.NumField() {
			field := v.Type().Field(i).Name
			is, ok := p.Source(field)
			switch field {
			case "Name", "Vendor", "Sources":
				continue
			}
			if !v.Field(i).IsZero() && (!ok || is == "") {
				t.Errorf("%s: nobody is named who says that %s is %v", name, field, v.Field(i))
			}
		}
		for _, s := range p.Sources {
			for _, field := range strings.Fields(s.Of) {
				if _, ok := v.Type().FieldByName(field); !ok {
					t.Errorf("%s: %q vouches for %q, which no profile has", name, s.Is, field)
				}
			}
		}
	}
	if is, ok := (profile.Profile{}).Source("DPI"); ok {
		t.Errorf("an empty profile has %q for a source", is)
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct{ maker, model, want string }{
		{"EPSON", "TM-T88V", "TM-T88V"}, {"EPSON", "TM-T88VI", "TM-T88VI"}, {"EPSON", "TM-T88VII", "TM-T88VII"},
		{"EPSON", "TM-T88V-i", "TM-T88V"}, {"EPSON", "TM-m30II-NT", "TM-m30II"}, {"EPSON", "tm-t20ii ", "TM-T20II"},
		{"EPSON", "TM-T20", "TM-T20"}, {"EPSON", "TM-T20X", ""}, {"EPSON", "TM-T20IIIL", ""}, {"EPSON", "TM-U220B", "TM-U220"},
		{"CITIZEN", "CT-S310II", "CT-S310II"}, {"Star", "TSP650II (STR_T-001)", "TSP650II"}, {"BIXOLON", "SRP-350III", "SRP-350III"},
		{"BIXOLON", "TM-T88V", ""}, {"", "TM-T88V", ""}, {"EPSON", "", ""}, {"", "", ""}, {"", "generic", ""}, {"XPRINTER", "XP-N160II", "XP-N160II"},
	} {
		p, ok := profile.Match(c.maker, c.model)
		if p.Name != c.want || ok != (c.want != "") {
			t.Errorf("Match(%q, %q) = %q, %v, want %q", c.maker, c.model, p.Name, ok, c.want)
		}
	}
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		if got, ok := profile.Match(strings.ToUpper(p.Vendor), p.Name); p.Vendor != "" && (!ok || got.Name != name) {
			t.Errorf("%s by %s matches %q", name, p.Vendor, got.Name)
		}
	}
}

// Only letters that a UTF-8 printer has beyond its pages go that way.
func TestUnicode(t *testing.T) {
	utf8, _ := profile.Lookup("TM-m30II")
	single, _ := profile.Lookup("TM-T20II")
	for r, want := range map[rune]bool{'ế': true, 'Ư': true, 'ŝ': true, 'A': false, 'ñ': false, '漢': false, '🍕': false, 'ش': false, 'ก': false} {
		if utf8.Unicode(r) != want {
			t.Errorf("Unicode(%q) is not %v", r, want)
		}
		if single.Unicode(r) {
			t.Errorf("%q cannot be sent to a printer without UTF-8", r)
		}
	}
	if !utf8.Holds('ế') || single.Holds('ế') || utf8.Fit("Phở bò tái") != "Phở bò tái" {
		t.Errorf("%q", utf8.Fit("Phở bò tái"))
	}
}

// The numbers of ESC t n in the vendors' manuals, for the pages that tickets
// need most.
func TestPageNumbersOfTheManuals(t *testing.T) {
	epson := map[string]byte{"CP437": 0, "CP850": 2, "CP858": 19, "WPC1252": 16, "CP866": 17, "CP852": 18}
	want := map[string]map[string]byte{
		"TM-T20II": epson, "TM-T88V": epson, "Star-ESCPOS": epson, "XP-N160I": epson, "POS-5890": epson, "generic": epson,
		"CT-S310II": {"CP437": 0, "CP858": 2, "WPC1252": 16, "CP866": 7, "CP852": 6},
	}
	for name, numbers := range want {
		p, ok := profile.Lookup(name)
		if !ok {
			t.Errorf("no profile %s", name)
			continue
		}
		for encoding, number := range numbers {
			i := slices.IndexFunc(p.Pages, func(c profile.CodePage) bool { return c.Encoding == encoding })
			if i < 0 || p.Pages[i].Number != number {
				t.Errorf("%s: %s is not page %d: %v", name, encoding, number, p.Pages)
			}
		}
		if name == "CT-S310II" && slices.ContainsFunc(p.Pages, func(c profile.CodePage) bool { return c.Encoding == "CP850" }) {
			t.Errorf("%s has no page 850", name)
		}
	}
}

// Everything that a page claims to hold comes back as itself, and nothing that
// it claims is a command.
func TestEveryRuneOfEveryPageRoundTrips(t *testing.T) {
	done := map[string]bool{}
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		numbers := map[byte]bool{}
		for _, page := range p.Pages {
			if numbers[page.Number] {
				t.Errorf("%s: page %d stands twice", name, page.Number)
			}
			numbers[page.Number] = true
			if !done[page.Encoding] {
				roundTrip(t, page)
			}
			done[page.Encoding] = true
		}
	}
}

func roundTrip(t *testing.T, page profile.CodePage) {
	t.Helper()
	lone := profile.Profile{Pages: []profile.CodePage{{Encoding: "CP437"}, page}}
	held := 0
	for r := rune(0); r <= 0x1ffff; r++ {
		b, ok := page.Encode(r)
		if !ok {
			continue
		}
		held++
		if b < ' ' || b == 0x7f {
			t.Errorf("%s: %q would be sent as the control %#x", page.Encoding, r, b)
		}
		if back := page.Decode(b); back != r {
			t.Errorf("%s: %q is sent as %#x, which prints %q", page.Encoding, r, b, back)
		}
		if at, again, ok := lone.Page(r, 1); !ok || at != 1 || again != b {
			t.Errorf("Page(%q) leaves %s, which holds it", r, page.Encoding)
		}
	}
	if held < 95+90 {
		t.Errorf("%s holds only %d runes: is its table known?", page.Encoding, held)
	}
}

// Where the letters of the table that is ours stand, as IBM has them.
func TestUkrainianPage(t *testing.T) {
	page := profile.CodePage{Number: 44, Encoding: "CP1125"}
	for r, want := range map[rune]byte{
		'А': 0x80, 'Я': 0x9f, 'а': 0xa0, 'п': 0xaf, '░': 0xb0, '─': 0xc4, '▀': 0xdf, 'р': 0xe0, 'я': 0xef, 'Ё': 0xf0, 'ё': 0xf1,
		'Ґ': 0xf2, 'ґ': 0xf3, 'Є': 0xf4, 'є': 0xf5, 'І': 0xf6, 'і': 0xf7, 'Ї': 0xf8, 'ї': 0xf9, '÷': 0xfa, '±': 0xfb, '№': 0xfc, '¤': 0xfd, '■': 0xfe,
	} {
		if b, ok := page.Encode(r); !ok || b != want {
			t.Errorf("%q is %02x, want %02x", r, b, want)
		}
	}
	if page.Decode(0xff) != ' ' {
		t.Error("FF is a blank")
	}
}

func TestPagePrefersTheCurrentOneThenTheFirst(t *testing.T) {
	p, _ := profile.Lookup("TM-T20II")
	for _, c := range []struct {
		r       rune
		current int
		want    string
	}{
		{'ñ', -1, "CP858"}, {'€', -1, "CP858"}, {'“', -1, "WPC1252"}, {'ñ', 1, "WPC1252"}, {'A', 5, "CP866"},
		{'Ж', -1, "CP866"}, {'ґ', -1, "WPC1251"}, {'Ω', -1, "CP437"}, {'ğ', -1, "WPC1254"}, {'ł', 0, "CP852"},
	} {
		page, _, ok := p.Page(c.r, c.current)
		if !ok || p.Pages[page].Encoding != c.want {
			t.Errorf("%q from page %d: got page %d, want %s", c.r, c.current, page, c.want)
		}
	}
	if _, _, ok := p.Page('漢', 0); ok {
		t.Error("no page holds Han")
	}
}

// A ticket laid out for an unknown model fits on every known one.
func TestAutoIsNoWiderThanAnyModel(t *testing.T) {
	auto := profile.Auto()
	if auto.Name != "auto" || len(auto.Pages) == 0 || auto.Papers["58mm"].Columns == 0 || auto.Papers["80mm"].Columns == 0 {
		t.Fatalf("auto is %+v", auto)
	}
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		for width, paper := range p.Papers {
			if got := auto.Papers[width]; got.Columns > paper.Columns || got.Dots > paper.Dots {
				t.Errorf("auto on %s has %+v, %s %+v", width, got, name, paper)
			}
		}
	}
}
