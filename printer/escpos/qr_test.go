package escpos_test

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
)

// TestDrawnQRIsRead: a scanner reads symbols of many sizes at every level.
func TestDrawnQRIsRead(t *testing.T) {
	scanner, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatal("zbarimg is missing: run packaging/install-tools (make tools), which installs zbar-tools")
	}
	dir := t.TempDir()
	var files, want []string
	for _, level := range []string{"l", "m", "q", "h"} {
		for _, n := range []int{1, 17, 60, 190, 400, 1000} {
			data := strings.Repeat(fmt.Sprintf("mesa %s/%d, ", level, n), n)[:n]
			r, err := escpos.Draw(layout.Code{Type: "qrcode", Data: data, Cell: 4, Level: level}, 4000)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, fmt.Sprintf("%s-%04d.png", level, n))
			saveRaster(t, r, file)
			files, want = append(files, file), append(want, data)
		}
	}
	for i, file := range files {
		out, err := exec.Command(scanner, "--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqr.enable", file).Output()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != want[i] {
			t.Errorf("%s: read %.60q (%v), want %.60q", filepath.Base(file), got, err, want[i])
		}
	}
}

// saveRaster writes a picture with a quiet zone around it.
func saveRaster(t *testing.T, r escpos.Raster, file string) {
	t.Helper()
	const quiet = 16
	img := image.NewGray(image.Rect(0, 0, r.Width+2*quiet, r.Height+2*quiet))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if !r.Black(x-quiet, y-quiet) {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkDrawQR(b *testing.B) {
	code := layout.Code{Type: "qrcode", Data: strings.Repeat("https://x/", 19), Cell: 4, Level: "m"}
	for b.Loop() {
		if _, err := escpos.Draw(code, 576); err != nil {
			b.Fatal(err)
		}
	}
}
