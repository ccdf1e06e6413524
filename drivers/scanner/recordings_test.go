package scanner_test

import (
	"path/filepath"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/scanner"
)

func TestRecordings(t *testing.T) {
	for name, settings := range map[string]scanner.Settings{
		"aim-lines":  {CodeID: "aim"},
		"packet-ack": {Ends: scanner.EndsETX, Prefix: "CAJA1:", Ack: "06", Nak: "15"},
	} {
		drivertest.Replay(t, filepath.Join("testdata/recordings", name+".txt"), func(t *testing.T) drivers.Device {
			s, err := scanner.New(settings)
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	}
}
