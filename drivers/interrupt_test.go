package drivers_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
)

func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		port := &drivertest.Playback{}
		release := drivers.Interrupt(ctx, port)
		began := time.Now()
		if _, err := port.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the read ended with %v", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("the read ended after %v, the context after a minute", took)
		}
		release()

		// What was released does not touch the port any more.
		ctx, cancel = context.WithCancel(t.Context())
		drivers.Interrupt(ctx, port)()
		cancel()
		if err := port.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		port.Read(make([]byte, 1))
		if took := time.Since(began); took != time.Second {
			t.Errorf("the read ended after %v", took)
		}
	})
}
