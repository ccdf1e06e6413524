package ticket

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// The picture of the README: the tickets of one delivery order, off a virtual
// printer.
const (
	pictureFile  = "../../../docs/img/tickets.png"
	pictureLimit = 150_000 // bytes
)

func TestPictureOfTickets(t *testing.T) {
	s := limaDelivery(t)
	var sheets []image.Image
	for _, kind := range []string{"receipt", "delivery", "comanda"} {
		sheets = append(sheets, sheet(t, s, s.jobs[kind], papers(t)[0]))
	}
	picture := sideBySide(sheets)
	if *update {
		writePicture(t, picture)
	}
	file, err := os.ReadFile(pictureFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(file) > pictureLimit {
		t.Errorf("%s has %d bytes: at most %d", pictureFile, len(file), pictureLimit)
	}
	have, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	// Letters may differ by a shade between processors; rows and columns do not.
	if size := picture.Bounds().Size(); have.Width != size.X || have.Height != size.Y {
		t.Errorf("%s shows other tickets than these: go test -update draws it anew", pictureFile)
	}
}

// sheet is a ticket as it comes out of a virtual printer.
func sheet(t *testing.T, s sample, job *store.Job, p paper) image.Image {
	t.Helper()
	data, err := escpos.Encode(set(t, render(t, s, job), p), p.Profile, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	printer := virtual.New(p.Profile, p.Papers[p.name], virtual.Options{OnPaper: func(sheet virtual.Paper) {
		if err := sheet.PNG(&out); err != nil {
			t.Error(err)
		}
	}})
	if _, err := printer.Write(data); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// sideBySide lays sheets on one table, in so few greys that the file is small.
func sideBySide(sheets []image.Image) image.Image {
	var size image.Point
	for _, s := range sheets {
		size.X += s.Bounds().Dx()
		size.Y = max(size.Y, s.Bounds().Dy())
	}
	palette := color.Palette{}
	for grey := range 16 {
		palette = append(palette, color.Gray{Y: uint8(grey * 17)})
	}
	table := image.NewPaletted(image.Rectangle{Max: size}, palette)
	draw.Draw(table, table.Bounds(), image.NewUniform(sheets[0].At(0, 0)), image.Point{}, draw.Src)
	x := 0
	for _, s := range sheets {
		draw.Draw(table, image.Rect(x, 0, x+s.Bounds().Dx(), s.Bounds().Dy()), s, s.Bounds().Min, draw.Src)
		x += s.Bounds().Dx()
	}
	return table
}

func writePicture(t *testing.T, picture image.Image) {
	t.Helper()
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("../../../docs/img", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pictureFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
