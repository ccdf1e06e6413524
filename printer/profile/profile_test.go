package profile_test

import (
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
	if _, ok := profile.Lookup("TM-T20"); ok {
		t.Error("a part of a name must not be taken for it")
	}
	if !slices.IsSorted(profile.Names()) {
		t.Error("names are not sorted")
	}
}

func TestProfilesAreComplete(t *testing.T) {
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		if len(p.Papers) == 0 || len(p.Pages) == 0 || len(p.Sources) == 0 || p.Cut == "" {
			t.Errorf("%s: papers, pages, sources and cut must be given: %+v", name, p)
		}
		if (p.Cut == profile.CutNone || p.Cut == profile.CutHere) && p.Tear == 0 {
			t.Errorf("%s: nothing carries its last line past the tear bar", name)
		}
		for paper, dims := range p.Papers {
			if dims.Columns*12 > dims.Dots {
				t.Errorf("%s on %s: %d columns of 12 dots are wider than %d dots", name, paper, dims.Columns, dims.Dots)
			}
			if dims.Dots > 576 || dims.Dots%4 != 0 {
				t.Errorf("%s on %s: %d dots", name, paper, dims.Dots)
			}
		}
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
