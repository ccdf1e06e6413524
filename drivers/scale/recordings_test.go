package scale_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/scale"
)

func TestRecordings(t *testing.T) {
	for name, settings := range map[string]scale.Settings{
		"toledo-8217":       kilos,
		"sics":              {Protocol: scale.SICS},
		"toledo-continuous": {Protocol: scale.ToledoContinuous},
	} {
		drivertest.Replay(t, filepath.Join("testdata/recordings", name+".txt"), func(t *testing.T) drivers.Device { return newScale(t, settings) })
	}
}

// A scale that nobody looks at is not asked, and its silence is none. Once
// somebody looks again, the first weight is told although it is the same.
func TestWant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := newScale(t, kilos).(drivers.Asked)
		device.Want(false)
		port := &drivertest.Playback{Ops: append(asked("W", "\x02 1.250\r", "\x02 1.250\r"), asked("W", "\x02 1.250\r")...)}
		var got heard
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- device.Listen(ctx, port, nil, got.keep) }()
		time.Sleep(time.Hour)
		device.Want(true) // two questions, 250 ms apart
		time.Sleep(300 * time.Millisecond)
		device.Want(false)
		time.Sleep(time.Hour)
		device.Want(true)
		time.Sleep(100 * time.Millisecond)
		device.Want(false)
		time.Sleep(time.Hour)
		stop()
		<-ended
		got.want(t, "stable 1.250 kg", "stable 1.250 kg")
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
}
