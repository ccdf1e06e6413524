// Package drivers is the contract of the hardware: what a port is and what a
// device is, with the little that everybody needs to keep it (Keep for who
// holds a port open; Deadline and BoundedWriter for who makes one). One folder
// below it holds each way to reach hardware (serialport, netport, fileport)
// and each kind of POS device (register); drivertest holds the suites that
// they all pass.
package drivers

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"
)

// A Port is a line of bytes to one piece of hardware.
//
// No call hangs for longer than its deadline, also when the other side stops
// reading or disappears. One goroutine may read while another writes, and
// Close may come from a third: it returns within CloseTimeout and makes the
// others return. After Close every call returns an error that is os.ErrClosed,
// and a second Close does nothing and returns nil.
//
// Read waits for at least one byte; silence is not an error, and only the
// other side's end is one (ErrGone). Write returns how many bytes the port has
// taken; past an error nobody can know how many of them reached the device.
// Close does not wait for what is still on its way: Drain first.
type Port interface {
	io.ReadWriteCloser

	// SetReadDeadline and SetWriteDeadline bound the calls under way and those
	// to come, as net.Conn has them: past it a call returns an error that is
	// os.ErrDeadlineExceeded; the zero time means no bound.
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// A Drainer is a Port that knows whether what was written has left this
// machine. Drain returns nil when nothing is left on our side (a serial line's
// output queue is empty; the TCP peer has acknowledged every byte). A port that
// cannot know is not a Drainer.
type Drainer interface {
	// Drain waits until the write deadline, and says os.ErrDeadlineExceeded
	// when something was still left then.
	Drain() error
}

// A Statuser is a Port that tells of the device beside its bytes. PortStatus
// asks a USB printer's interface (GET_PORT_STATUS of the USB printer class, the
// wires of IEEE 1284): bit 3 no error, bit 4 selected, bit 5 paper empty. It
// takes a second at most. errors.ErrUnsupported is one that tells nothing.
type Statuser interface {
	PortStatus() (byte, error)
}

// An Identifier is a Port whose device says who it is: DeviceID is its IEEE 1284
// string, such as MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;
type Identifier interface {
	DeviceID() (string, error)
}

// A Resetter is a Port that can have the device forget what stands in its
// buffers, where it knows that order: what was written and has not been printed
// may be lost.
type Resetter interface {
	SoftReset() error
}

// A HalfCloser is a Port whose two directions end apart, as those of TCP do.
type HalfCloser interface {
	// CloseWrite tells the other side that nothing more comes; it may still
	// answer.
	CloseWrite() error
}

// An Acceptor is what the Open of a listening scheme returns as its Port: others
// connect to it, one after the other, and each connection is a Port of its own.
// The Acceptor itself carries no bytes.
type Acceptor interface {
	Port
	// Accept waits for the next connection, until ctx ends. Its error is ctx's,
	// os.ErrClosed after Close, or ErrGone.
	Accept(ctx context.Context) (Port, error)
}

// CloseTimeout bounds how long Close may take.
const CloseTimeout = time.Second

// What a port says beside os.ErrDeadlineExceeded. Callers tell them apart with
// errors.Is.
var (
	// ErrGone: the other side is not there any more; only a new Open can help.
	ErrGone = errors.New("the device is gone")
	// ErrAbsent: Open found nothing under that address now.
	ErrAbsent = errors.New("nothing answers at this address")
	// ErrAmbiguous: several devices answer to that address, and which one is meant
	// is for a person to say.
	ErrAmbiguous = errors.New("several devices answer at this address")
	// ErrBusy: another program holds the device.
	ErrBusy = errors.New("another program holds the device")
	// ErrDenied: this user may not open the device.
	ErrDenied = errors.New("no permission to open the device")
)

// A Scheme is one way to reach hardware, named by the scheme of a port URL
// such as serial:///dev/ttyS0?baud=9600 or tcp://192.168.1.50:9100.
type Scheme struct {
	// Name is the URL's scheme, in lower case.
	Name string
	// Example is a valid URL, for messages.
	Example string
	// Check says what is wrong with an address without touching hardware.
	Check func(*url.URL) error
	// Open reaches the hardware, or says why not before ctx ends. Every error
	// is, or wraps, one of ErrAbsent, ErrAmbiguous, ErrBusy, ErrDenied, or
	// ctx's own.
	Open func(context.Context, *url.URL) (Port, error)
}
