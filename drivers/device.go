package drivers

import "context"

// A Record is one thing that a device said, read but not yet understood as a
// sale: agent/sale does that.
type Record struct {
	// Fields by the names of the format: receipt, date, time, kind, plu, name,
	// quantity, price, amount, payment, tip, pos, order; of a journal that takes
	// several lines for a receipt also clerk, z and count.
	Fields map[string]string
	// Raw is what the device sent, without its line end.
	Raw []byte
}

// A Heard is what a device yields while it is listened to: a record, garbage
// between records, or the beginning of a record whose end has not come yet.
// Exactly one of the three is set.
type Heard struct {
	Record  *Record
	Garbage []byte
	// Partial is everything received since the last record's end. It comes
	// when the line falls silent, so that a restart can continue from it. The
	// next thing heard, whichever of the three it is, takes its place.
	Partial []byte
}

// A Device listens on a port. A driver's constructor returns one from its
// settings; it keeps no state of its own between calls of Listen, but for what
// a Shower was told to show, and whether an Asked one is wanted.
type Device interface {
	// Listen reads port until it fails or ctx ends, and hands everything that
	// it hears to keep, in order. It goes on only when keep has returned nil;
	// keep's error ends Listen. Where the device waits for an answer, Listen
	// sends it after keep has returned nil, so that what was answered is durable.
	// partial is what an earlier Listen had heard of a record that was not
	// finished. Listen never returns nil: it returns ctx's error once ctx has
	// ended, keep's own, or the port's. It does not close port, and leaves its
	// deadlines in any state. What keep is given is its to keep.
	Listen(ctx context.Context, port Port, partial []byte, keep func(Heard) error) error
}

// A Line is one row of a display. Left stands at the left edge and is cut where
// it meets Right, which stands at the right edge and is never cut: it is an
// amount or a number.
type Line struct {
	Left, Right string
}

// A Shower is a Device that people read.
type Shower interface {
	Device
	// Show makes lines what is shown, from now on and again whenever the display
	// comes back: it does not wait for the display, and what was to be shown
	// before and has not been is left out. Lines that are missing are empty. The
	// error says that lines do not fit, and nothing changes then.
	Show(lines []Line) error
}

// A Signaller is a Device that can tell the person in front of it whether what
// it said was of use, by a beep or a light.
type Signaller interface {
	Device
	// Signal is called while keep is, with the port that Listen was given. Where
	// the settings name no signal it does nothing.
	Signal(port Port, good bool) error
}

// An Asked is a Device that speaks only when it is asked, over and over.
type Asked interface {
	Device
	// Want says whether somebody looks at what it says. While nobody does it is not
	// asked, and its silence means nothing; once somebody does again, the first
	// thing that it says is told even where it is as before. Until Want is called
	// it is asked. Want does not wait, and may be called at any time.
	Want(wanted bool)
}
