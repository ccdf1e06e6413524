package main

import (
	"mostrador/agent/integration"
	"mostrador/agent/integration/justo"
	"mostrador/drivers"
	"mostrador/drivers/fileport"
	"mostrador/drivers/netport"
	"mostrador/drivers/serialport"
	"mostrador/drivers/spoolport"
	"mostrador/drivers/usbport"
)

// What this build knows. A new way to reach hardware, a new provider or a new
// kind of device is one folder and one line here.

// schemes are the ways to reach hardware.
func schemes() []drivers.Scheme {
	return []drivers.Scheme{
		serialport.Scheme(),
		usbport.Scheme(),
		spoolport.Scheme(),
		netport.Scheme(),
		netport.Listening(),
		fileport.Scheme(),
	}
}

// providers are the channels that orders come from.
func providers() []integration.Provider {
	return []integration.Provider{
		justo.Provider{},
	}
}
