package serialport

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/windows/registry"

	"mostrador/drivers"
)

// List returns the serial ports that Windows has now. root is for other systems.
func List(string) ([]drivers.Found, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DEVICEMAP\SERIALCOMM`, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the serial ports: %w", err)
	}
	defer key.Close()
	devices, err := key.ReadValueNames(0)
	if err != nil {
		return nil, fmt.Errorf("list the serial ports: %w", err)
	}
	slices.Sort(devices)
	var found []drivers.Found
	for _, device := range devices {
		name, _, err := key.GetStringValue(device)
		if err != nil {
			continue // it went meanwhile
		}
		found = append(found, drivers.Found{Kind: drivers.FoundSerial, Port: "serial://" + name, Nodes: []string{name, device}})
	}
	return found, nil
}

// Stable knows no better names: Windows keeps a number for each adapter.
func Stable(string, string) string { return "" }
