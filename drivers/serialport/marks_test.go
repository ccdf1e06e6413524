package serialport

import (
	"bytes"
	"testing"

	"mostrador/drivers"
)

// TestMarks: what a line marks is counted, however it is cut, and nothing that
// was wrong passes for right.
func TestMarks(t *testing.T) {
	for _, test := range []struct {
		name     string
		in, want []byte
		errors   drivers.LineErrors
	}{
		{"text", []byte("1 CAFE 2.50\r\n"), []byte("1 CAFE 2.50\r\n"), drivers.LineErrors{Bytes: 13}},
		{"FF and NUL", []byte{0xff, 0xff, 0, 0xff, 0xff}, []byte{0xff, 0, 0xff}, drivers.LineErrors{Bytes: 3}},
		{"a wrong digit", []byte{'1', 0xff, 0, '2', '.', '5'}, []byte{'1', 0xff, '.', '5'}, drivers.LineErrors{Framing: 1, Bytes: 4}},
		{"a break", []byte{'1', 0xff, 0, 0, '2'}, []byte("12"), drivers.LineErrors{Breaks: 1, Bytes: 2}},
		{"a wrong FF", []byte{0xff, 0, 0xff, 'a'}, []byte{0xff, 'a'}, drivers.LineErrors{Framing: 1, Bytes: 2}},
	} {
		for size := 1; size <= len(test.in); size++ {
			var m marker
			var got []byte
			for rest := bytes.Clone(test.in); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				part := bytes.Clone(rest[:min(size, len(rest))])
				got = append(got, part[:m.read(part)]...)
			}
			if !bytes.Equal(got, test.want) || m.errors() != test.errors {
				t.Errorf("%s in pieces of %d: got %q, %+v; want %q, %+v", test.name, size, got, m.errors(), test.want, test.errors)
			}
		}
	}
}

// FuzzMarks: whatever was sent comes out as it was, where nothing was wrong.
func FuzzMarks(f *testing.F) {
	f.Add([]byte{0xff, 0, 0xff, 'a', 0}, uint8(3))
	f.Fuzz(func(t *testing.T, sent []byte, size uint8) {
		marked := bytes.ReplaceAll(sent, []byte{0xff}, []byte{0xff, 0xff})
		var m marker
		var got []byte
		for len(marked) > 0 {
			part := bytes.Clone(marked[:min(int(size)+1, len(marked))])
			marked = marked[len(part):]
			got = append(got, part[:m.read(part)]...)
		}
		if !bytes.Equal(got, sent) || m.errors() != (drivers.LineErrors{Bytes: int64(len(sent))}) {
			t.Errorf("%q came as %q, %+v", sent, got, m.errors())
		}
	})
}
