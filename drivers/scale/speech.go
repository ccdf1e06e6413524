package scale

// A speech is a protocol: what is sent, where a message ends, and what it says.
type speech struct {
	// ask is what is sent for a reading; nothing for a scale that speaks by
	// itself.
	ask []byte
	// once: ask is sent once, and then the scale speaks by itself.
	once bool
	// cut finds the first message in b: message is what is to be read of it, rest
	// is what comes behind it, and garbage what came before it and is none. done
	// is false where more bytes are needed; then rest is what to keep.
	cut func(b []byte) (message, garbage, rest []byte, done bool)
	// read reads a message. It says false for what is no reading.
	read func(message []byte) (reading, bool)
}

// A reading is what a scale says at one moment.
type reading struct {
	state   string
	weight  decimal
	weighed bool // weight and unit are known
	unit    string
}

const (
	stx = 0x02
	cr  = '\r'
)

// maxMessage bounds a message, in bytes; the longest one known has 30.
const maxMessage = 64

// cutSTX cuts messages that begin with STX and end with CR. Behind STX and ?
// stands one byte of status, which may have the value of either.
func cutSTX(b []byte) (message, garbage, rest []byte, done bool) {
	start := -1
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == stx: // a second one: the end of the first was lost
			start = i
			status := b[i:min(i+4, len(b))]
			switch {
			case len(status) > 1 && status[1] != '?':
			case len(status) < 4:
				return nil, b[:i], b[i:], false
			case status[3] == cr:
				return status[1:3], b[:i], b[i+4:], true
			}
		case b[i] == cr && start >= 0:
			return b[start+1 : i], b[:start], b[i+1:], true
		}
	}
	if start < 0 || len(b)-start > maxMessage {
		return nil, b, nil, false
	}
	return nil, b[:start], b[start:], false
}

// cutLine cuts messages that end with CR, LF or both; empty ones are found as
// well.
func cutLine(b []byte) (message, garbage, rest []byte, done bool) {
	for i, c := range b {
		if c == cr || c == '\n' {
			return b[:i], nil, b[i+1:], true
		}
	}
	if len(b) > maxMessage {
		return nil, b, nil, false
	}
	return nil, nil, b, false
}
