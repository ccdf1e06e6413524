package escpos

import (
	"bytes"
	"testing"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// Any picture, also one that spells commands, is sent without one, with no dot
// lost and none added but beside a black one.
func FuzzRasterIsHarmless(f *testing.F) {
	f.Add([]byte{0x10, 0x04, 0x10, 0x05, 0x10, 0x14, 0x10, 0x10, 0x04}, byte(3))
	f.Add(bytes.Repeat([]byte{0x10, 0x04}, 400), byte(2))
	f.Fuzz(func(t *testing.T, bits []byte, stride byte) {
		wide := int(stride)%72 + 1
		rows := len(bits) / wide
		r := Raster{Width: wide * 8, Height: rows, Bits: bits[:rows*wide]}
		before := bytes.Clone(r.Bits)
		e := encoder{p: &profile.Profile{}, style: layout.Style{Width: 1, Height: 1}}
		e.raster(r)
		for _, c := range [][]byte{{0x10, 0x04}, {0x10, 0x05}, {0x10, 0x14}} {
			if bytes.Contains(e.out, c) {
				t.Fatalf("% x in % x", c, e.out)
			}
		}
		var got []byte
		d := NewDecoder(profile.Profile{})
		d.Feed(e.out, func(e Event) { got = append(got, e.Raster.Bits...) })
		if len(got) != len(before) || !bytes.Equal(r.Bits, before) {
			t.Fatalf("%d of %d bytes, or the picture itself was changed", len(got), len(before))
		}
		for i := range got {
			if lost := before[i] &^ got[i]; lost != 0 || got[i]&^before[i]&^0x08 != 0 {
				t.Fatalf("byte %d: %02x became %02x", i, before[i], got[i])
			}
		}
	})
}

// Every pair of bytes, in a row, across rows and across the headers of bands, is
// sent without a real-time command and with at most the dot beside a lone one.
func TestEveryPairOfBytesIsHarmless(t *testing.T) {
	for _, stride := range []int{1, 4, 5, 16, 20, 72} {
		for first := range 256 {
			bits := make([]byte, 0, 2*256+stride)
			for second := range 256 {
				bits = append(bits, byte(first), byte(second))
			}
			bits = append(bits, make([]byte, (stride-len(bits)%stride)%stride)...)
			for shift := range 2 {
				r := Raster{Width: 8 * stride, Height: len(bits)/stride - shift, Bits: bits[shift : len(bits)-stride+shift]}
				if shift == 0 {
					r.Bits = bits
				}
				e := encoder{p: &profile.Profile{}, style: layout.Style{Width: 1, Height: 1}}
				e.raster(r)
				d := NewDecoder(profile.Profile{})
				d.Feed(e.out, func(e Event) {
					if e.Kind != Picture || e.RealTime {
						t.Fatalf("%v in a picture of %02x, stride %d", e.Kind, first, stride)
					}
				})
				for i := range len(e.out) - 1 {
					if c := e.out[i+1]; e.out[i] == dle && (c == 0x04 || c == 0x05 || c == 0x14) {
						t.Fatalf("10 %02x at byte %d, stride %d", c, i, stride)
					}
				}
			}
		}
	}
}
