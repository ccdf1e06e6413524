package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// defaulter is what a section implements whose keys have defaults.
type defaulter interface{ setDefaults() }

const day = 24 * time.Hour

func (t *Terminal) setDefaults() {
	t.Locale = "es"
	t.BusinessDayStarts = 5 * 60
	t.DataDir = DefaultDataDir()
	t.StoreOrders = "holder"
	t.TakeoverAfter = 2 * time.Minute
}

func (o *Orders) setDefaults() { o.LeadTime = 30 * time.Minute }

func (u *Uplink) setDefaults() {
	u.Window = 64
	u.AcknowledgedBy = "broker"
	u.MaxPayload = 256 << 20 // the bound of MQTT itself
}

func (b *Buffer) setDefaults() {
	b.MaxSize = defaultMaxSize(strconv.IntSize)
	b.KeepSent = 30 * day
}

func (w *Web) setDefaults() { w.Listen = "127.0.0.1:7080" }

func (p *Printer) setDefaults() {
	p.Profile = "auto"
	p.Paper = "80mm"
	p.FallbackAfter = 20 * time.Second
	p.DrawerOpen = "low"
	p.DrawerLeftOpen = 5 * time.Minute
}

// setDefaults of the tickets: what the kitchen and the courier need is copied
// once more when nobody knows whether it printed; what a customer holds in hand
// waits for a person.
func (t *Tickets) setDefaults() {
	t.Receipt = Ticket{MaxAge: 4 * time.Hour, AlarmAfter: 10 * time.Minute, Copies: 1, Unknown: "ask"}
	t.Invoice = Ticket{MaxAge: day, AlarmAfter: 10 * time.Minute, Copies: 1, Unknown: "ask"}
	t.Precheck = Ticket{MaxAge: time.Hour, AlarmAfter: 5 * time.Minute, Copies: 1, Unknown: "ask"}
	t.Delivery = Ticket{MaxAge: 4 * time.Hour, AlarmAfter: 5 * time.Minute, Copies: 1, Unknown: "copy"}
	t.Comanda = Ticket{MaxAge: 45 * time.Minute, AlarmAfter: 2 * time.Minute, Copies: 1, Unknown: "copy"}
	t.Change = Ticket{MaxAge: 45 * time.Minute, AlarmAfter: time.Minute, Copies: 1, Unknown: "copy"}
	t.Void = Ticket{MaxAge: 45 * time.Minute, AlarmAfter: time.Minute, Copies: 1, Unknown: "copy"}
	t.Report = Ticket{MaxAge: day, AlarmAfter: time.Hour, Copies: 1, Unknown: "ask"}
	t.Digest = Ticket{MaxAge: day, AlarmAfter: 10 * time.Minute, Copies: 1, Unknown: "copy"}
	t.Test = Ticket{MaxAge: 10 * time.Minute, AlarmAfter: time.Minute, Copies: 1, Unknown: "ask"}
}

func (i *Integration) setDefaults() {
	i.Accept = "automatic"
	i.Via = "relay"
}

func defaultDataDir(goos, programData string) string {
	switch goos {
	case "windows":
		if programData == "" {
			programData = `C:\ProgramData`
		}
		return filepath.Join(programData, "Mostrador", "data")
	case "darwin":
		return "/usr/local/var/mostrador"
	default:
		return "/var/lib/mostrador"
	}
}

// defaultMaxSize leaves room in 32-bit addresses, where the whole file must be
// mapped into at most 2 GB.
func defaultMaxSize(addressBits int) Size {
	if addressBits == 32 {
		return 768 << 20
	}
	return 2 << 30
}

// DefaultDataDir is the data folder of a file that names none.
func DefaultDataDir() string {
	return defaultDataDir(runtime.GOOS, os.Getenv("ProgramData"))
}
