package virtual

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A FaultKind names a way in which a printer fails.
type FaultKind string

// What happens to the paper and the mechanism. Their After counts the bytes
// that the mechanism comes to.
const (
	PaperOut   FaultKind = "paper-out"   // the roll is at its end
	NearEnd    FaultKind = "near-end"    // the near-end sensor sees the roll's core; it prints on
	CoverOpen  FaultKind = "cover-open"  // somebody has opened it
	Cutter     FaultKind = "cutter"      // the next cut jams
	Offline    FaultKind = "offline"     // taken offline at its panel
	Broken     FaultKind = "error"       // another error: see Fault.What
	DrawerOpen FaultKind = "drawer-open" // pin 3 of the drawer's connector is low
)

// What happens to the machine and its line. Their After counts the bytes that
// the line brings.
const (
	Hang      FaultKind = "hang"       // it reads on, and prints and answers nothing more
	HangLine  FaultKind = "hang-line"  // it reads no more; what it has, it prints
	PowerOff  FaultKind = "power-off"  // its buffer and settings are lost, the line ends
	Unplug    FaultKind = "unplug"     // the line ends; what is in the buffer still prints
	HalfClose FaultKind = "half-close" // it says that it will say nothing more, and prints on
	Refuse    FaultKind = "refuse"     // new connections are closed at once
	Baud      FaultKind = "baud"       // the line is as slow as N baud
	Buffer    FaultKind = "buffer"     // the receive buffer has N bytes
	Overrun   FaultKind = "overrun"    // it does not say when its buffer is full: what comes then is lost
)

// What happens to its answers.
const (
	Silent  FaultKind = "silent"   // it answers nothing
	Late    FaultKind = "late"     // answers come Delay later
	Missing FaultKind = "missing"  // every Nth answer is lost
	Wrong   FaultKind = "wrong"    // answers say something else: see Fault.What
	ASBMid  FaultKind = "asb-mid"  // an automatic status stands in the middle of each block
	XOFFMid FaultKind = "xoff-mid" // XOFF and XON stand inside of each answer
	Garbage FaultKind = "garbage"  // noise around each answer
)

// What a Fault of the kinds Broken and Wrong is.
const (
	Recoverable   = "recoverable"   // DLE ENQ or a person mends it
	Unrecoverable = "unrecoverable" // switching it off and on does, or a technician
	Automatic     = "auto"          // it mends itself, as a hot print head does

	FlippedBit = "flip" // one bit of each answer is the other
	WrongID    = "id"   // process IDs are answered with one that nobody asked
)

// A Fault is one thing that goes wrong with a printer. In text it is
// KIND[=VALUE][@BYTES|@MMmm][,for=DURATION]: paper-out@200mm, late=2s,
// power-off@1500,for=3s.
type Fault struct {
	Kind FaultKind
	// After is how many bytes more go well before it happens, at most 1 GiB.
	After int
	// AfterMM is the same in millimetres of paper, for PaperOut and NearEnd.
	AfterMM int
	// For is how long it lasts, at most a day; 0 lasts until it is mended.
	For time.Duration
	// Delay of Late, at most a day.
	Delay time.Duration
	// N is the speed of Baud (50 to 4,000,000), the bytes of Buffer (1 to
	// 16 MiB), and for Missing which answers are lost (every Nth; 0 is 1, all).
	N int
	// What of Broken: Recoverable (the default), Unrecoverable, Automatic; of
	// Wrong: FlippedBit (the default), WrongID.
	What string
}

// value says what may stand behind the = of a kind.
type value int

const (
	noValue value = iota
	durationValue
	numberValue
	wordValue
)

// A FaultForm tells people about one kind.
type FaultForm struct {
	Kind FaultKind
	// Form is how it is written, About what it does.
	Form, About string

	takes       value
	least, most int      // of a number; without least it may be left out
	words       []string // the first is the default
	instant     bool     // no @
	paper       bool     // counts what is printed; mm are allowed
}

// FaultForms are all kinds, in the order in which they are documented.
func FaultForms() []FaultForm {
	return []FaultForm{
		{Kind: PaperOut, Form: "paper-out[@BYTES|@MMmm]", About: "the paper ends; it stops, offline, and prints the rest when paper is put in", paper: true},
		{Kind: NearEnd, Form: "near-end[@BYTES|@MMmm]", About: "the near-end sensor sees the end of the roll; it prints on", paper: true},
		{Kind: CoverOpen, Form: "cover-open[@BYTES]", About: "the cover is open; it stops, offline", paper: true},
		{Kind: Cutter, Form: "cutter[@BYTES]", About: "the next cut jams; it stops there with an error", paper: true},
		{Kind: Offline, Form: "offline[@BYTES]", About: "somebody has taken it offline at its panel", paper: true},
		{Kind: Broken, Form: "error[=recoverable|unrecoverable|auto][@BYTES]", About: "another error; it stops, offline", takes: wordValue, words: []string{Recoverable, Unrecoverable, Automatic}, paper: true},
		{Kind: DrawerOpen, Form: "drawer-open[@BYTES]", About: "pin 3 of the drawer's connector goes low", paper: true},
		{Kind: Hang, Form: "hang[@BYTES]", About: "it reads on, and prints and answers nothing more"},
		{Kind: HangLine, Form: "hang-line[@BYTES]", About: "it reads no more"},
		{Kind: PowerOff, Form: "power-off[@BYTES]", About: "it loses its buffer and settings, and its line ends"},
		{Kind: Unplug, Form: "unplug[@BYTES]", About: "its line ends; what is in its buffer still prints"},
		{Kind: HalfClose, Form: "half-close[@BYTES]", About: "it closes its side of the line, and prints on"},
		{Kind: Refuse, Form: "refuse", About: "new connections are closed at once", instant: true},
		{Kind: Baud, Form: "baud=N", About: "its line is as slow as N baud", takes: numberValue, least: 50, most: 4_000_000, instant: true},
		{Kind: Buffer, Form: "buffer=N", About: "its receive buffer has N bytes", takes: numberValue, least: 1, most: 16 << 20, instant: true},
		{Kind: Overrun, Form: "overrun[@BYTES]", About: "it does not say when its buffer is full; what comes then is lost"},
		{Kind: Silent, Form: "silent[@BYTES]", About: "it answers nothing"},
		{Kind: Late, Form: "late=DURATION[@BYTES]", About: "its answers come so much later", takes: durationValue},
		{Kind: Missing, Form: "missing[=N][@BYTES]", About: "every Nth answer is lost; without N all are", takes: numberValue, most: 1 << 20},
		{Kind: Wrong, Form: "wrong[=flip|id][@BYTES]", About: "one bit of each answer is wrong, or process IDs are another's", takes: wordValue, words: []string{FlippedBit, WrongID}},
		{Kind: ASBMid, Form: "asb-mid[@BYTES]", About: "a status stands in the middle of each block that it answers"},
		{Kind: XOFFMid, Form: "xoff-mid[@BYTES]", About: "XOFF and XON stand inside of each answer"},
		{Kind: Garbage, Form: "garbage[@BYTES]", About: "noise stands around each answer"},
	}
}

func formOf(kind FaultKind) (FaultForm, bool) {
	for _, form := range FaultForms() {
		if form.Kind == kind {
			return form, true
		}
	}
	return FaultForm{}, false
}

const (
	maxAfter = 1 << 30
	maxTime  = 24 * time.Hour
)

// ParseFault reads a fault as people write it. Its parts may also stand apart:
// "hang@200 for=3s".
func ParseFault(text string) (Fault, error) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	if len(parts) == 0 {
		return Fault{}, fmt.Errorf("no fault is named; there are: %s", kindList())
	}
	head, after, counts := strings.Cut(parts[0], "@")
	name, val, valued := strings.Cut(head, "=")
	form, ok := formOf(FaultKind(name))
	if !ok {
		return Fault{}, fmt.Errorf("there is no fault %q; there are: %s", name, kindList())
	}
	wrong := func(why string) (Fault, error) {
		return Fault{}, fmt.Errorf("fault %q: %s; write %s[,for=DURATION]", text, why, form.Form)
	}
	f := Fault{Kind: form.Kind}
	if why := form.readValue(&f, val, valued); why != "" {
		return wrong(why)
	}
	if counts {
		if why := form.readAfter(&f, after); why != "" {
			return wrong(why)
		}
	}
	for _, part := range parts[1:] {
		key, val, _ := strings.Cut(part, "=")
		if key != "for" || f.For != 0 {
			return wrong(fmt.Sprintf("%q is not understood", part))
		}
		if f.For, ok = readDuration(val); !ok {
			return wrong(fmt.Sprintf("for=%s is no time between 1ms and 24h, such as 3s", val))
		}
	}
	return f, nil
}

func kindList() string {
	var names []string
	for _, form := range FaultForms() {
		names = append(names, string(form.Kind))
	}
	return strings.Join(names, ", ")
}

// readValue reads what stands behind the =, and says what is wrong with it.
func (form FaultForm) readValue(f *Fault, text string, given bool) (why string) {
	if given && form.takes == noValue {
		return "it takes no value"
	}
	switch form.takes {
	case durationValue:
		var ok bool
		if f.Delay, ok = readDuration(text); !ok {
			return "it needs a time between 1ms and 24h, such as 2s"
		}
	case numberValue:
		if !given && form.least == 0 {
			f.N = 1
			return ""
		}
		n, ok := readNumber(text, form.most)
		if !ok || n < max(form.least, 1) {
			return fmt.Sprintf("it needs a number from %d to %d", max(form.least, 1), form.most)
		}
		f.N = n
	case wordValue:
		f.What = form.words[0]
		if given && !slices.Contains(form.words, text) {
			return fmt.Sprintf("%q is none of %s", text, strings.Join(form.words, ", "))
		}
		if given {
			f.What = text
		}
	}
	return ""
}

// readAfter reads what stands behind the @, and says what is wrong with it.
func (form FaultForm) readAfter(f *Fault, text string) (why string) {
	if form.instant {
		return "it begins at once, without @"
	}
	into := &f.After
	if mm, ok := strings.CutSuffix(text, "mm"); ok {
		if form.Kind != PaperOut && form.Kind != NearEnd {
			return "only the end of paper is counted in mm"
		}
		text, into = mm, &f.AfterMM
	}
	n, ok := readNumber(text, maxAfter)
	if !ok {
		return fmt.Sprintf("@%s is no number of bytes up to %d", text, maxAfter)
	}
	*into = n
	return ""
}

// readNumber reads digits alone.
func readNumber(text string, most int) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil && n <= uint64(most)
}

func readDuration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= time.Millisecond && d <= maxTime
}

// String writes the fault as ParseFault reads it.
func (f Fault) String() string {
	text := string(f.Kind)
	form, _ := formOf(f.Kind)
	switch {
	case form.takes == durationValue:
		text += "=" + f.Delay.String()
	case form.takes == numberValue && (f.N > 1 || form.least > 0):
		text += "=" + strconv.Itoa(f.N)
	case form.takes == wordValue && f.What != "" && f.What != form.words[0]:
		text += "=" + f.What
	}
	if f.AfterMM > 0 {
		text += "@" + strconv.Itoa(f.AfterMM) + "mm"
	} else if f.After > 0 {
		text += "@" + strconv.Itoa(f.After)
	}
	if f.For > 0 {
		text += ",for=" + f.For.String()
	}
	return text
}
