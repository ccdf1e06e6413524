package main

import (
	"fmt"
	"path/filepath"

	"mostrador/agent/config"
	"mostrador/drivers"
)

// demoConfig is the configuration of the demo's terminal, read as any other.
func demoConfig(dir, broker, devices string, ports drivers.Scheme) (*config.Config, error) {
	text := fmt.Sprintf(`
[terminal]
store = %q
id = %q
locale = "es-PE"
currency = "PEN"
timezone = "America/Lima"
business_day_starts = "05:00"
data_dir = %q

[uplink]
broker = %q

[[printer]]
name = "cocina"
port = "virtual://cocina"
profile = "TM-T20II"
paper = "80mm"

[[printer]]
name = "caja"
port = "virtual://caja"
profile = "TM-T88V"
paper = "58mm"
drawer = true

[[station]]
name = "parrilla"
printers = ["cocina"]
products = ["CARNE-*", "POLLO-*", "COMBO-*"]

[[station]]
name = "barra"
printers = ["caja"]
products = ["BEBIDA-*"]
default = true

[tickets]
header = ["La Brasa de Ñusta", "Jr. Las Palmeras 210, Lima", "RUC 20000000001"]
receipt = { printers = ["caja"] }

[[integration]]
provider = "justo"
nickname = "Justo Centro"
accept = "automatic"
`, demoStore, demoTerminal, filepath.Join(dir, "data"), broker) + devices
	return config.Parse("demo.toml", []byte(text), known(append(schemes(), ports)))
}
