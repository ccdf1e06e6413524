package scanner

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"
)

// frames feeds data in the pieces that cuts make, and says what came out.
func frames(t *testing.T, ends string, data, cuts []byte) (out []string) {
	t.Helper()
	f := framer{ends: ends, emit: func(text, garbage []byte) error {
		if (len(text) == 0) == (len(garbage) == 0) || len(text) > maxCode || len(garbage) > maxCode {
			t.Fatalf("emitted %q and %q", text, garbage)
		}
		out = append(out, fmt.Sprintf("%q %q", text, garbage))
		return nil
	}}
	for _, cut := range cuts {
		n := min(len(data), int(cut))
		if err := f.feed(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	if err := f.feed(data); err != nil {
		t.Fatal(err)
	}
	if err := f.silent(); err != nil {
		t.Fatal(err)
	}
	if f.waiting() {
		t.Fatal("something waits after silence")
	}
	return out
}

// However the bytes are split, the same codes come out; and what is taken for a
// code is text within its bounds.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("4006381333931\r\n]Q1lima-01/1842\r96385074\n\n"), []byte{3, 4, 1, 0, 1}, byte(0))
	f.Add([]byte("12\t34\t"), []byte{1, 1}, byte(1))
	f.Add([]byte("\x02CAJA1:]E04006381333931;\x03\r\n\x02\x02x\x03y\x03"), []byte{1, 1, 1, 1, 1, 1}, byte(2))
	f.Add(append(bytes.Repeat([]byte("9"), 2*maxCode+1), "\nx"...), []byte{255, 255, 255}, byte(3))
	f.Fuzz(func(t *testing.T, data, cuts []byte, ends byte) {
		way := []string{EndsLine, EndsTab, EndsETX, EndsSilence}[ends%4]
		whole, split := frames(t, way, data, nil), frames(t, way, data, cuts)
		if !slices.Equal(whole, split) {
			t.Errorf("whole: %q\nsplit: %q", whole, split)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("P]C10195012345678903\x1d10LOTE;"), "P", ";", true, false)
	f.Add([]byte("ni\xf1o"), "", "", false, true)
	f.Add([]byte("]"), "", "", true, false)
	f.Fuzz(func(t *testing.T, raw []byte, prefix, suffix string, aim, latin bool) {
		if added(prefix) != nil || added(suffix) != nil {
			return // New refuses them
		}
		c := &Scanner{prefix: prefix, suffix: suffix, aim: aim, latin: latin, min: 1, max: 20}
		record, ok := c.read(raw)
		if !ok {
			return
		}
		code := record.Fields["code"]
		if n := utf8.RuneCountInString(code); !utf8.ValidString(code) || n < 1 || n > 20 {
			t.Errorf("%q is a code of %d characters", code, n)
		}
		for _, r := range code {
			if r != gs && !unicode.IsGraphic(r) {
				t.Errorf("%q holds %U", code, r)
			}
		}
		if aim != (record.Fields["symbology"] != "" && len(record.Fields["aim"]) == 2) {
			t.Errorf("%q is %v", raw, record.Fields)
		}
	})
}
