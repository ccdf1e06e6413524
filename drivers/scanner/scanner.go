// Package scanner reads the codes that a barcode reader sends over a line: from
// its RS-232 connector, or from its USB cable where it stands for a serial line
// (CDC). It knows neither orders nor products: it finds where a code begins and
// ends, takes off what the reader adds to it, and hands it on once.
//
// What readers can be set to send is taken from their manuals: Zebra (Symbol)
// LS2208 Product Reference Guide, chapter RS-232; Honeywell (Hand Held
// Products) 3080 User's Guide, "Serial Interface Control": STX, preamble, prefix
// ID, data, suffix ID, postamble, ETX, record suffix; Datalogic QuickScan I
// QD2400 Product Reference Guide, "AIM ID".
package scanner

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"mostrador/drivers"
)

// Scan is the field "kind" of every drivers.Record of a scanner. Its other
// fields are "code", and with the AIM identifier "symbology" (see Symbology) and
// "aim", the two characters behind the bracket.
const Scan = "scan"

// How a code ends.
const (
	// EndsLine: with CR, LF or both. STX and ETX around a code are taken off.
	EndsLine = "line"
	// EndsTab: with TAB.
	EndsTab = "tab"
	// EndsETX: it stands between STX and ETX; CR and LF behind them are nothing.
	EndsETX = "stx-etx"
	// EndsSilence: when nothing more comes.
	EndsSilence = "silence"
)

// What bounds the settings.
const (
	maxCode    = 4096 // bytes of a code with all that the reader adds
	maxAdded   = 15   // bytes of a preamble: what readers can be set to
	maxAnswer  = 16   // bytes of an answer
	maxSilence = 10 * time.Second
	maxAgain   = time.Minute
)

// Settings describe a reader in the words of the configuration. What is left
// empty has the default named with it.
type Settings struct {
	// Ends is how a code ends: line (the default), tab, stx-etx or silence.
	Ends string
	// Silence is for how long nothing more may come: then a code ends, or with
	// the other ends what has come is given up as half a code. 1 ms to 10 s; by
	// default 100 ms where it ends codes, and 1 s elsewhere (readers can be set to
	// pause for half a second between characters).
	Silence time.Duration
	// CodeID is what the reader puts before a code to tell its symbology: none
	// (the default) or aim, the three characters ]cm.
	CodeID string
	// Prefix and Suffix are what the reader was set to put around a code beside
	// that, the preamble and the postamble: at most 15 characters each. A code
	// without them is refused.
	Prefix, Suffix string
	// Encoding is utf-8 (the default) or iso-8859-1.
	Encoding string
	// Again is for how long the same code counts as the same reading, from the
	// last time that it came: a reader on a stand reads what lies before it over
	// and over. At most one minute, by default 1 s; below zero every reading
	// counts.
	Again time.Duration
	// Min and Max bound the characters of a code: 1 to 4096, by default 1 and 512.
	Min, Max int
	// Ack and Nak are what the reader expects after a code, once that is kept,
	// and after what is none: bytes in hex, such as 06 and 15. By default nothing
	// is sent.
	Ack, Nak string
	// Good and Bad are what makes the reader signal that a code was of use or
	// not: bytes in hex, such as 07 for one that beeps on BEL. By default nothing
	// is sent.
	Good, Bad string
}

// A Scanner is the driver of a reader. It is a drivers.Signaller.
type Scanner struct {
	ends           string
	silence, again time.Duration
	aim, latin     bool
	prefix, suffix string
	min, max       int
	ack, nak       []byte
	good, bad      []byte
}

var _ drivers.Signaller = (*Scanner)(nil)

// New returns the driver of a reader. Its error joins every fault of the
// settings, each beginning with the key that it is about.
func New(s Settings) (*Scanner, error) {
	c := &Scanner{prefix: s.Prefix, suffix: s.Suffix}
	var faults []error
	check := func(key string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", key, err))
		}
	}
	var err error
	c.ends, err = oneOf(s.Ends, EndsLine, EndsTab, EndsETX, EndsSilence)
	check("ends", err)
	c.silence, err = silence(s.Silence, c.ends)
	check("silence", err)
	id, err := oneOf(s.CodeID, "none", "aim")
	check("code_id", err)
	c.aim = id == "aim"
	check("prefix", added(s.Prefix))
	check("suffix", added(s.Suffix))
	encoding, err := oneOf(s.Encoding, "utf-8", "iso-8859-1")
	check("encoding", err)
	c.latin = encoding == "iso-8859-1"
	c.again, err = again(s.Again)
	check("again", err)
	check("min", c.bound(s.Min, s.Max))
	for _, a := range []struct {
		key, text string
		bytes     *[]byte
	}{{"ack", s.Ack, &c.ack}, {"nak", s.Nak, &c.nak}, {"good", s.Good, &c.good}, {"bad", s.Bad, &c.bad}} {
		*a.bytes, err = answer(a.text)
		check(a.key, err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return c, nil
}

// oneOf is s in lower case if it is known; the first one is the default.
func oneOf(s string, known ...string) (string, error) {
	if s == "" {
		return known[0], nil
	}
	for _, k := range known {
		if strings.EqualFold(s, k) {
			return k, nil
		}
	}
	return "", fmt.Errorf("%q is not known: it is one of %s", s, strings.Join(known, ", "))
}

func silence(d time.Duration, ends string) (time.Duration, error) {
	switch {
	case d == 0 && ends == EndsSilence:
		return 100 * time.Millisecond, nil
	case d == 0:
		return time.Second, nil
	case d < time.Millisecond || d > maxSilence:
		return 0, fmt.Errorf("%v: it is from 1 ms to %v", d, maxSilence)
	}
	return d, nil
}

func again(d time.Duration) (time.Duration, error) {
	switch {
	case d == 0:
		return time.Second, nil
	case d > maxAgain:
		return 0, fmt.Errorf("%v: it is at most %v", d, maxAgain)
	}
	return max(d, 0), nil
}

// added checks a preamble or postamble.
func added(s string) error {
	if len(s) > maxAdded {
		return fmt.Errorf("%q: it is at most %d characters", s, maxAdded)
	}
	for _, b := range []byte(s) {
		if b < ' ' || b > '~' {
			return fmt.Errorf("%q: it is of printable ASCII characters", s)
		}
	}
	return nil
}

// bound sets how long a code may be.
func (c *Scanner) bound(least, most int) error {
	if least == 0 {
		least = 1
	}
	if most == 0 {
		most = max(512, least)
	}
	if least < 1 || most > maxCode || least > most {
		return fmt.Errorf("from %d to max %d characters: write 1 to %d, the smaller one first", least, most, maxCode)
	}
	c.min, c.max = least, most
	return nil
}

// answer reads bytes in hex; spaces between them are allowed.
func answer(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return nil, fmt.Errorf("%q: write bytes in hex, such as 06", s)
	}
	if len(b) > maxAnswer {
		return nil, fmt.Errorf("%d bytes: at most %d can be sent", len(b), maxAnswer)
	}
	return b, nil
}
