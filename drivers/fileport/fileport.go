// Package fileport reaches hardware that the system shows as a file: a USB
// printer behind usblp (/dev/usb/lp0), a parallel printer, a FIFO; and plain
// files, for trials.
package fileport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"

	"mostrador/drivers"
)

// Scheme returns the way to files: file:///PATH, an absolute path.
//
// A character device is opened for both ways where it allows that; a FIFO and
// a plain file are for writing only, and so is a device that the system cannot
// wait for, such as a parallel port: reading from them waits until the
// deadline. A plain file is appended to; it must exist, so that a mistyped
// device does not become one. On Unix the port is exclusive among programs
// that lock what they open, and it is a drivers.Drainer where Linux tells what
// is still waiting: usblp, FIFOs and terminals.
func Scheme() drivers.Scheme {
	return drivers.Scheme{
		Name:    "file",
		Example: "file:///dev/usb/lp0",
		Check:   check,
		Open:    open,
	}
}

func check(address *url.URL) error {
	switch {
	case address.Host != "" && address.Host != "localhost":
		return fmt.Errorf("%s has two slashes where three belong: write file:///%s%s", address.Redacted(), address.Host, address.Path)
	case address.Path == "" || address.Path[0] != '/':
		return fmt.Errorf("%s names no file: write file:///dev/usb/lp0", address.Redacted())
	case address.RawQuery != "" || address.ForceQuery:
		return fmt.Errorf("a file has no options: leave out %q", "?"+address.RawQuery)
	}
	return nil
}

func open(ctx context.Context, address *url.URL) (drivers.Port, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open %s: %w", address.Redacted(), err)
	}
	if err := check(address); err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	port, err := openNode(nodeName(address))
	if err != nil {
		return nil, openError(err)
	}
	return port, nil
}

// openError says err in the words of the port contract.
func openError(err error) error {
	switch {
	case errors.Is(err, drivers.ErrBusy):
		return err
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%w: %w", drivers.ErrBusy, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", drivers.ErrDenied, err)
	case errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%w: %w: nothing reads at the other side", drivers.ErrAbsent, err)
	default:
		return fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
}

// A node is an open file, and what both kinds of port make of it.
type node struct {
	file    *os.File
	reads   drivers.Deadline
	writes  drivers.Deadline
	once    sync.Once
	closing chan struct{} // closed when Close begins
}

func newNode(file *os.File) *node {
	return &node{file: file, closing: make(chan struct{})}
}

// Close closes the file beside the path: some drivers hold a close until the
// device has taken what is left.
func (n *node) Close() (err error) {
	n.once.Do(func() {
		close(n.closing)
		n.reads.Set(time.Time{})
		n.writes.Set(time.Time{})
		closed := make(chan error, 1)
		go func() { closed <- n.file.Close() }()
		timer := time.NewTimer(drivers.CloseTimeout / 2)
		defer timer.Stop()
		select {
		case err = <-closed:
		case <-timer.C:
		}
	})
	return err
}

func (n *node) isClosing() bool {
	select {
	case <-n.closing:
		return true
	default:
		return false
	}
}

// readNothing is Read where nothing can come: it waits for the deadline.
func (n *node) readNothing() error {
	select {
	case <-n.closing:
		return os.ErrClosed
	case <-n.reads.Passed():
		return os.ErrDeadlineExceeded
	}
}

// fault says err in the words of the port contract.
func (n *node) fault(doing string, err error) error {
	cause := err
	switch {
	case err == nil:
		return nil
	case n.isClosing() || errors.Is(err, os.ErrClosed):
		cause = os.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		cause = os.ErrDeadlineExceeded
	case errors.Is(err, syscall.ENOSPC): // a plain file's disk is full
	default:
		cause = fmt.Errorf("%w: %w", drivers.ErrGone, err)
	}
	return fmt.Errorf("%s %s: %w", doing, n.file.Name(), cause)
}
