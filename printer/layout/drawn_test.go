package layout

import (
	"fmt"
	"strings"
	"testing"

	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

func TestClusters(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"año", "a1 ñ1 o1"},
		{"a\u0301\u0323b", "a\u0301\u03231 b1"},
		{"親子丼x", "親2 子2 丼2 x1"},
		{"👨‍👩‍👧🇵🇪🍕", "👨‍👩‍👧2 🇵🇪2 🍕2"},
		{"سلام لأ", "س1 لا1 م1  1 لأ1"},
		{"ل\u064eا", "ل\u064eا1"},
		{"कि", "कि2"},
		{"ต้มยำ", "ต้1 ม1 ยำ2"},
	} {
		var got []string
		for cluster, cells := range Clusters(c.text) {
			got = append(got, fmt.Sprint(cluster, cells))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

// Only the rows that need it are drawn, and only by printers that can.
func TestDrawnRows(t *testing.T) {
	const markup = "{text:words;width:*,8}\n|Salsa… “ají” |5,00 \n|Борщ з пампушками |12,50\n|寿司 🍣 |9,00\n\"ab\"كبا_ب_\n{code:x}\n=\n"
	doc, err := receipt.Parse(markup)
	if err != nil {
		t.Fatal(err)
	}
	p := paperOf(24)
	p.Pages = []profile.CodePage{{Number: 0, Encoding: "CP437"}}
	page, err := Layout(doc, p, "roll")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, row := range page.Rows {
		drawn = append(drawn, fmt.Sprint(row.Drawn))
	}
	if got, want := strings.Join(drawn, " "), "false true true true true false false"; got != want {
		t.Errorf("drawn: %s, want %s\n%s", got, want, Text(page))
	}
	joined := page.Rows[4].Runs
	if len(joined) != 3 || joined[0].Joined || !joined[1].Joined || !joined[2].Joined || joined[2].Column != joined[0].Column+5 {
		t.Errorf("%+v", joined)
	}
	if got := Text(page); !strings.Contains(got, "Борщ з") || !strings.Contains(got, "寿司 🍣") || !strings.Contains(got, `Salsa... "ají"`) {
		t.Errorf("%s", got)
	}
	p.Graphics = profile.GraphicsColumns
	page, err = Layout(doc, p, "roll")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range page.Rows {
		if row.Drawn {
			t.Errorf("row %d is drawn by a printer that cannot", i)
		}
	}
}
