package layout_test

import (
	"reflect"
	"testing"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// A Layouter that has set other documents before gives the page that a new one
// gives: nothing of a page, and no column's width, stays behind.
func TestLayouterForgets(t *testing.T) {
	p, _ := profile.Lookup("TM-T20II")
	var l layout.Layouter
	for range 2 {
		for _, markup := range []string{
			"{width:* 6;text:words}\nPizza | 1.234.567,89 €\nPizza | 1,00 €\nuno dos tres cuatro | 5,00\n",
			"{border:line}\na | b\n-\nc | d\n",
			"a | b\n{code:1}\n=\n",
			"^^^^^^größer | 12345678901234567890\n日本 | x\n",
			"",
		} {
			doc, err := receipt.Parse(markup)
			if err != nil {
				t.Fatal(err)
			}
			for _, paper := range []string{"80mm", "58mm"} {
				want, wantErr := layout.Layout(doc, p, paper)
				got, err := l.Layout(doc, p, paper)
				if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
					t.Errorf("%q on %s: got %+v, want %+v", markup, paper, got, want)
				}
			}
		}
	}
}

// The numbers of one line take room from their neighbours in that line alone.
func TestRoomIsGivenForOneLine(t *testing.T) {
	p, _ := profile.Lookup("TM-T20II")
	set := func(markup string) []layout.Row {
		doc, err := receipt.Parse(markup)
		if err != nil {
			t.Fatal(err)
		}
		page, err := layout.Layout(doc, p, "80mm")
		if err != nil {
			t.Fatal(err)
		}
		return page.Rows
	}
	const format = "{width:* 6;text:words}\n"
	both := set(format + "Pizza | 1.234.567,89\nuno |dos |\n")
	if alone := set(format + "uno |dos |\n"); !reflect.DeepEqual(both[len(both)-1:], alone) {
		t.Errorf("got %+v, want %+v", both[len(both)-1:], alone)
	}
}
