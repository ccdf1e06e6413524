package register_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/register"
)

// A register on a real line: it repeats what is not acknowledged, and the
// listener is restarted in the middle of a record.
func TestOnALine(t *testing.T) {
	pty := drivertest.NewPTY(t)
	line, err := os.OpenFile(pty.Node(), os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var port drivers.Port = line
	defer port.Close()
	device := newRegister(t, register.Settings{Ack: "06"}.Or(simple))

	// The first listener ends once it has kept the half of a record.
	send(t, pty, "1 2.00\r\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got heard
	var partial []byte
	err = device.Listen(ctx, port, nil, func(h drivers.Heard) error {
		if h.Record != nil {
			send(t, pty, "2 3.")
		}
		if partial = h.Partial; partial != nil {
			cancel()
		}
		return got.keep(h)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Listen returned %v, want the context's error", err)
	}
	acknowledged(t, pty)

	// The second one gets the rest.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	send(t, pty, "50\r\n")
	err = device.Listen(ctx, port, partial, func(h drivers.Heard) error {
		go func() { acknowledged(t, pty); cancel() }()
		return got.keep(h)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Listen returned %v, want the context's error", err)
	}
	got.want(t, one("1", "2.00"), `partial "2 3."`, one("2", "3.50"))
}

func send(t *testing.T, pty *drivertest.PTY, s string) {
	t.Helper()
	if _, err := pty.Write([]byte(s)); err != nil {
		t.Error(err)
	}
}

// acknowledged waits for the answer of the listener.
func acknowledged(t *testing.T, pty *drivertest.PTY) {
	t.Helper()
	answer := make([]byte, 1)
	if _, err := pty.Read(answer); err != nil || answer[0] != 0x06 {
		t.Errorf("answered % x, %v; want 06", answer, err)
	}
}
