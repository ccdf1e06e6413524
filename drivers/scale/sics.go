package scale

import "strings"

// sics is Mettler-Toledo's Standard Interface Command Set, level 0, which many
// other makers have as well: SI asks for the weight as it is now, SIR for one
// after the other. The scale answers "S S" for a weight that stands still, "S D"
// for one that moves, with weight and unit behind it; "S I" when it cannot now, "S
// +" and "S -" beyond its range; and "ES", "ET" or "EL" where it has not understood.
// Lines end with CR LF. As it comes: 9600 baud, 8 bits, no parity.
//
// Sources: Mettler-Toledo AL-IC Operating Instructions, "Data interface" (S, SI,
// SIR and their answers); MT-SICS Reference Manual 11780711 and 30014405, 2.2
// and 2.3.
func sics(continuous bool) speech {
	s := speech{ask: []byte("SI\r\n"), cut: cutLine, read: readSICS}
	if continuous {
		s.ask, s.once = []byte("SIR\r\n"), true
	}
	return s
}

func readSICS(message []byte) (reading, bool) {
	words := strings.Fields(string(message))
	switch {
	case len(words) == 1 && (words[0] == "ES" || words[0] == "ET" || words[0] == "EL"):
		return reading{state: Fault}, true
	case len(words) < 2 || words[0] != "S":
		return reading{}, false
	case len(words) == 2:
		state, ok := map[string]string{"I": Unstable, "+": Over, "-": Under}[words[1]]
		return reading{state: state}, ok
	}
	state, ok := map[string]string{"S": Stable, "D": Unstable}[words[1]]
	switch {
	case !ok:
		return reading{}, false
	case words[2] == "Error": // "S S Error 10b g": the weighing cell says so
		return reading{state: Fault}, true
	case len(words) != 4 || !isUnit(words[3]):
		return reading{}, false
	}
	weight, ok := parseDecimal(words[2])
	return reading{state: state, weight: weight, weighed: true, unit: words[3]}, ok
}
