package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"mostrador/agent/spool"
	"mostrador/drivers"
	"mostrador/drivers/netport"
	"mostrador/store"
)

// A network printer whose address has changed is found again by its hardware
// address, which was learned when it last was there, or which the configuration
// has (?mac=).

// seekEvery is how often the network is searched at most for one printer, after
// the first time: one that is switched off over night is not sought all night.
const seekEvery = 2 * time.Minute

// oldAddressTime is what the configured address gets to answer where there is
// something to seek by; drivers.Keep gives the whole of it ten seconds.
const oldAddressTime = 3 * time.Second

// followPrinters has every printer on the network followed.
func followPrinters(s *spool.Settings, st *store.Store, log *slog.Logger) {
	for i := range s.Printers {
		p := &s.Printers[i]
		u, err := drivers.ParseAddress(p.Port)
		if err != nil || u.Scheme != "tcp" {
			continue
		}
		f := &follower{name: p.Name, address: u, reach: p.Open, store: st, log: log.With("printer", p.Name)}
		p.Open = f.open
	}
}

// A follower opens one network printer, wherever it is. Its open is called by
// one goroutine at a time.
type follower struct {
	name    string
	address *url.URL
	reach   func(context.Context) (drivers.Port, error) // opens the configured address
	store   *store.Store
	log     *slog.Logger

	read   bool // known has been read
	known  sighting
	sought time.Time // when the network was searched last
}

// A sighting is where a printer was last.
type sighting struct {
	MAC string `json:"mac"`
	At  string `json:"at"`
	// Moved: that is another address than the configuration has.
	Moved bool `json:"moved,omitempty"`
}

func (f *follower) open(ctx context.Context) (drivers.Port, error) {
	f.recall()
	if f.known.MAC == "" { // never seen: there is nothing to seek by
		port, err := f.reach(ctx)
		if err == nil {
			f.learn(port)
		}
		return port, err
	}
	if f.known.Moved {
		if port, err := f.reachAt(ctx, f.known.At); err == nil {
			return port, nil
		}
	}
	short, cancel := context.WithTimeout(ctx, oldAddressTime)
	port, err := f.reach(short)
	cancel()
	if err == nil && f.isIt(port) {
		f.learn(port)
		return port, nil
	}
	if elsewhere, found := f.seek(ctx); found {
		if err == nil {
			port.Close()
		}
		return elsewhere, nil
	}
	if err == nil { // it was replaced, and nobody else is it
		f.replaced(port)
		return port, nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %s does not answer", drivers.ErrAbsent, f.address.Host)
	}
	return nil, err
}

// isIt says whether a port leads to the printer that is known: yes where nobody
// can tell. (Where the configuration has a mac, netport has looked already.)
func (f *follower) isIt(port drivers.Port) bool {
	_, mac, ok := netport.Remote(port)
	return !ok || mac == "" || mac == f.known.MAC
}

// seek looks for the printer on the local networks.
func (f *follower) seek(ctx context.Context) (drivers.Port, bool) {
	if !f.sought.IsZero() && time.Since(f.sought) < seekEvery {
		return nil, false
	}
	f.sought = time.Now()
	at, err := netport.Seek(ctx, f.known.MAC, netport.PortOf(f.address))
	if err != nil {
		f.log.Info("not found elsewhere on the network", "mac", f.known.MAC, "error", err)
		return nil, false
	}
	port, err := f.reachAt(ctx, at.String())
	if err != nil {
		f.log.Warn("found on the network, and does not open", "mac", f.known.MAC, "at", at, "error", err)
		return nil, false
	}
	f.sought = time.Time{} // the next time that it moves it is sought at once
	if was := f.known; !was.Moved || was.At != at.String() {
		f.remember(sighting{MAC: f.known.MAC, At: at.String(), Moved: true})
		f.tell("printer.moved", fmt.Sprintf(
			"impresora %s: cambió de dirección; estaba en %s y se encontró en %s por su MAC %s. Imprime ahí. Ponga port = \"tcp://%s?mac=%s\" en la configuración, y pida al router que no le cambie la dirección",
			f.name, f.address.Host, at, f.known.MAC, at, f.known.MAC))
	}
	return port, true
}

// reachAt opens the printer at another address, and no other machine there.
func (f *follower) reachAt(ctx context.Context, at string) (drivers.Port, error) {
	ctx, cancel := context.WithTimeout(ctx, oldAddressTime)
	defer cancel()
	u := url.URL{Scheme: "tcp", Host: at, RawQuery: url.Values{"mac": {f.known.MAC}}.Encode()}
	return netport.Scheme().Open(ctx, &u)
}

// learn remembers the printer that is there.
func (f *follower) learn(port drivers.Port) {
	at, mac, ok := netport.Remote(port)
	if !ok || mac == "" {
		return // behind a router, or this system does not tell
	}
	if was := f.known.Moved; was {
		f.tell("printer.back", fmt.Sprintf("impresora %s: está otra vez en %s", f.name, at))
	}
	f.remember(sighting{MAC: mac, At: at.String()})
}

// replaced takes the machine at the configured address for the printer from now on.
func (f *follower) replaced(port drivers.Port) {
	was := f.known.MAC
	f.known.Moved = false
	f.learn(port)
	f.tell("printer.replaced", fmt.Sprintf(
		"impresora %s: en %s contesta otro aparato (MAC %s; antes %s), y el anterior no está en la red. Si no la cambió usted, mire que sea la impresora correcta",
		f.name, f.address.Host, f.known.MAC, was))
}

// sightingKey is where the store keeps a sighting.
func (f *follower) sightingKey() string { return "network/" + f.name }

// recall reads what is known of the printer, once. What the configuration says
// counts more than what was learned.
func (f *follower) recall() {
	if f.read {
		return
	}
	err := f.store.View(func(tx *store.Tx) error {
		if raw := tx.Cursor(f.sightingKey()); raw != nil {
			return json.Unmarshal(raw, &f.known)
		}
		return nil
	})
	if err != nil {
		f.log.Warn("where the printer was cannot be read", "error", err)
		return
	}
	f.read = true
	if mac := netport.MACIn(f.address); mac != "" && mac != f.known.MAC {
		f.known = sighting{MAC: mac}
	}
}

// remember keeps a sighting. Without room for it the printer prints as well.
func (f *follower) remember(s sighting) {
	if s == f.known {
		return
	}
	f.known = s
	raw, err := json.Marshal(s)
	if err == nil {
		err = f.store.Update(func(tx *store.Tx) error { return tx.SetCursor(f.sightingKey(), raw) })
	}
	if err != nil {
		f.log.Warn("where the printer is cannot be kept", "error", err)
	}
}

// tell staff and the cloud.
func (f *follower) tell(kind, text string) {
	f.log.Warn("printer on the network", "kind", kind, "text", text)
	err := f.store.Update(func(tx *store.Tx) error {
		if err := tx.Log(store.Entry{Kind: kind, Subject: f.name, Text: text, Severity: store.Warning}); err != nil {
			return err
		}
		_, err := tx.Emit(store.StreamDevices, "mostrador.device.v1", store.DeviceState{
			Device: f.name, Kind: "printer", State: string(spool.Opening), Since: tx.Now(), Cause: text,
		})
		return err
	})
	if err != nil {
		f.log.Warn("not stored", "error", err)
	}
}
