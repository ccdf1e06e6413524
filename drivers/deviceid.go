package drivers

import "strings"

// A DeviceID is what a printer says of itself by IEEE 1284, over a parallel
// cable or USB's GET_DEVICE_ID: MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;
type DeviceID struct {
	// Maker, Model and Class by the short or the long name of their keys.
	Maker, Model, Class string
	// Commands are the languages that it says it speaks, as it separates them.
	Commands string
	// Serial is its number, which few printers say.
	Serial string
}

// ParseDeviceID reads what can be read of a device id; what it does not know, or
// what is none, it leaves out. Of a key that stands twice the first counts.
func ParseDeviceID(text string) DeviceID {
	var id DeviceID
	for _, field := range strings.Split(text, ";") {
		key, value, _ := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		if to := id.field(strings.ToUpper(strings.TrimSpace(key))); to != nil && *to == "" {
			*to = value
		}
	}
	return id
}

// field is where the value of a key belongs, nil for no key that is known.
func (id *DeviceID) field(key string) *string {
	switch key {
	case "MFG", "MANUFACTURER":
		return &id.Maker
	case "MDL", "MODEL":
		return &id.Model
	case "CLS", "CLASS":
		return &id.Class
	case "CMD", "COMMAND SET":
		return &id.Commands
	case "SN", "SERN", "SERIALNUMBER", "SERIAL NUMBER":
		return &id.Serial
	}
	return nil
}
