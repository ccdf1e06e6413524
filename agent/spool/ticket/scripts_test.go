package ticket

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/store"
)

// What no code page holds, off a printer that has code page 437 alone: an order
// in Ukrainian, Arabic, Japanese, Chinese, Hebrew, Thai and emoji.
const scriptsFile = "../../../docs/img/scripts.png"

func manyScripts(t testing.TB) sample {
	s := limaDelivery(t)
	one := store.Units(1)
	o := *s.order
	o.Customer.Name, o.Observations = "Олена Їжакевич", "Дякуємо! 🙏"
	o.Lines = []store.Line{
		{Name: "Lomo saltado", Quantity: one, Total: 3900},
		{Name: "Вареники з картоплею", Quantity: store.Units(2), Total: 5200, Note: "без цибулі, ґречно прошу"},
		{Name: "شاورما دجاج بالثوم", Quantity: one, Total: 2400, Note: "بدون بصل"},
		{Name: "親子丼とラーメン", Quantity: one, Total: 3100},
		{Name: "Pizza 🍕 picante 🌶️", Quantity: one, Total: 3325},
	}
	s.order = &o
	s.jobs["comanda"] = &store.Job{Kind: store.ComandaTicket, Station: "parrilla", Part: 1, Parts: 1, Copy: 1, Items: []store.Item{
		{Quantity: one, Name: "Lomo saltado"},
		{Quantity: store.Units(2), Name: "Вареники з картоплею", Note: "без цибулі, ґречно прошу"},
		{Quantity: one, Name: "شاورما دجاج بالثوم", Note: "بدون بصل"},
		{Quantity: one, Name: "親子丼とラーメン", Modifiers: []store.Item{{Quantity: one, Name: "海苔 extra"}}},
		{Quantity: one, Name: "Pizza 🍕 picante 🌶️"},
	}}
	return s
}

func TestPictureOfScripts(t *testing.T) {
	s, p := manyScripts(t), paper{"80mm", lookup(t, "generic-cp437")}
	var sheets []image.Image
	for _, kind := range []string{"comanda", "receipt"} {
		sheets = append(sheets, sheet(t, s, s.jobs[kind], p))
		page := set(t, render(t, s, s.jobs[kind]), p)
		drawn := 0
		for _, row := range page.Rows {
			if row.Drawn {
				drawn++
			}
		}
		if drawn < 4 || drawn > len(page.Rows)/2 {
			t.Errorf("%s: %d of %d rows are drawn", kind, drawn, len(page.Rows))
		}
		checkNothingIsReplaced(t, page)
		stream, err := escpos.Encode(page, p.Profile, escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d of %d rows drawn", kind, len(stream), drawn, len(page.Rows))
	}
	picture := sideBySide(sheets)
	if *update {
		var out bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		if err := encoder.Encode(&out, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(scriptsFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compareDots(t, scriptsFile, picture)
}

// checkNothingIsReplaced looks for the question marks of a text that was not
// drawn.
func checkNothingIsReplaced(t *testing.T, page layout.Page) {
	t.Helper()
	for i, row := range page.Rows {
		for _, run := range row.Runs {
			if bytes.ContainsAny([]byte(run.Text), "?�") {
				t.Errorf("row %d: %q", i, run.Text)
			}
		}
	}
}

// compareDots compares a picture with the one that is kept. The outlines of
// letters may differ by a shade between processors, drawn ones do not.
func compareDots(t *testing.T, name string, picture image.Image) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	kept, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Bounds() != picture.Bounds() {
		t.Fatalf("%s has %v, these tickets %v: go test -update draws it anew", name, kept.Bounds().Size(), picture.Bounds().Size())
	}
	different := 0
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			a, _, _, _ := kept.At(x, y).RGBA()
			b, _, _, _ := picture.At(x, y).RGBA()
			if a > b+0x4000 || b > a+0x4000 {
				different++
			}
		}
	}
	if different > 0 {
		t.Errorf("%s: %d dots differ: go test -update draws it anew", name, different)
	}
}
