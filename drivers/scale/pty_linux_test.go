package scale_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
)

// A scale on a real line: it answers what it is asked, and what was recorded is
// read the same way when it is played back.
func TestOnALine(t *testing.T) {
	pty := drivertest.NewPTY(t)
	line, err := os.OpenFile(pty.Node(), os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	answers := []string{"\x02 0.000\r", "\x02?a\r", "\x02?\x02\r", "\x02 1.250\r"}
	weighed := make(chan struct{})
	go func() {
		defer close(weighed)
		question := make([]byte, 1)
		for _, answer := range answers {
			if _, err := pty.Read(question); err != nil || question[0] != 'W' {
				t.Errorf("asked % x, %v; want W", question, err)
				return
			}
			if _, err := pty.Write([]byte(answer)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	port := drivertest.Record(line)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got heard
	err = newScale(t, kilos).Listen(ctx, port, nil, func(h drivers.Heard) error {
		err := got.keep(h)
		if len(got) == len(answers) {
			cancel()
		}
		return err
	})
	<-weighed
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Listen returned %v, want the context's error", err)
	}
	got.want(t, "stable 0.000 kg", "unstable", "over", "stable 1.250 kg")
	play(t, kilos, 0, port.Ops()...).want(t, got...)
}
