//go:build ignore

// Generate packs GNU Unifont 15.0.01 into glyphs.bin. It reads what Debian's
// packages unifont and fonts-unifont (1:15.0.01-2) install; -root names another
// folder that they were unpacked in.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

const (
	plane0   = "usr/share/unifont/unifont.hex"
	japanese = "usr/share/unifont/unifont_jp.hex"
	plane1   = "usr/share/fonts/opentype/unifont/unifont_upper.otf"
)

// japaneseFace marks the blocks of Han as Japan writes it.
const japaneseFace = 0x8000

// upper are the parts of plane 1 that are taken: musical, mathematical and
// enclosed signs, games, emoji, symbols.
var upper = [][2]rune{{0x1D100, 0x1D1FF}, {0x1D400, 0x1D7FF}, {0x1F000, 0x1FBFF}}

// A glyph is 16 rows of 8 or 16 dots.
type glyph struct {
	wide bool
	rows [16]uint16 // the leftmost dot in the highest bit
}

func main() {
	root := flag.String("root", "/", "`folder` that the packages are unpacked in")
	flag.Parse()
	packed, err := generate(*root)
	if err == nil {
		err = os.WriteFile("glyphs.bin", packed, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("glyphs.bin: %d bytes\n", len(packed))
}

func generate(root string) ([]byte, error) {
	common, err := readHex(filepath.Join(root, plane0))
	if err != nil {
		return nil, err
	}
	japan, err := readHex(filepath.Join(root, japanese))
	if err != nil {
		return nil, err
	}
	if err := readOutlines(filepath.Join(root, plane1), common); err != nil {
		return nil, err
	}
	blocks := map[uint16]map[byte]glyph{}
	for r, g := range common {
		put(blocks, uint16(r>>8), r, g)
	}
	for r, g := range japan {
		if r < 0x10000 && common[r] != g {
			put(blocks, japaneseFace|uint16(r>>8), r, g)
		}
	}
	return pack(blocks)
}

func put(blocks map[uint16]map[byte]glyph, key uint16, r rune, g glyph) {
	if blocks[key] == nil {
		blocks[key] = map[byte]glyph{}
	}
	blocks[key][byte(r)] = g
}

// readHex reads lines such as 0041:0000000018242442427E424242420000.
func readHex(name string) (map[rune]glyph, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w (install unifont and fonts-unifont, or give -root)", err)
	}
	defer f.Close()
	glyphs := map[rune]glyph{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		code, dots, _ := strings.Cut(lines.Text(), ":")
		r, err1 := strconv.ParseUint(code, 16, 32)
		b, err2 := hex.DecodeString(dots)
		if err := errors.Join(err1, err2); err != nil || len(b) != 16 && len(b) != 32 {
			return nil, fmt.Errorf("%s: %q: %w", name, lines.Text(), err)
		}
		g := glyph{wide: len(b) == 32}
		for y := range g.rows {
			if g.wide {
				g.rows[y] = binary.BigEndian.Uint16(b[2*y:])
			} else {
				g.rows[y] = uint16(b[y]) << 8
			}
		}
		glyphs[rune(r)] = g
	}
	return glyphs, nil
}

// readOutlines takes glyphs from outlines that trace dots: a dot is 4 units
// wide, the baseline two dots above the lower edge.
func readOutlines(name string, glyphs map[rune]glyph) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	font, err := sfnt.Parse(b)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var buffer sfnt.Buffer
	size := fixed.Int26_6(font.UnitsPerEm()) * 64
	for _, part := range upper {
		for r := part[0]; r <= part[1]; r++ {
			index, err := font.GlyphIndex(&buffer, r)
			if err != nil || index == 0 {
				continue
			}
			advance, err1 := font.GlyphAdvance(&buffer, index, size, 0)
			outline, err2 := font.LoadGlyph(&buffer, index, size, nil)
			if err := errors.Join(err1, err2); err != nil {
				return fmt.Errorf("%s: %U: %w", name, r, err)
			}
			glyphs[r] = fill(outline, advance > size/2)
		}
	}
	return nil
}

// fill finds the dots inside of an outline of straight lines, by counting the
// vertical lines to the left of each dot's middle.
func fill(outline sfnt.Segments, wide bool) glyph {
	const dot = 4 * 64
	g := glyph{wide: wide}
	for y := range 16 {
		for x := range 16 {
			px, py := fixed.Int26_6(x*dot+dot/2), fixed.Int26_6((y-14)*dot+dot/2)
			if winding(outline, px, py) != 0 {
				g.rows[y] |= 0x8000 >> x
			}
		}
	}
	return g
}

func winding(outline sfnt.Segments, x, y fixed.Int26_6) (n int) {
	var start, at fixed.Point26_6
	line := func(to fixed.Point26_6) {
		if at.X == to.X && at.X < x && (at.Y < y) != (to.Y < y) {
			if at.Y < to.Y {
				n++
			} else {
				n--
			}
		}
		at = to
	}
	for _, s := range outline {
		if s.Op == sfnt.SegmentOpMoveTo {
			line(start)
			start, at = s.Args[0], s.Args[0]
			continue
		}
		line(s.Args[0])
	}
	line(start)
	return n
}

// pack writes the file that font.go reads: see there.
func pack(blocks map[uint16]map[byte]glyph) ([]byte, error) {
	var keys []uint16
	for key := range blocks {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var index, data bytes.Buffer
	index.WriteString("MFNT")
	binary.Write(&index, binary.LittleEndian, uint16(len(keys)))
	for _, key := range keys {
		binary.Write(&index, binary.LittleEndian, key)
		binary.Write(&index, binary.LittleEndian, uint32(data.Len()))
		w, err := flate.NewWriter(&data, flate.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(block(blocks[key])); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
	}
	binary.Write(&index, binary.LittleEndian, uint16(0xFFFF))
	binary.Write(&index, binary.LittleEndian, uint32(data.Len()))
	return append(index.Bytes(), data.Bytes()...), nil
}

// block is which of 256 runes there are, which of them are wide, and the dots:
// the left half of each glyph, then its right half.
func block(glyphs map[byte]glyph) []byte {
	out := make([]byte, 64)
	for i := range 256 {
		g, ok := glyphs[byte(i)]
		if !ok {
			continue
		}
		out[i/8] |= 0x80 >> (i % 8)
		for _, row := range g.rows {
			out = append(out, byte(row>>8))
		}
		if g.wide {
			out[32+i/8] |= 0x80 >> (i % 8)
			for _, row := range g.rows {
				out = append(out, byte(row))
			}
		}
	}
	return out
}
