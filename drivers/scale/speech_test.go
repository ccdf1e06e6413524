package scale

import (
	"bytes"
	"math/big"
	"slices"
	"testing"
)

// messages cuts data that comes in the pieces that cuts make. No byte is lost
// but line ends and what frames a message.
func messages(t *testing.T, s speech, data, cuts []byte) (out []string) {
	t.Helper()
	var buf []byte
	feed := func(piece []byte) {
		buf = append(buf, piece...)
		for {
			before := len(buf)
			message, garbage, rest, done := s.cut(buf)
			if len(message) > 0 {
				out = append(out, string(message))
			}
			if len(message)+len(garbage)+len(rest) > before || done && len(rest) >= before {
				t.Fatalf("%q was cut into %q, %q and %q", buf, message, garbage, rest)
			}
			buf = slices.Clone(rest)
			if !done {
				break
			}
		}
		if len(buf) > maxMessage {
			t.Fatalf("%d bytes wait for their end", len(buf))
		}
	}
	for _, cut := range cuts {
		n := min(len(data), int(cut))
		feed(data[:n])
		data = data[n:]
	}
	feed(data)
	return out
}

// However the bytes are split, the same messages come out, and a reading is one
// of those that are documented.
func FuzzSpeech(f *testing.F) {
	f.Add([]byte("xy\x02 1.250\r\x02?a\r\x02 0.5\x02 0.500N\r"), []byte{1, 2, 3}, byte(0))
	f.Add([]byte("S S     100.00 g\r\nS D      -1.250 kg\r\nS +\r\nES\r\n"), []byte{4, 0, 9}, byte(1))
	f.Add([]byte("\x02\x35\x30\x20001250000000\r\x02\x35\x38\x20  1250000000\r"), []byte{1, 1, 20}, byte(2))
	f.Add([]byte("\x02\x35\x30\x20001250000000\r?\x02"), []byte{17, 1}, byte(3))
	f.Fuzz(func(t *testing.T, data, cuts []byte, which byte) {
		s := []speech{toledo8217("kg"), sics(false), toledoContinuous(false), toledoContinuous(true)}[which%4]
		if len(data) > maxMessage {
			return // a message that is too long is given up where a read ends
		}
		whole, split := messages(t, s, data, nil), messages(t, s, data, cuts)
		if !slices.Equal(whole, split) {
			t.Fatalf("whole: %q\nsplit: %q", whole, split)
		}
		for _, message := range whole {
			r, ok := s.read([]byte(message))
			if !ok {
				continue
			}
			if !slices.Contains([]string{Stable, Unstable, Over, Under, NotZeroed, Fault}, r.state) {
				t.Errorf("%q has the state %q", message, r.state)
			}
			if r.weighed != isUnit(r.unit) || r.state == Stable && !r.weighed {
				t.Errorf("%q is %+v", message, r)
			}
		}
	})
}

// A decimal is exact: its text is read back as itself, and comparing two is
// comparing fractions.
func FuzzDecimal(f *testing.F) {
	f.Add("0.005", "-0.0050")
	f.Add("12345678", "1.2345678")
	f.Add("-0", "+00.0")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, ok := parseDecimal(a)
		if !ok {
			return
		}
		if again, ok := parseDecimal(x.String()); !ok || again != x {
			t.Errorf("%q became %q, which is read as %v, %v", a, x, again, ok)
		}
		exact, ok := new(big.Rat).SetString(a)
		if own, _ := new(big.Rat).SetString(x.String()); !ok || own.Cmp(exact) != 0 {
			t.Errorf("%q became %q", a, x)
		}
		y, ok := parseDecimal(b)
		if !ok || y.digits < 0 {
			return
		}
		bound, _ := new(big.Rat).SetString(b)
		if got, want := x.within(y), exact.Abs(exact).Cmp(bound) <= 0; got != want {
			t.Errorf("%q within %q: %v, want %v", a, b, got, want)
		}
	})
}

// Of Rockwell's manual: the checksum is the two's complement of the sum of the
// low seven bits of everything before it.
func TestChecksum(t *testing.T) {
	message := []byte("\x02\x35\x30\x20001250000000\r")
	var sum int
	for _, b := range message {
		sum += int(b & 0x7f)
	}
	if whole := append(bytes.Clone(message), byte(128-sum%128)&0x7f); !sumsToZero(whole) {
		t.Errorf("% x is refused", whole)
	}
	if sumsToZero(append(message, 0x7f)) {
		t.Error("a wrong checksum is taken")
	}
}
