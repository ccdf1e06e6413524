package drivertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A PTY is a pseudo-terminal that stands for a serial device: a port opens
// Node, and the test speaks as the device through Read and Write. The line is
// raw, so every byte passes unchanged both ways. It can be unplugged and
// plugged in again under the same name, as a USB adapter can.
//
// Between the ports that open it the line stays alive: what the device writes
// while no port is open waits for the next one.
type PTY struct {
	node string

	mu     sync.Mutex
	master *os.File // nil while unplugged
	line   *os.File // holds the line open between the ports' sessions
}

// NewPTY returns a PTY that is plugged in, named in a folder of the test's own,
// and gone at its end.
func NewPTY(t testing.TB) *PTY {
	t.Helper()
	p, err := OpenPTY(filepath.Join(t.TempDir(), "ttyS0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// OpenPTY makes a PTY that is plugged in under the name node, which must not
// exist: a symbolic link is made there, as udev does under /dev/serial/by-id.
func OpenPTY(node string) (*PTY, error) {
	p := &PTY{node: node}
	if err := p.Plug(); err != nil {
		return nil, fmt.Errorf("open pty: %w", err)
	}
	return p, nil
}

// Node returns the path that a port opens. It stays the same over unplugging.
func (p *PTY) Node() string { return p.node }

// Address returns the URL of a port on the PTY: of kind serial or file.
func (p *PTY) Address(scheme string) string { return scheme + "://" + p.node }

// Plug brings the device back under its name; a plugged one stays as it is.
func (p *PTY) Plug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master != nil {
		return nil
	}
	master, slave, err := openPair()
	if err != nil {
		return err
	}
	line, err := openRaw(slave)
	if err == nil {
		err = os.Symlink(slave, p.node)
	}
	if err != nil {
		return errors.Join(err, master.Close(), line.Close())
	}
	p.master, p.line = master, line
	return nil
}

// Unplug takes the device away: its name is gone, a port that holds it finds
// that it has hung up, and a Read under way returns.
func (p *PTY) Unplug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return nil
	}
	err := errors.Join(os.Remove(p.node), p.master.Close(), p.line.Close())
	p.master, p.line = nil, nil
	return err
}

// Read returns what the port has written; it waits for at least one byte, and
// ends with os.ErrClosed when the device is unplugged.
func (p *PTY) Read(b []byte) (int, error) {
	master, err := p.device()
	if err != nil {
		return 0, err
	}
	return master.Read(b)
}

// Write sends bytes to the port. It waits while the line's buffer is full.
func (p *PTY) Write(b []byte) (int, error) {
	master, err := p.device()
	if err != nil {
		return 0, err
	}
	return master.Write(b)
}

// DropUnread takes back what the device has written and no port has read.
func (p *PTY) DropUnread() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return fmt.Errorf("pty %s is unplugged: %w", p.node, os.ErrClosed)
	}
	return unix.IoctlSetInt(int(p.line.Fd()), unix.TCFLSH, unix.TCIFLUSH)
}

// Close unplugs the device for good.
func (p *PTY) Close() error { return p.Unplug() }

func (p *PTY) device() (*os.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return nil, fmt.Errorf("pty %s is unplugged: %w", p.node, os.ErrClosed)
	}
	return p.master, nil
}

// openPair returns the device side of a new pseudo-terminal, and the name of
// the other side.
func openPair() (*os.File, string, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, "", fmt.Errorf("open /dev/ptmx: %w", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		unix.Close(fd)
		return nil, "", fmt.Errorf("new pseudo-terminal: %w", err)
	}
	return os.NewFile(uintptr(fd), "ptmx"), "/dev/pts/" + strconv.Itoa(number), nil
}

// openRaw opens a terminal and makes it pass every byte unchanged.
func openRaw(name string) (*os.File, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	raw := unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B9600}
	raw.Cc[unix.VMIN] = 1
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &raw); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make %s raw: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
