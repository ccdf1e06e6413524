package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/device"
	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/store"
)

// leastDevices are the smallest settings of each driver.
func leastDevices() map[string]config.Device {
	return map[string]config.Device{
		"register": {Name: "d", Driver: "register", Profile: "journal-columns"},
		"scanner":  {Name: "d", Driver: "scanner"},
		"scale":    {Name: "d", Driver: "scale", Protocol: "toledo-8217", Unit: "kg"},
		"display":  {Name: "d", Driver: "display"},
	}
}

// A looseLine is a line that takes everything and ends at once, or says nothing.
type looseLine struct{ drivertest.Playback }

func (*looseLine) Write(b []byte) (int, error) { return len(b), nil }

// A device that comes and goes is told as gone once and as back once, with how
// often, whatever its driver; upstream and in the log.
func TestFlappingDevices(t *testing.T) {
	for kind, settings := range leastDevices() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				driver, err := deviceDrivers()[kind](settings)
				if err != nil {
					t.Fatal(err)
				}
				flap(t, kind, driver)
			})
		})
	}
}

func flap(t *testing.T, kind string, driver drivers.Device) {
	st, err := store.Open(filepath.Join(t.TempDir(), "m.db"), store.Options{Identity: "s/t", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const flaps = 8
	opened := 0
	open := func(context.Context) (drivers.Port, error) {
		if opened++; opened <= flaps {
			return &looseLine{drivertest.Playback{End: drivers.ErrGone}}, nil
		}
		return &looseLine{}, nil
	}
	devices := device.New(st, []device.Config{{Name: "d", Kind: kind, Open: open, Device: driver, Keeper: device.Readings{}}}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- devices.Run(ctx) }()
	time.Sleep(10 * time.Minute)
	stop()
	<-ended

	var states []string
	var back store.DeviceState
	entries := 0
	err = st.View(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamDevices, 0) {
			if err != nil {
				return err
			}
			if err := json.Unmarshal(e.Data, &back); err != nil {
				return err
			}
			states = append(states, back.State)
		}
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if strings.HasPrefix(e.Kind, "device.") {
				entries++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(states, " "); got != "ready absent ready" || back.Flaps != flaps || entries != 3 {
		t.Errorf("told %s, %d flaps, %d entries; want ready absent ready, %d and 3", got, back.Flaps, entries, flaps)
	}
}

// Each driver has recordings of what its devices say, with their sources.
func TestDriversHaveRecordings(t *testing.T) {
	for kind := range deviceDrivers() {
		files, err := filepath.Glob(filepath.Join("../../drivers", kind, "testdata/recordings/*.txt"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s: no recordings (%v)", kind, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := drivertest.ParseRecording(string(text)); err != nil || len(r.Heard) == 0 && kind != "display" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A key of another driver is a fault that says which keys there are.
func TestKeysOfOtherDrivers(t *testing.T) {
	for kind, d := range leastDevices() {
		d.Name = "d"
		for key, set := range map[string]func(*config.Device){
			"unit": func(d *config.Device) { d.Unit = "kg" }, "idle": func(d *config.Device) { d.Idle = []string{"x"} },
			"on_slip": func(d *config.Device) { d.OnSlip = "off" }, "format": func(d *config.Device) { d.Format = "amount:1-9" },
		} {
			with := d
			set(&with)
			owner := map[string]string{"unit": "scale", "idle": "display", "on_slip": "scanner", "format": "register"}[key]
			_, err := deviceDrivers()[kind](with)
			if says := err != nil && strings.Contains(err.Error(), key+": a "+kind+" has no such key"); says == (owner == kind) {
				t.Errorf("%s of a %s: %v", key, kind, err)
			}
		}
	}
}
