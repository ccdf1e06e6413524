package drivers_test

import (
	"strings"
	"testing"

	"mostrador/drivers"
)

func TestGarbled(t *testing.T) {
	for _, test := range []struct {
		errors drivers.LineErrors
		want   bool
	}{
		{drivers.LineErrors{Bytes: 1000}, false},
		{drivers.LineErrors{Bytes: 3, Framing: 3}, false},
		{drivers.LineErrors{Bytes: 1000, Framing: 10}, false},
		{drivers.LineErrors{Bytes: 1000, Framing: 60}, true},
		{drivers.LineErrors{Bytes: 40, Parity: 20}, true},
		{drivers.LineErrors{Bytes: 40, Breaks: 20}, false},
	} {
		if got := test.errors.Garbled(); got != test.want {
			t.Errorf("%v: %v", test.errors, got)
		}
	}
}

// wire sends text at one speed, 8N1, and reads it at another, as a UART does: it
// waits for a start bit, and looks at the middle of each bit that follows.
func wire(text string, sent, read float64) (got []byte, framing int) {
	var line []bool
	for _, c := range []byte(text) {
		line = append(line, false)
		for bit := range 8 {
			line = append(line, c>>bit&1 == 1)
		}
		line = append(line, true)
	}
	at := func(when float64) bool { // in seconds
		if i := int(when * sent); i < len(line) {
			return line[i]
		}
		return true
	}
	step := 1 / (read * 16)
	for now := 0.0; now < float64(len(line))/sent; now += step {
		if at(now) {
			continue
		}
		var c byte
		for bit := range 8 {
			if at(now + (1.5+float64(bit))/read) {
				c |= 1 << bit
			}
		}
		if !at(now + 9.5/read) {
			framing++
		}
		got = append(got, c)
		now += 9.5 / read
	}
	return got, framing
}

// TestLooksGarbled: text that is read at another speed is known for that, by
// what it looks like or by its framing; other text is not.
func TestLooksGarbled(t *testing.T) {
	const journal = "0001 12/03/26 10:22 VENTA\r\n1 LOMO SALTADO      38.00\r\n2 INCA KOLA          9.00\r\nTOTAL               47.00\r\nEFECTIVO            50.00\r\n"
	for _, fine := range []string{
		journal, "\x02 12.500kg\x03\r\x02 12.500kg\x03\r", "7750182000123\r\n7750182000124\r\n",
		"\x1b@\x1bt\x02Ca\xf1a\xe7\xe3o 3.50\r\n\x1dV\x00", "\x8f\xa8\xa2\xae 2 \xe8\xe2 45.00 \x8a\xa2\xa0\xe1 1 \xe8\xe2 30.00\r\n",
	} {
		if drivers.LooksGarbled([]byte(fine)) {
			t.Errorf("%q looks garbled", fine)
		}
	}
	speeds := []float64{1200, 2400, 4800, 9600, 19200, 38400, 115200}
	for _, sent := range speeds {
		for _, read := range speeds {
			// A slow reader makes few characters of many.
			got, framing := wire(strings.Repeat(journal, max(1, int(sent/read))), sent, read)
			if sent == read {
				if string(got) != journal || framing != 0 || drivers.LooksGarbled(got) {
					t.Errorf("at %v: %q with %d framing errors", sent, got, framing)
				}
				continue
			}
			byErrors := drivers.LineErrors{Framing: int64(framing), Bytes: int64(len(got))}.Garbled()
			if !byErrors && !drivers.LooksGarbled(got) {
				t.Errorf("sent at %v, read at %v: not known for garbled: %d framing errors, %q", sent, read, framing, got[:min(len(got), 60)])
			}
		}
	}
}
