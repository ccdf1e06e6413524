package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mostrador/agent/config"
	"mostrador/drivers"
	"mostrador/drivers/register"
)

// deviceDrivers are the kinds of POS devices, by the name that the
// configuration has for them.
func deviceDrivers() map[string]func(config.Device) (drivers.Device, error) {
	return map[string]func(config.Device) (drivers.Device, error){
		"register": newRegister,
	}
}

// newRegister makes the driver of a register. Its error joins every fault of
// the settings, each beginning with the key that it is about.
func newRegister(d config.Device) (drivers.Device, error) {
	settings := register.Settings{
		Format: d.Format, Lines: d.Lines, Encoding: d.Encoding, Kinds: d.Kinds, Date: d.Date, Time: d.Time,
		Decimal: d.Decimal, Ack: d.Ack, Nak: d.Nak,
	}
	if d.Profile != "" {
		shipped := register.Profiles()
		profile, found := shipped[d.Profile]
		if !found {
			names := strings.Join(slices.Sorted(maps.Keys(shipped)), ", ")
			return nil, fmt.Errorf("profile: there is no %q; there is %s", d.Profile, names)
		}
		settings = settings.Or(profile)
	}
	return register.New(settings)
}
