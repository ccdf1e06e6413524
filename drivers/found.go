package drivers

import "fmt"

// A Found is a piece of hardware, or a place where some may be, that a list or a
// search came upon. It says what the system or the hardware itself told, and
// leaves empty what nobody did.
type Found struct {
	// Port is the URL that opens it: what belongs into the configuration. Of
	// several names it has the one that stays the same when cables are moved.
	Port string `json:"port"`
	// Also are further URLs that open it.
	Also []string `json:"also,omitempty"`
	// Kind is what it was found as.
	Kind FoundKind `json:"kind"`
	// Maker, Model and Serial are what it says of itself, on a USB device often
	// the adapter's and not of what hangs on it.
	Maker  string `json:"maker,omitempty"`
	Model  string `json:"model,omitempty"`
	Serial string `json:"serial,omitempty"`
	// Printer: it says itself that it is a printer. A serial line never does.
	Printer bool `json:"printer"`
	// Nodes are all names that the system has for it now, the one that opens it
	// first: /dev/ttyUSB0, /dev/usb/lp0, /dev/bus/usb/001/004.
	Nodes []string `json:"nodes,omitempty"`
	// Place is where a USB device is plugged in: 1-2.3.
	Place string `json:"place,omitempty"`
	// MAC is the hardware address of a printer on the network, in lower case
	// with colons.
	MAC string `json:"mac,omitempty"`
	// Driver is the system's own driver that has it, such as usblp.
	Driver string `json:"driver,omitempty"`
	// Notes are what a person should know before using it.
	Notes []Note `json:"notes,omitempty"`
}

// A Note is something to know of what was found.
type Note string

// The notes.
const (
	// NoteConsole: the system writes its own messages to this line.
	NoteConsole Note = "console"
	// NoteTwin: another one here is the same and has no number of its own. The
	// port names the socket, so their plugs must not be swapped.
	NoteTwin Note = "twin"
	// NoteUnstable: the name may be another device's after the next start.
	NoteUnstable Note = "unstable_name"
	// NoteNoLibusb: it takes a build with libusb to open it.
	NoteNoLibusb Note = "no_libusb"
	// NoteElsewhere: it answers at another address than the configuration has.
	NoteElsewhere Note = "elsewhere"
)

// A FoundKind is as what something was found.
type FoundKind string

// The kinds of what can be found.
const (
	FoundSerial  FoundKind = "serial"  // a serial line; what hangs on it is not known
	FoundUSB     FoundKind = "usb"     // a USB device of the printer class
	FoundFile    FoundKind = "file"    // a node of usblp or of a parallel port
	FoundQueue   FoundKind = "queue"   // a queue of the Windows spooler
	FoundNetwork FoundKind = "network" // something that listens where printers do
)

// A Holder is a process that has a device open.
type Holder struct {
	PID int `json:"pid"`
	// Name is the command's, without its arguments.
	Name string `json:"name"`
}

// String is the holder as messages name it.
func (h Holder) String() string { return fmt.Sprintf("%s, process %d", h.Name, h.PID) }
