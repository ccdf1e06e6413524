package scanner_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/scanner"
)

// A reader on a real line: what it says is kept, answered, and played back the
// same way by a Playback of what was recorded.
func TestOnALine(t *testing.T) {
	pty := drivertest.NewPTY(t)
	line, err := os.OpenFile(pty.Node(), os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	port := drivertest.Record(line)
	device := newScanner(t, scanner.Settings{Ack: "06", Good: "07", CodeID: "aim"})
	if _, err := pty.Write([]byte("]Q1lima-01/1842\r\n")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got heard
	answered := make(chan struct{})
	err = device.Listen(ctx, port, nil, func(h drivers.Heard) error {
		go func() {
			defer close(answered)
			answer := make([]byte, 2)
			for n := 0; n < len(answer); {
				m, err := pty.Read(answer[n:])
				if err != nil {
					t.Error(err)
					return
				}
				n += m
			}
			if string(answer) != "\x07\x06" {
				t.Errorf("answered % x, want 07 06", answer)
			}
			cancel()
		}()
		if err := device.Signal(port, true); err != nil {
			return err
		}
		return got.keep(h)
	})
	<-answered
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Listen returned %v, want the context's error", err)
	}
	got.want(t, identified("Q1", "qr", "lima-01/1842"))

	again := &drivertest.Playback{Ops: port.Ops(), End: drivers.ErrGone}
	var played heard
	err = device.Listen(t.Context(), again, nil, func(h drivers.Heard) error {
		if err := device.Signal(again, true); err != nil {
			return err
		}
		return played.keep(h)
	})
	if err = errors.Join(err, again.Close()); !errors.Is(err, drivers.ErrGone) {
		t.Error(err)
	}
	played.want(t, got...)
}
