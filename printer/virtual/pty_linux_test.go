package virtual_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"mostrador/printer/virtual"
)

// openPty opens a pseudo terminal with nothing of a terminal about it. Its
// master can be interrupted: creack/pty's cannot, it leaves non-blocking mode.
func openPty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Iflag, mode.Oflag, mode.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func TestServePty(t *testing.T) {
	master, slave := openPty(t)
	papers := make(chan virtual.Paper, 1)
	v, _ := load(t, "TM-T20II", "80mm", virtual.Options{OnPaper: func(p virtual.Paper) { papers <- p }})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.ServeConn(ctx, master) }()
	io.WriteString(slave, "a\x1bt\x13\xa4\n\x1dVB\x00\x10\x04\x01")
	if paper := <-papers; paper.Text() != "añ\n" {
		t.Errorf("%q", paper.Text())
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(slave, answer); err != nil || answer[0] != 0x16 {
		t.Errorf("% x, %v", answer, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
