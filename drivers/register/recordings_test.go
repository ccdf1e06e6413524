package register_test

import (
	"path/filepath"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/register"
)

func TestRecordings(t *testing.T) {
	for name, settings := range map[string]register.Settings{
		"casio-te":        register.Profiles()["casio-te"],
		"journal-columns": register.Settings{Ack: "06", Nak: "15"}.Or(register.Profiles()["journal-columns"]),
	} {
		drivertest.Replay(t, filepath.Join("testdata/recordings", name+".txt"), func(t *testing.T) drivers.Device {
			d, err := register.New(settings)
			if err != nil {
				t.Fatal(err)
			}
			return d
		})
	}
}
