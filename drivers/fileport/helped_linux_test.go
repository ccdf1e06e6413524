package fileport

import (
	"errors"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"mostrador/drivers"
)

// Devices that the system cannot wait for, such as a parallel printer, go
// through the helper.
func TestHelpedDevices(t *testing.T) {
	for name, want := range map[string]error{"/dev/null": nil, "/dev/full": syscall.ENOSPC} {
		port, err := Scheme().Open(t.Context(), &url.URL{Scheme: "file", Path: name})
		if err != nil {
			t.Fatal(err)
		}
		if _, helped := port.(*helped); !helped {
			t.Errorf("%s is a %T", name, port)
		}
		if _, err := port.Write([]byte("ticket")); !errors.Is(err, want) {
			t.Errorf("write to %s: got %v, want %v", name, err, want)
		}
		if err := port.Close(); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	}
}

// A write that the system does not give back is left behind at its deadline,
// and so is the port.
func TestHelpedStall(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	writer.Fd() // from now on its writes block
	port := newHelped(writer)
	block := make([]byte, 1<<20)
	port.SetWriteDeadline(time.Now().Add(time.Second))
	n, err := port.Write(block)
	if n == 0 || n == len(block) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d bytes, %v; want some, and the deadline's error", n, err)
	}
	port.SetWriteDeadline(time.Time{})
	if _, err := port.Write(block); !errors.Is(err, drivers.ErrGone) {
		t.Errorf("write after a stall: got %v, want %v", err, drivers.ErrGone)
	}
	reading := make(chan error)
	go func() {
		_, err := port.Read(block)
		reading <- err
	}()
	began := time.Now()
	port.Close()
	if took := time.Since(began); took > 10*drivers.CloseTimeout {
		t.Errorf("close took %v", took)
	}
	if err := <-reading; !errors.Is(err, os.ErrClosed) {
		t.Errorf("read: got %v, want %v", err, os.ErrClosed)
	}
}

func TestOpenError(t *testing.T) {
	for cause, want := range map[error]error{
		syscall.ENOENT: drivers.ErrAbsent, syscall.ENXIO: drivers.ErrAbsent, syscall.ENODEV: drivers.ErrAbsent,
		syscall.EACCES: drivers.ErrDenied, syscall.EPERM: drivers.ErrDenied, syscall.EBUSY: drivers.ErrBusy,
	} {
		if err := openError(&os.PathError{Op: "open", Path: "/dev/usb/lp0", Err: cause}); !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %v", cause, err, want)
		}
	}
}
