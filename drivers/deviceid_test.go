package drivers_test

import (
	"strings"
	"testing"

	"mostrador/drivers"
)

func TestParseDeviceID(t *testing.T) {
	for text, want := range map[string]drivers.DeviceID{
		"MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;": {Maker: "EPSON", Commands: "ESC/POS", Model: "TM-T20II", Class: "PRINTER"},
		"MANUFACTURER:Star ; model: TSP100 ;SN:0042":      {Maker: "Star", Model: "TSP100", Serial: "0042"},
		"MFG:first;MFG:second;;:;MDL":                     {Maker: "first"},
		"":                                                {},
		"no id at all":                                    {},
	} {
		if got := drivers.ParseDeviceID(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

func FuzzDeviceID(f *testing.F) {
	f.Add("MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;")
	f.Add("MFG:\xff;;;::MDL:")
	f.Fuzz(func(t *testing.T, text string) {
		id := drivers.ParseDeviceID(text)
		for _, part := range []string{id.Maker, id.Model, id.Class, id.Commands, id.Serial} {
			if strings.Contains(part, ";") || !strings.Contains(text, part) {
				t.Errorf("%q of %q", part, text)
			}
		}
	})
}
