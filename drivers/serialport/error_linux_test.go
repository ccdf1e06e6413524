package serialport

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"mostrador/drivers"
)

func TestOpenError(t *testing.T) {
	for cause, want := range map[error]error{
		syscall.ENOENT: drivers.ErrAbsent, syscall.ENXIO: drivers.ErrAbsent, syscall.ENOTTY: drivers.ErrAbsent,
		syscall.EACCES: drivers.ErrDenied, syscall.EBUSY: drivers.ErrBusy,
	} {
		if err := openError(&os.PathError{Op: "open", Path: "/dev/ttyS0", Err: cause}); !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %v", cause, err, want)
		}
	}
}
