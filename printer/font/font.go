// Package font draws text as dots: what no code page of a printer holds goes to
// paper as a picture of its line. The glyphs are those of GNU Unifont, 8 or 16
// dots wide and 16 high (SIL Open Font License 1.1: see OFL.txt): all of plane
// 0, Han in Chinese and in Japanese forms, and the emoji and symbols of plane 1.
package font

import (
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"math/bits"
	"strings"
)

//go:generate go run generate.go

// packed is the font as generate.go writes it: MFNT, the number of blocks, for
// each its key and offset (6 bytes), one entry more for the end, then the
// blocks, deflated. A key is a rune's upper bits, with 0x8000 for the Japanese
// form.
//
//go:embed glyphs.bin
var packed string

const (
	headerSize = 6
	entrySize  = 6
)

// A Glyph is one sign in dots.
type Glyph struct {
	// Width is 8 or 16 dots.
	Width int
	// Rows from the top, the leftmost dot in the highest bit.
	Rows [16]uint16
}

// keptBlocks bounds the memory of a Font: a block has at most 8 kB.
const keptBlocks = 8

// A Font finds glyphs and draws with them. Nothing of it is unpacked before it
// is asked for, and of what was, the eight blocks of 256 glyphs that were used
// last are kept (64 kB). It must not be used by two goroutines at once. The
// zero value is ready.
type Font struct {
	blocks [keptBlocks]block // the last used first
	buffer scratch
}

// A block is the glyphs of 256 runes.
type block struct {
	key  uint16
	data []byte // present, wide, dots: nil for an empty slot or a block that is not there
}

const japaneseFace = 0x8000

// Glyph finds the glyph of a rune; ok is false where the font has none.
func (f *Font) Glyph(r rune) (g Glyph, ok bool) {
	return f.glyph(r, 0)
}

// JapaneseGlyph finds a rune as Japan writes it. Most differ from Glyph in Han
// and kana only.
func (f *Font) JapaneseGlyph(r rune) (g Glyph, ok bool) {
	if r >= 0x3000 && r <= 0xFFFF {
		if g, ok := f.glyph(r, japaneseFace); ok {
			return g, true
		}
	}
	return f.glyph(r, 0)
}

func (f *Font) glyph(r rune, face uint16) (g Glyph, ok bool) {
	if r < 0 || r > 0x1FFFF {
		return Glyph{}, false
	}
	data := f.block(face | uint16(r>>8))
	i := int(r & 0xFF)
	if data == nil || !has(data, i) {
		return Glyph{}, false
	}
	at := 64 + 16*(count(data[:32], i)+count(data[32:64], i))
	g.Width = 8
	for y := range g.Rows {
		g.Rows[y] = uint16(data[at+y]) << 8
	}
	if has(data[32:], i) {
		g.Width = 16
		for y := range g.Rows {
			g.Rows[y] |= uint16(data[at+16+y])
		}
	}
	return g, true
}

// has reads bit i of a set.
func has(set []byte, i int) bool { return set[i/8]&(0x80>>(i%8)) != 0 }

// count counts the members of a set below i.
func count(set []byte, i int) (n int) {
	for _, b := range set[:i/8] {
		n += bits.OnesCount8(b)
	}
	return n + bits.OnesCount8(set[i/8]&^(0xFF>>(i%8)))
}

// block unpacks a block, or finds it among those that are kept.
func (f *Font) block(key uint16) []byte {
	for i, b := range f.blocks {
		if b.data != nil && b.key == key {
			copy(f.blocks[1:i+1], f.blocks[:i])
			f.blocks[0] = b
			return b.data
		}
	}
	b := block{key: key, data: unpack(key)}
	if b.data != nil {
		copy(f.blocks[1:], f.blocks[:keptBlocks-1])
		f.blocks[0] = b
	}
	return b.data
}

// unpack reads a block from the packed font, nil if it has none of that key.
func unpack(key uint16) []byte {
	from, to, ok := find(key)
	if !ok {
		return nil
	}
	r := flate.NewReader(strings.NewReader(packed[from:to]))
	data, err := io.ReadAll(r)
	if err != nil || len(data) < 64 {
		return nil // TestPackedFont reads every block of the file
	}
	return data
}

// find looks a block up by halves.
func find(key uint16) (from, to int, ok bool) {
	low, high := 0, blockCount()
	for low < high {
		middle := (low + high) / 2
		if k, _ := entry(middle); k < key {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == blockCount() {
		return 0, 0, false
	}
	k, start := entry(low)
	_, end := entry(low + 1)
	base := headerSize + entrySize*(blockCount()+1)
	return base + start, base + end, k == key
}

func blockCount() int { return int(packed[4]) | int(packed[5])<<8 }

// entry is the key and offset of the i-th block.
func entry(i int) (key uint16, offset int) {
	var e [entrySize]byte
	copy(e[:], packed[headerSize+entrySize*i:])
	return binary.LittleEndian.Uint16(e[:]), int(binary.LittleEndian.Uint32(e[2:]))
}
