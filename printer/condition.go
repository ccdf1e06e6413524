package printer

// A Condition is what a printer says of itself, by DLE EOT or unasked (ASB).
// The zero value is a printer that is well.
type Condition struct {
	Offline  bool // it takes no data
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
