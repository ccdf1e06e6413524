package virtual

// A Condition is the state that a printer reports. Its fields are those of
// printer.Condition, which the other side makes of the answers, so that the one
// can be converted into the other and compared.
type Condition struct {
	Offline  bool `json:"offline"`   // it prints nothing
	Cover    bool `json:"cover"`     // its cover is open
	PaperEnd bool `json:"paper_end"` // it has no paper
	NearEnd  bool `json:"near_end"`  // its paper is nearly at its end
	Cutter   bool `json:"cutter"`    // its cutter is stuck
	Error    bool `json:"error"`     // another error
	Drawer   bool `json:"drawer"`    // the drawer connector's pin 3 is high
}

// condition is the printer's as its faults have it. Whatever stops a printer
// takes it offline.
func (v *Printer) condition() Condition {
	c := Condition{
		Cover:    v.broken(CoverOpen) != nil,
		PaperEnd: v.broken(PaperOut) != nil,
		Cutter:   v.jammed,
		Error:    v.broken(Broken) != nil,
		Drawer:   v.broken(DrawerOpen) == nil,
	}
	// At the end of its paper the roll has passed the other sensor, too.
	c.NearEnd = c.PaperEnd || v.broken(NearEnd) != nil
	c.Offline = c.Cover || c.PaperEnd || c.Cutter || c.Error || v.broken(Offline) != nil
	return c
}

// A statusBit is a bit of an answer, set when its cause holds.
type statusBit struct {
	set bool
	bit byte
}

func statusByte(fixed byte, bits ...statusBit) byte {
	for _, b := range bits {
		if b.set {
			fixed |= b.bit
		}
	}
	return fixed
}

// status answers DLE EOT n (Epson, ESC/POS Command Reference, "DLE EOT").
func (v *Printer) status(n int) byte {
	c := v.condition()
	what := v.errorKind()
	switch n {
	case 1:
		return statusByte(0x12, statusBit{c.Drawer, 0x04}, statusBit{c.Offline, 0x08}, statusBit{v.waitsForButton(), 0x20})
	case 2:
		return statusByte(0x12, statusBit{c.Cover, 0x04}, statusBit{c.PaperEnd, 0x20}, statusBit{c.Error || c.Cutter, 0x40})
	case 3:
		return statusByte(0x12, statusBit{what == Recoverable, 0x04}, statusBit{c.Cutter, 0x08},
			statusBit{what == Unrecoverable, 0x20}, statusBit{what == Automatic, 0x40})
	}
	return statusByte(0x12, statusBit{c.NearEnd, 0x0c}, statusBit{c.PaperEnd, 0x60})
}

// errorKind is what is broken beside paper, cover and cutter.
func (v *Printer) errorKind() string {
	b := v.broken(Broken)
	switch {
	case b == nil:
		return ""
	case b.What == "":
		return Recoverable
	}
	return b.What
}

// waitsForButton: a person who has taken it offline must bring it back.
func (v *Printer) waitsForButton() bool { return v.broken(Offline) != nil }

// fence answers GS r n: 1 paper sensors, 2 drawer pin 3. A printer that comes to
// it is online, so that its paper is not at its end.
func (v *Printer) fence(n int) []byte {
	c := v.condition()
	switch n {
	case 1:
		return []byte{statusByte(0, statusBit{c.NearEnd, 0x03}, statusBit{c.PaperEnd, 0x0c})}
	case 2:
		return []byte{statusByte(0, statusBit{c.Drawer, 0x01})}
	}
	return nil
}

// The causes of GS a n.
const (
	asbDrawer = 0x01
	asbOnline = 0x02
	asbError  = 0x04
	asbPaper  = 0x08
)

// autoStatus is the four bytes of automatic status back (Epson, "GS a"). The
// fourth has nothing to tell; a TM-T88V sends 0F.
func (v *Printer) autoStatus() []byte {
	c := v.condition()
	what := v.errorKind()
	return []byte{
		statusByte(0x10, statusBit{c.Drawer, 0x04}, statusBit{c.Offline, 0x08}, statusBit{c.Cover, 0x20}),
		statusByte(0, statusBit{v.waitsForButton(), 0x01}, statusBit{what == Recoverable, 0x04}, statusBit{c.Cutter, 0x08},
			statusBit{what == Unrecoverable, 0x20}, statusBit{what == Automatic, 0x40}),
		statusByte(0, statusBit{c.NearEnd, 0x03}, statusBit{c.PaperEnd, 0x0c}),
		0x0f,
	}
}

// tellCondition says what has changed to whoever watches: by automatic status
// when the cause is among those that were asked for.
func (v *Printer) tellCondition() {
	was, is := v.told, v.condition()
	if was == is {
		return
	}
	v.told = is
	causes := statusByte(0,
		statusBit{was.Drawer != is.Drawer, asbDrawer},
		statusBit{was.Offline != is.Offline || was.Cover != is.Cover, asbOnline},
		statusBit{was.Cutter != is.Cutter || was.Error != is.Error, asbError},
		statusBit{was.PaperEnd != is.PaperEnd || was.NearEnd != is.NearEnd, asbPaper})
	if v.auto&causes != 0 {
		v.say(v.autoStatus())
	}
	if hear := v.options.OnCondition; hear != nil {
		v.later(func() { hear(is) })
	}
}
