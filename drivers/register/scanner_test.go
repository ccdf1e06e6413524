package register

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// scan feeds data in the pieces that cuts make, and says what came out.
func scan(t *testing.T, data []byte, cuts []byte) (lines []string, rest []byte) {
	t.Helper()
	s := scanner{emit: func(l line) error {
		for _, b := range append(slices.Clone(l.garbage), l.text) {
			if len(b) > maxLine {
				t.Fatalf("a piece of %d bytes", len(b))
			}
		}
		if len(l.text) == 0 && len(l.garbage) == 0 {
			t.Fatal("a line of nothing")
		}
		lines = append(lines, fmt.Sprintf("%q %q %v", l.text, l.garbage, l.broken))
		return nil
	}}
	for i := 0; len(data) > 0; i++ {
		n := len(data)
		if i < len(cuts) {
			n = min(n, int(cuts[i]))
		}
		if err := s.feed(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
		if i >= len(cuts) {
			break
		}
	}
	return lines, s.partial()
}

// However the bytes are split, the same lines come out, and no byte of text is
// lost.
func FuzzScanner(f *testing.F) {
	f.Add([]byte("1 2.00\r\n2 3.00\r3 4.00\n\n"), []byte{3, 4, 1, 0, 1})
	f.Add([]byte("\x00\x021 2.00\x03\r\n\x05x\x07y\nhalf"), []byte{1, 1, 1, 1, 1, 1})
	f.Add(append(bytes.Repeat([]byte("9"), 2*maxLine+1), "\nx"...), []byte{255, 255, 255})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole, wholeRest := scan(t, data, nil)
		split, splitRest := scan(t, data, cuts)
		if !slices.Equal(whole, split) || !bytes.Equal(wholeRest, splitRest) {
			t.Errorf("whole: %q and %q\nsplit: %q and %q", whole, wholeRest, split, splitRest)
		}
	})
}
