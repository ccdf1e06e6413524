package config

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
)

// rules are what keys must be to each other and to what this build knows.
type rules struct {
	*decoder
	cfg   *Config
	known Known
}

func (r rules) all() {
	r.printers()
	r.stations()
	r.tickets()
	r.devices()
	r.integrations()
	r.uplink()
	r.dataDir()
	r.names()
	r.ports()
}

// at is the name of a key of the i-th (from 0) element of an array.
func at(array string, i int, key string) string { return join(element(array, i), key) }

func (r rules) printers() {
	for i, p := range r.cfg.Printers {
		r.address(at("printer", i, "port"), p.Port)
		r.reaches(at("printer", i, "port"), p.Port)
		r.profile(i, p)
		r.printerNames(at("printer", i, "fallback"), p.Fallback)
		if slices.Contains(p.Fallback, p.Name) {
			r.fault(at("printer", i, "fallback"), "a printer cannot take over from itself", "name another printer")
		}
		r.printerNames(at("printer", i, "alarms_to"), p.AlarmsTo)
		if slices.Contains(p.AlarmsTo, p.Name) {
			r.fault(at("printer", i, "alarms_to"), "a printer that cannot print cannot say so", "name another printer")
		}
	}
}

func (r rules) profile(i int, p Printer) {
	if r.known.Profiles == nil {
		return
	}
	var papers []string
	if p.Profile == "auto" {
		for _, of := range r.known.Profiles {
			papers = append(papers, of...)
		}
		slices.Sort(papers)
		papers = slices.Compact(papers)
	} else {
		found := false
		if papers, found = r.known.Profiles[p.Profile]; !found {
			names := append(slices.Collect(maps.Keys(r.known.Profiles)), "auto")
			r.fault(at("printer", i, "profile"), quote(p.Profile)+" is not a known model", didYouMean(p.Profile, names))
			return
		}
	}
	if !slices.Contains(papers, p.Paper) {
		r.fault(at("printer", i, "paper"), p.Profile+" does not take paper of "+quote(p.Paper), "it takes "+strings.Join(papers, ", "))
	}
}

func (r rules) address(name, address string) {
	if address == "" {
		return // reported already
	}
	if problem, mend := wrongAddress(address, r.known); problem != "" {
		r.fault(name, problem, mend)
		return
	}
	r.advise(name, address)
}

// advise warns of an address that works today.
func (r rules) advise(name, address string) {
	if r.known.Advise == nil {
		return
	}
	read := r.known.Address
	if read == nil {
		read = url.Parse
	}
	u, err := read(address)
	if err != nil {
		return
	}
	if problem, mend := r.known.Advise(u); problem != "" {
		r.cfg.Warnings = append(r.cfg.Warnings, Fault{Key: name, Problem: problem, Mend: mend})
	}
}

// reaches reports an address that waits for others where one must be reached.
func (r rules) reaches(name, address string) {
	if strings.HasPrefix(address, "listen:") {
		r.fault(name, "only a tap waits for others to connect", "say where the hardware is, such as tcp://192.168.1.50:9100")
	}
}

// printerNames checks a list of printers' names.
func (r rules) printerNames(name string, printers []string) {
	var names []string
	for _, p := range r.cfg.Printers {
		names = append(names, p.Name)
	}
	for i, p := range printers {
		switch {
		case p == "": // reported already
		case !slices.Contains(names, p):
			r.fault(element(name, i), "there is no printer "+quote(p), didYouMean(p, names))
		case slices.Contains(printers[:i], p):
			r.fault(element(name, i), quote(p)+" stands twice in the list", "keep one")
		}
	}
}

func (r rules) stations() {
	stations, defaults := r.cfg.Stations, 0
	for i, s := range stations {
		r.printerNames(at("station", i, "printers"), s.Printers)
		if s.Default {
			defaults++
		}
		if s.Default && defaults > 1 {
			r.fault(at("station", i, "default"), "another station is the default already", "exactly one station takes what no other does")
		}
	}
	switch {
	case len(stations) == 0 && len(r.cfg.Printers) > 1 && !r.partial:
		r.fault("station", "there are several printers and no station", "say in a [[station]] which printers the kitchen's tickets come out of")
	case len(stations) == 1:
		stations[0].Default = true
	case len(stations) > 1 && defaults == 0 && !r.partial:
		r.fault(at("station", len(stations)-1, "default"), "no station is the default", "write default = true at the one that takes what no other does")
	}
}

func (r rules) tickets() {
	t := r.cfg.Tickets
	for kind, ticket := range map[string]Ticket{
		"receipt": t.Receipt, "invoice": t.Invoice, "precheck": t.Precheck, "delivery": t.Delivery,
		"report": t.Report, "digest": t.Digest, "test": t.Test,
	} {
		r.printerNames(join(join("tickets", kind), "printers"), ticket.Printers)
	}
	for kind, ticket := range map[string]Ticket{"comanda": t.Comanda, "change": t.Change, "void": t.Void} {
		if len(ticket.Printers) > 0 {
			r.fault(join(join("tickets", kind), "printers"), "kitchen tickets go to the printers of their station", "name the printers in [[station]]")
		}
	}
}

func (r rules) devices() {
	for i, device := range r.cfg.Devices {
		r.address(at("device", i, "port"), device.Port)
		r.address(at("device", i, "printer_port"), device.PrinterPort)
		if device.Driver != "tap" {
			r.reaches(at("device", i, "port"), device.Port)
		}
		r.display(at("device", i, "answer_on"), device.AnswerOn)
		if device.Driver == "" || r.known.Drivers == nil {
			continue
		}
		wrong, found := r.known.Drivers[device.Driver]
		if !found {
			names := slices.Collect(maps.Keys(r.known.Drivers))
			r.fault(at("device", i, "driver"), quote(device.Driver)+" is not a known driver", didYouMean(device.Driver, names))
			continue
		}
		r.options(element("device", i), wrong(device))
	}
}

// display reports a name that no display has.
func (r rules) display(key, name string) {
	isIt := func(d Device) bool { return d.Name == name && d.Driver == "display" }
	if name != "" && !slices.ContainsFunc(r.cfg.Devices, isIt) {
		r.fault(key, "there is no display "+quote(name), "use the name of a [[device]] whose driver is display")
	}
}

// options reports what a driver says about its options, one by one.
func (r rules) options(name string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			r.options(name, one)
		}
		return
	}
	problem := err.Error()
	key, rest, found := strings.Cut(problem, ":")
	isKey := func(f field) bool { return f.key == key }
	if found && slices.ContainsFunc(fieldsOf(reflect.TypeFor[Device]()), isKey) {
		name, problem = join(name, key), strings.TrimSpace(rest)
	}
	r.fault(name, problem, "see the page of the driver")
}

func (r rules) integrations() {
	first := map[string]int{}
	for i, one := range r.cfg.Integrations {
		if one.Provider != "" && r.known.Providers != nil && !slices.Contains(r.known.Providers, one.Provider) {
			r.fault(at("integration", i, "provider"), quote(one.Provider)+" is not a known provider", didYouMean(one.Provider, r.known.Providers))
		}
		if one.Provider == "" || one.Nickname == "" {
			continue
		}
		name := one.envPrefix()
		if before, twice := first[name]; twice {
			r.fault(at("integration", i, "nickname"),
				fmt.Sprintf("%s %s is too much like the nickname in %s", one.Provider, quote(one.Nickname), element("integration", before)),
				"give each a nickname that differs in letters or digits")
		} else {
			first[name] = i
		}
	}
}

func (r rules) uplink() {
	u := r.cfg.Uplink
	if u.ClientCertFile != "" && u.ClientKeyFile == "" && !r.partial {
		r.fault("uplink.client_cert_file", "the certificate has no key", "add client_key_file")
	}
	if u.ClientKeyFile != "" && u.ClientCertFile == "" && !r.partial {
		r.fault("uplink.client_key_file", "the key has no certificate", "add client_cert_file")
	}
	if u.Renew && (u.ClientCertFile == "" || u.ClientCertFile != u.ClientKeyFile) && !r.partial {
		r.fault("uplink.renew", "certificate and key are not in one file", "pair the terminal (mostrador pair CODE), or leave renew out")
	}
	if u.PasswordFile != "" && u.Username == "" && !r.partial {
		r.fault("uplink.password_file", "there is a password and no user", "add username")
	}
	broker, err := url.Parse(u.Broker)
	encrypted := err == nil && (broker.Scheme == "tls" || broker.Scheme == "wss")
	for key, file := range map[string]string{"client_cert_file": u.ClientCertFile, "ca_file": u.CAFile} {
		if file != "" && u.Broker != "" && !encrypted {
			r.fault("uplink."+key, "the line to "+quote(u.Broker)+" is not encrypted", "use tls or wss in broker")
		}
	}
}

// names reports printers, stations and devices that share a name.
// maxDataDir bounds the data folder's name, in bytes: with /mostrador.sock behind
// it, it must fit into the 107 bytes that the address of a unix socket has.
const maxDataDir = 107 - len("/mostrador.sock")

func (r rules) dataDir() {
	if n := len(r.cfg.Terminal.DataDir); n > maxDataDir && runtime.GOOS != "windows" {
		r.fault("terminal.data_dir", fmt.Sprintf("its name has %d bytes, too many for the socket in it", n),
			fmt.Sprintf("use a folder whose whole name has at most %d bytes", maxDataDir))
	}
}

func (r rules) names() {
	unique := func(array string, names []string) {
		for i, name := range names {
			if before := slices.Index(names, name); name != "" && before < i {
				r.fault(at(array, i, "name"), fmt.Sprintf("%s is the name of %s already", quote(name), element(array, before)), "give each its own name")
			}
		}
	}
	var printers, stations, devices []string
	for _, p := range r.cfg.Printers {
		printers = append(printers, p.Name)
	}
	for _, s := range r.cfg.Stations {
		stations = append(stations, s.Name)
	}
	for _, d := range r.cfg.Devices {
		devices = append(devices, d.Name)
	}
	unique("printer", printers)
	unique("station", stations)
	unique("device", devices)
}

// ports reports two that claim the same port.
func (r rules) ports() {
	taken := map[string]string{}
	claim := func(name, port string) {
		if before, twice := taken[port]; twice && port != "" {
			r.fault(join(name, "port"), before+" is at this port already", "give each its own port")
		} else {
			taken[port] = name
		}
	}
	for i, p := range r.cfg.Printers {
		claim(element("printer", i), p.Port)
	}
	for i, d := range r.cfg.Devices {
		claim(element("device", i), d.Port)
		if !strings.HasPrefix(d.PrinterPort, "tcp:") { // on a network others may print there, too
			claim(element("device", i), d.PrinterPort)
		}
	}
}
