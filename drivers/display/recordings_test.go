package display_test

import (
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/display"
	"mostrador/drivers/drivertest"
)

func TestRecordings(t *testing.T) {
	drivertest.Replay(t, "testdata/recordings/dm-d110.txt", func(t *testing.T) drivers.Device {
		d := newDisplay(t, display.Settings{})
		show(t, d, drivers.Line{Left: "Lomo saltado con papas", Right: "38.00"}, drivers.Line{Left: "TOTAL", Right: "S/ 38.00"})
		return d
	})
}
