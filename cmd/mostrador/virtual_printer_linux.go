package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"mostrador/printer/virtual"
)

// openPrinterPty makes a pty with nothing of a terminal about it, and a link to
// it where a serial adapter's name would be. Its master can be interrupted:
// creack/pty's cannot, it leaves the non-blocking mode.
func openPrinterPty(link string) (*printerLine, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make a pty: %w", err)
	}
	master := os.NewFile(uintptr(fd), "/dev/ptmx")
	slave, err := openSlave(fd)
	if err != nil {
		master.Close()
		return nil, fmt.Errorf("make a pty: %w", err)
	}
	line := &printerLine{
		address: "serial://" + link,
		serve:   func(ctx context.Context, v *virtual.Printer) error { return v.ServeWire(ctx, master) },
		close: func() {
			if to, err := os.Readlink(link); err == nil && to == slave.Name() {
				os.Remove(link)
			}
			slave.Close()
			master.Close()
		},
	}
	if err := linkTo(slave.Name(), link); err != nil {
		line.close()
		return nil, err
	}
	return line, nil
}

// openSlave opens the far end in raw mode. While it stays open, the master does
// not hear of those who come and go.
func openSlave(master int) (*os.File, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return nil, err
	}
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return nil, err
	}
	mode, err := unix.IoctlGetTermios(master, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	mode.Iflag, mode.Oflag, mode.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(master, unix.TCSETS, mode); err != nil {
		return nil, err
	}
	return os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
}

// linkTo makes the link, in the place of one that an earlier printer left.
func linkTo(device, link string) error {
	if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "/dev/pts/") {
		if err := os.Remove(link); err != nil {
			return fmt.Errorf("replace the old link: %w", err)
		}
	}
	err := os.Symlink(device, link)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: remove it, or choose another name with --listen pty:///PATH", link)
	}
	if err != nil {
		return fmt.Errorf("link the printer's line: %w", err)
	}
	return nil
}
