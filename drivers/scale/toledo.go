package scale

import (
	"bytes"
	"strconv"
	"strings"
)

// toledo8217 is the protocol of Toledo's model 8217, which most counter scales
// can be set to: the host sends W, and the scale answers at once STX, the weight
// with its point, N where it is net, CR; or, where there is no weight to sell by,
// STX ? status CR. Bits of the status: 0 in motion, 1 over capacity, 2 under
// zero, 3 outside the zero capture range, 4 centre of zero. Bits 5 and 6 differ
// (net weight and bad command in the 8217 itself, always 1 in others), and are not
// looked at. As it comes: 9600 baud, 7 bits, even parity.
//
// Sources: Mettler-Toledo Viva Service Manual, "8217 Mettler-Toledo (Weight-only)
// Protocol"; Rice Lake BenchPro Series Operation Manual PN 180557, "Status"; Salter
// Brecknell 67xxU Service Manual, table 7.6.
func toledo8217(unit string) speech {
	return speech{
		ask: []byte("W"),
		cut: cutSTX,
		read: func(message []byte) (reading, bool) {
			if status, ok := bytes.CutPrefix(message, []byte("?")); ok {
				if len(status) != 1 {
					return reading{}, false
				}
				return reading{state: status8217(status[0])}, true
			}
			text := strings.TrimSuffix(strings.TrimLeft(string(message), " "), "N")
			weight, ok := parseDecimal(text)
			return reading{state: Stable, weight: weight, weighed: true, unit: unit}, ok
		},
	}
}

func status8217(b byte) string {
	switch {
	case b&0x02 != 0:
		return Over
	case b&0x08 != 0:
		return NotZeroed
	case b&0x04 != 0:
		return Under
	case b&0x01 != 0:
		return Unstable
	}
	return Fault
}

// The length of a message of toledoContinuous from STX to CR.
const continuousLength = 17

// toledoContinuous is the continuous output of Toledo's indicators (8530 and
// later): STX, three status bytes, six digits of weight, six of tare, CR, and
// where it is set so a checksum, which makes the sum of all of them zero modulo
// 128. Status A, bits 0 to 2: where the point is. Status B: 0 net, 1 negative, 2
// out of range, 3 in motion, 4 kg and not lb, 6 not zeroed after power-up. Status
// C, bits 0 to 2: the unit, 0 as in status B, 1 g, 3 oz.
//
// Sources: Fairbanks FB2550 Operator's Manual 51254, "Toledo Data Format"; Kern FTC
// User Manual 22017145, 5.2.2; Cardinal 225 Installation and Technical Manual
// 8200-M698, "Continuous Output Formats"; Rockwell 57C428 User Guide, appendix D;
// Mettler-Toledo IND560 Technical Manual, "Continuous Output" (the units).
func toledoContinuous(checksum bool) speech {
	return speech{cut: func(b []byte) (message, garbage, rest []byte, done bool) {
		return cutContinuous(b, checksum)
	}, read: readContinuous}
}

func cutContinuous(b []byte, checksum bool) (message, garbage, rest []byte, done bool) {
	length := continuousLength
	if checksum {
		length++
	}
	for start := range b {
		if b[start] != stx {
			continue
		}
		if len(b)-start < length {
			return nil, b[:start], b[start:], false
		}
		whole := b[start : start+length]
		if whole[continuousLength-1] == cr && (!checksum || sumsToZero(whole)) {
			return whole[1 : continuousLength-1], b[:start], b[start+length:], true
		}
	}
	return nil, b, nil, false
}

func sumsToZero(b []byte) bool {
	var sum byte
	for _, c := range b {
		sum += c
	}
	return sum&0x7f == 0
}

func readContinuous(m []byte) (reading, bool) {
	if len(m) != continuousLength-2 {
		return reading{}, false
	}
	a, b, c := m[0], m[1], m[2]
	r := reading{state: Stable, weighed: true, unit: "lb"}
	switch {
	case c&0x07 == 1:
		r.unit = "g"
	case c&0x07 == 3:
		r.unit = "oz"
	case c&0x07 != 0:
		return reading{}, false
	case b&0x10 != 0:
		r.unit = "kg"
	}
	switch {
	case b&0x40 != 0:
		return reading{state: NotZeroed}, true
	case b&0x04 != 0 && b&0x02 != 0:
		return reading{state: Under}, true
	case b&0x04 != 0:
		return reading{state: Over}, true
	case b&0x08 != 0:
		r.state = Unstable
	}
	text := strings.TrimLeft(string(m[3:9]), " ")
	digits, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return reading{}, false
	}
	r.weight.digits = int64(digits)
	switch point := int(a & 0x07); {
	case point == 0:
		r.weight.digits *= 100
	case point == 1:
		r.weight.digits *= 10
	default:
		r.weight.places = point - 2
	}
	if b&0x02 != 0 {
		r.weight.digits = -r.weight.digits
	}
	return r, true
}
