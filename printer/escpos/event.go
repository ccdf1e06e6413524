package escpos

import "mostrador/printer/layout"

// An Event is one thing that a stream does to a printer. Kind tells which of
// the fields count.
type Event struct {
	Kind Kind
	// End is how many bytes of the stream there were up to and with this event.
	End uint64
	// Text is what was written with one style, in UTF-8; U+FFFD where the code
	// page is not known. It is not yet on paper: a LineFeed prints it.
	Text  string
	Style layout.Style
	// Font is 0 for A, 1 for B.
	Font int
	// Align of the line: 0 left, 1 centre, 2 right. It counts for text, codes and
	// rasters.
	Align int
	// N is the event's number: lines of FeedLines, dots of FeedDots, Position and
	// Cut, n of a request, the pin of Pulse.
	N int
	// Spacing of the lines in dots, for LineFeed and FeedLines.
	Spacing int
	// Partial: the cut leaves a bridge. Advance: it feeds to the cutter first.
	Partial, Advance bool
	// Relative: the position counts from the current one.
	Relative bool
	// RealTime: the printer obeyed before it came to the byte in its buffer.
	RealTime bool
	// Inline: the raster is part of the line of text (ESC *).
	Inline bool
	Code   layout.Code
	Raster Raster
	// Raw are the bytes of a Setting, Unknown or ProcessID (its four), and the tab
	// stops of a Tab. They hold only until the function returns that got the event.
	Raw []byte
}

// Kind says what an event is.
type Kind int

// The kinds of events.
const (
	// Text, LineFeed, FeedLines, FeedDots, Position and Tab fill the paper.
	Text Kind = iota
	LineFeed
	FeedLines
	FeedDots
	Position
	Tab
	// Code and Picture are drawn.
	Code
	Picture
	// Logo N is printed from the printer's memory.
	Logo
	Cut
	// Pulse kicks the drawer on connector pin N.
	Pulse
	// Initialise is ESC @: the line that is not printed yet is lost.
	Initialise
	// StatusRequest (DLE EOT), FenceRequest (GS r, and ESC v, ESC u, which older
	// programs send), Identify (GS I) and ProcessIDRequest want an answer.
	StatusRequest
	FenceRequest
	Identify
	ProcessIDRequest
	// AutoStatusRequest is GS a: from now on, unasked, for the causes in N.
	AutoStatusRequest
	// Recover is DLE ENQ 1, Clear is DLE ENQ 2 or DLE DC4 8: what waits is lost.
	Recover
	Clear
	// Setting is a command that is understood and leaves nothing on paper.
	Setting
	// Unknown is what no printer's manual here has, or a block that is too long.
	Unknown
	// LogoStore keeps Raster in the printer's memory under key N, LogoErase frees
	// key N, or all with -1, and LogoListRequest asks which keys there are. ESC @
	// does not touch that memory.
	LogoStore
	LogoErase
	LogoListRequest
)

var kindNames = [...]string{
	"Text", "LineFeed", "FeedLines", "FeedDots", "Position", "Tab", "Code", "Picture", "Logo", "Cut", "Pulse",
	"Initialise", "StatusRequest", "FenceRequest", "Identify", "ProcessIDRequest", "AutoStatusRequest", "Recover",
	"Clear", "Setting", "Unknown", "LogoStore", "LogoErase", "LogoListRequest",
}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "Kind?"
	}
	return kindNames[k]
}
