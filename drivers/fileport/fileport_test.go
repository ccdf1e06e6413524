package fileport_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/fileport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCheck(t *testing.T) {
	for _, test := range []struct{ address, fault string }{
		{"file:///dev/usb/lp0", ""},
		{"file://localhost/tmp/ticket.bin", ""},
		{"file://dev/usb/lp0", "write file:///dev/usb/lp0"},
		{"file:", "names no file"},
		{"file:lp0", "names no file"},
		{"file:///dev/usb/lp0?baud=9600", "no options"},
	} {
		address, err := url.Parse(test.address)
		if err != nil {
			t.Fatal(err)
		}
		err = fileport.Scheme().Check(address)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s is refused: %v", test.address, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%s: got %v, want a fault with %q", test.address, err, test.fault)
		}
	}
}

// A plain file is appended to, and never made.
func TestPlainFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ticket.bin")
	address := &url.URL{Scheme: "file", Path: filepath.ToSlash(name)}
	if _, err := fileport.Scheme().Open(t.Context(), address); !errors.Is(err, drivers.ErrAbsent) {
		t.Fatalf("open of a missing file: got %v, want %v", err, drivers.ErrAbsent)
	}
	if err := os.WriteFile(name, []byte("before "), 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := fileport.Scheme().Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	block := strings.Repeat("0123456789", 1000)
	if n, err := port.Write([]byte(block)); n != len(block) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(block), err)
	}
	port.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := port.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes, %v; want to wait for the deadline", n, err)
	}
	port.SetWriteDeadline(time.Now().Add(-time.Second))
	if n, err := port.Write([]byte("late")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d bytes past the deadline, %v", n, err)
	}
	if err := port.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := port.Write([]byte("later")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("write after close: got %v, want %v", err, os.ErrClosed)
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != "before "+block {
		t.Errorf("the file holds %d bytes, want %d: %v", len(got), len(block)+7, err)
	}
}

// A folder is no device.
func TestFolder(t *testing.T) {
	address := &url.URL{Scheme: "file", Path: filepath.ToSlash(t.TempDir())}
	if _, err := fileport.Scheme().Open(t.Context(), address); !errors.Is(err, drivers.ErrAbsent) {
		t.Errorf("got %v, want %v", err, drivers.ErrAbsent)
	}
}
