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

// A Receipt is a paper that a tap saw on its way to a printer, read by its
// profile and not yet understood as a sale: agent/sale does that, or keeps it
// as one that nobody could read.
type Receipt struct {
	// Lines are those that count, in their order, each with its kind and its
	// fields; Raw is the line as it stands on paper.
	Lines []Record
	// Text is the whole paper, line by line.
	Text string
	// Stream is what prints the paper alone, on a printer that was just switched
	// on; of a long one its first 256 KiB.
	Stream []byte
	// Cause is why it cannot be read, in words for staff; then Lines holds nothing.
	Cause string
	// Torn: bytes of it are missing, so that reading it again cannot help.
	Torn bool
	// NoSale: the profile says that this paper is none.
	NoSale bool
	// Copy: a word on it says that it is one of an earlier paper.
	Copy bool
	// Numbered: the profile knows where the receipt's number stands. TaxAdded:
	// taxes come on top of the lines, and are not within them.
	Numbered, TaxAdded bool
}

// A Heard is what a device yields while it is listened to: a record, a receipt,
// garbage between records, the beginning of a record whose end has not come yet,
// or news of the printer behind a tap. Exactly one of them is set.
type Heard struct {
	Record  *Record
	Receipt *Receipt
	Garbage []byte
	// Behind is how the printer behind a tap is seen to change.
	Behind *Change
	// Partial is everything received since the last record's end. It comes
	// when the line falls silent, so that a restart can continue from it. The
	// next thing heard, whatever it is but Behind, takes its place.
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
