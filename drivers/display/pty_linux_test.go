package display_test

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/display"
	"mostrador/drivers/drivertest"
)

// A display on a real line that is unplugged and comes back: it shows what it is
// to show now.
func TestOnALine(t *testing.T) {
	pty := drivertest.NewPTY(t)
	d := newDisplay(t, display.Settings{})
	listening := func(ctx context.Context) <-chan error {
		line, err := os.OpenFile(pty.Node(), os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			defer line.Close()
			done <- d.Listen(ctx, line, nil, silent(t))
		}()
		return done
	}
	seen := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(pty, got); err != nil || string(got) != want {
			t.Errorf("the display got %q, %v\nwant %q", got, err, want)
		}
	}

	first := listening(t.Context())
	seen(start + shown())
	show(t, d, drivers.Line{Left: "Pedido listo", Right: "A-17"})
	seen(shown("Pedido listo    A-17"))
	if err := pty.Unplug(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err == nil {
		t.Error("Listen returned nil")
	}
	show(t, d, drivers.Line{Left: "Pedido listo", Right: "A-18"})
	if err := pty.Plug(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	second := listening(ctx)
	seen(start + shown("Pedido listo    A-18"))
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen returned %v, want the context's error", err)
	}
}
