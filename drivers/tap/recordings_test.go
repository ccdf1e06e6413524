package tap_test

import (
	"context"
	"path/filepath"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/tap"
)

// A mute printer takes everything and never says anything.
type mute struct{ drivertest.Playback }

func (m *mute) Write(b []byte) (int, error) { return len(b), nil }

func TestRecordings(t *testing.T) {
	for _, name := range []string{"epson-poll", "epson-paper"} {
		drivertest.Replay(t, filepath.Join("testdata/recordings", name+".txt"), func(t *testing.T) drivers.Device {
			d, err := tap.New(tap.Settings{
				Printer: func(context.Context) (drivers.Port, error) { return new(mute), nil },
				Decoder: decoder, Profile: parse(t, simple), Answer: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			return d
		})
	}
}
