package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A document that is cut in two is two pictures: nothing of it is left out.
func TestPrintPictures(t *testing.T) {
	dir := t.TempDir()
	markup, picture := filepath.Join(dir, "nota.receipt"), filepath.Join(dir, "nota.png")
	if err := os.WriteFile(markup, []byte("uno\n=\ndos\n\n\n\ntres\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "print", markup, "--png", picture); code != exitDone {
		t.Fatalf("print ends with %d: %s", code, stderr)
	}
	var heights []int
	for _, name := range []string{picture, filepath.Join(dir, "nota-2.png")} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		i, err := png.Decode(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		heights = append(heights, i.Bounds().Dy())
	}
	if heights[1] <= heights[0] {
		t.Errorf("heights %v: the second paper has more lines", heights)
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "*.png")); len(all) != 2 {
		t.Errorf("pictures: %v", all)
	}
}

// squeeze leaves of a text what a column's width cannot change: no spaces, and
// the typographic characters that a code page may lack as the plain ones.
func squeeze(s string) string {
	return strings.NewReplacer(" ", "", "\n", "", "\t", "", "\u00a0", "", "’", "'").Replace(s)
}
