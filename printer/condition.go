package printer

import "mostrador/printer/escpos"

// A Condition is what a printer says of itself, by DLE EOT or unasked (ASB).
// The zero value is a printer that is well.
type Condition struct {
	Offline  bool // it takes no data, or says nothing any more
	Cover    bool // its cover is open
	PaperEnd bool // it has no paper
	NearEnd  bool // its paper is nearly at its end
	Cutter   bool // its cutter is stuck
	Error    bool // another error, some of which only a technician mends
	// Drawer is the level of the drawer connector's pin 3. Which level means an
	// open drawer is the drawer's own affair.
	Drawer bool
}

// Blocked reports whether a printer in this condition prints nothing until
// somebody sees to it.
func (c Condition) Blocked() bool {
	return c.Offline || c.Cover || c.PaperEnd || c.Cutter || c.Error
}

// String says it in a few words, for logs and errors.
func (c Condition) String() string {
	for _, s := range []struct {
		holds bool
		says  string
	}{
		{c.PaperEnd, "out of paper"}, {c.Cover, "cover open"}, {c.Cutter, "cutter stuck"},
		{c.Error, "error"}, {c.Offline, "offline"}, {c.NearEnd, "paper near its end"},
	} {
		if s.holds {
			return s.says
		}
	}
	return "ready"
}

// Abilities are what a printer was found to answer.
type Abilities struct {
	Status    bool `json:"status,omitempty"`     // DLE EOT n
	Fence     bool `json:"fence,omitempty"`      // GS r n
	ProcessID bool `json:"process_id,omitempty"` // GS ( H, function 48
	Auto      bool `json:"auto,omitempty"`       // GS a
	// What it says of itself (GS I 65 to 68); clones claim to be others.
	Firmware string `json:"firmware,omitempty"`
	Maker    string `json:"maker,omitempty"`
	Model    string `json:"model,omitempty"`
	Serial   string `json:"serial,omitempty"`
}

// answers reports whether the printer has been found to say anything at all.
func (a Abilities) answers() bool { return a.Status || a.Fence || a.ProcessID || a.Auto }

// ofStatus is the condition that the answers to DLE EOT 1 to 4 tell; a zero
// byte stands for a question that the printer does not answer. One that waits for
// recovery waits for its button: by itself that is no error (Epson, "DLE EOT").
func ofStatus(b [4]byte) Condition {
	const (
		drawer, offline, recovery    = 0x04, 0x08, 0x20        // of 1
		cover, button, stopped, fail = 0x04, 0x08, 0x20, 0x40  // of 2
		recoverable, cutter, others  = 0x04, 0x08, 0x20 | 0x40 // of 3
		nearEnd, end                 = 0x0c, 0x60              // of 4
	)
	stuck := b[2]&cutter != 0
	return Condition{
		Offline:  b[0]&(offline|recovery) != 0 || b[1]&button != 0,
		Cover:    b[1]&cover != 0,
		PaperEnd: b[1]&stopped != 0 || b[3]&end != 0,
		NearEnd:  b[3]&nearEnd != 0,
		Cutter:   stuck,
		Error:    b[2]&(recoverable|others) != 0 || b[1]&fail != 0 && !stuck,
		Drawer:   b[0]&drawer != 0,
	}
}

// ofASB is the condition that four bytes of automatic status back tell.
func ofASB(b []byte) Condition {
	const (
		drawer, offline, cover, feeding = 0x04, 0x08, 0x20, 0x40
		recovery, recoverable, cutter   = 0x01, 0x04, 0x08
		others                          = 0x20 | 0x40
		nearEnd, end                    = 0x03, 0x0c
	)
	stuck := b[1]&cutter != 0
	return Condition{
		Offline:  b[0]&(offline|feeding) != 0 || b[1]&recovery != 0,
		Cover:    b[0]&cover != 0,
		PaperEnd: b[2]&end != 0,
		NearEnd:  b[2]&nearEnd != 0,
		Cutter:   stuck,
		Error:    b[1]&(recoverable|others) != 0,
		Drawer:   b[0]&drawer != 0,
	}
}

// autoCauses are what automatic status is wanted for: drawer, online, error and
// paper.
const autoCauses = 0x01 | 0x02 | 0x04 | 0x08

// autoOn switches it on.
func autoOn() []byte { return escpos.AutoStatus(autoCauses) }
