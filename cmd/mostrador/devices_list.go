package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/config"
	"mostrador/agent/device"
	"mostrador/agent/spool"
	"mostrador/drivers"
	"mostrador/drivers/fileport"
	"mostrador/drivers/serialport"
	"mostrador/drivers/spoolport"
	"mostrador/printer"
)

// A listedDevice is one place where hardware is or may be, with everything that
// this machine knows of it.
type listedDevice struct {
	drivers.Found
	// Name and Use are those of the configuration that has this port: use is
	// printer, or the driver of a device.
	Name string `json:"name,omitempty"`
	Use  string `json:"use,omitempty"`
	// State is what the running agent says of it: a spool.Condition of a printer,
	// and a state of agent/device of any other.
	State string `json:"state,omitempty"`
	// Holders have it open now, as far as this user may see.
	Holders []drivers.Holder `json:"holders,omitempty"`
	// Missing: the configuration has it, and it is not there.
	Missing bool `json:"missing,omitempty"`
	// Answer is what a printer was found to be there (--probe); Failed is why
	// nobody could ask. Speed is what it answered at, of a serial line.
	Answer *printer.Findings `json:"answer,omitempty"`
	Failed string            `json:"failed,omitempty"`
	Speed  int               `json:"speed,omitempty"`
}

// A listing is one call of devices.
type listing struct {
	// root is the folder that sys and dev are in: "/", but for tests.
	root           string
	network, probe bool
	// ports are further ones that the person names: URLs, or paths of lines.
	ports []string
}

// devicesCommand lists what there is; below it stands how that is which the
// configuration has.
func (a *app) devicesCommand() *cobra.Command {
	l := listing{root: "/"}
	cmd := &cobra.Command{
		Use:   "devices [PORT...]",
		Short: "List what hangs on this machine: serial lines, printers, and who holds them",
		Long: "List serial lines, USB printers, printer nodes, Windows queues and what the configuration has, each with the URL to paste.\n" +
			"A PORT is a URL or a path to look at as well, such as /dev/pts/3.\n" +
			"Without --network nothing is sent anywhere, without --probe no device is opened.",
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			l.ports = args
			return a.surveyDevices(c.Context(), l)
		},
	}
	cmd.Flags().BoolVar(&l.network, "network", false, "look for printers on the local networks, too: connects to port 9100 of each address")
	cmd.Flags().BoolVar(&l.probe, "probe", false, "ask what is free whether it is a printer, without printing; not for lines with a scale or a register")
	cmd.Flags().StringVar(&l.root, "root", l.root, "the `FOLDER` that sys and dev are in")
	_ = cmd.Flags().MarkHidden("root")
	cmd.AddCommand(a.deviceStatusCommand())
	return cmd
}

func (a *app) surveyDevices(ctx context.Context, l listing) error {
	cfg, err := a.parseConfig()
	if err != nil { // an installer has none yet
		cfg = &config.Config{}
		if _, statErr := os.Stat(a.configPath); statErr == nil {
			fmt.Fprintf(a.stderr, "mostrador: the configuration is left out of the list: mostrador config check says what is wrong with it\n")
		}
	}
	devices, err := l.find(ctx, a)
	if err != nil {
		fmt.Fprintf(a.stderr, "mostrador: the list lacks something: %v\n", err)
	}
	devices = l.withConfigured(devices, cfg)
	devices, err = l.withNamed(devices)
	if err != nil {
		return err
	}
	held, err := drivers.FindHolders()
	if err != nil {
		return err
	}
	for i := range devices {
		devices[i].hold(held)
	}
	a.withStates(ctx, devices)
	if l.probe {
		a.probeAll(ctx, devices)
	}
	return a.show(devices, func(w io.Writer) { writeDevices(w, devices, l) })
}

// find asks every way to reach hardware what it sees. What one cannot see keeps
// nothing of the others from the list.
func (l listing) find(ctx context.Context, a *app) ([]listedDevice, error) {
	devices := []listedDevice{}
	var faults []error
	for _, list := range lists() {
		found, err := list(l.root)
		for _, f := range found {
			if !slices.ContainsFunc(devices, func(d listedDevice) bool { return sharesNode(d.Found, f) }) {
				devices = append(devices, listedDevice{Found: f})
			}
		}
		faults = append(faults, err)
	}
	if l.network {
		found, err := a.searchNetwork(ctx)
		for _, f := range found {
			devices = append(devices, listedDevice{Found: f})
		}
		faults = append(faults, err)
	}
	return devices, errors.Join(faults...)
}

// sharesNode: both are the same device.
func sharesNode(a, b drivers.Found) bool {
	return slices.ContainsFunc(a.Nodes, func(node string) bool { return slices.Contains(b.Nodes, node) })
}

// lists are the ways to see hardware without touching it. What two of them see
// is listed once, as the first one sees it.
func lists() []func(root string) ([]drivers.Found, error) {
	return []func(string) ([]drivers.Found, error){
		usbPrinters,
		serialport.List,
		fileport.List,
		spoolport.List,
	}
}

// withConfigured names what the configuration has, and adds what is in no list:
// an address of the network, a pseudo-terminal, a device that is unplugged.
func (l listing) withConfigured(devices []listedDevice, cfg *config.Config) []listedDevice {
	name := func(port, name, use string) {
		u, err := drivers.ParseAddress(port)
		if err != nil || port == "" {
			return
		}
		for i := range devices {
			if d := &devices[i]; d.Name == "" && l.isAt(d.Found, u) {
				d.Name, d.Use = name, use
				return
			}
		}
		d := listedDevice{Found: l.foundAt(u), Name: name, Use: use}
		d.Missing = len(d.Nodes) > 0 && !l.exists(d.Nodes[0])
		devices = append(devices, d)
	}
	for _, p := range cfg.Printers {
		name(p.Port, p.Name, "printer")
	}
	for _, d := range cfg.Devices {
		name(d.Port, d.Name, d.Driver)
	}
	return devices
}

// withNamed adds what the person has named.
func (l listing) withNamed(devices []listedDevice) ([]listedDevice, error) {
	for _, port := range l.ports {
		if filepath.IsAbs(port) {
			port = (&url.URL{Scheme: "serial", Path: port}).String()
		}
		u, err := drivers.ParseAddress(port)
		if err != nil || !slices.ContainsFunc(schemes(), func(s drivers.Scheme) bool { return s.Name == u.Scheme }) {
			return nil, wrongUse("%q is no port: write a path such as /dev/ttyS0, or a URL such as tcp://192.168.1.50:9100", port)
		}
		if slices.ContainsFunc(devices, func(d listedDevice) bool { return l.isAt(d.Found, u) }) {
			continue
		}
		d := listedDevice{Found: l.foundAt(u)}
		d.Missing = len(d.Nodes) > 0 && !l.exists(d.Nodes[0])
		devices = append(devices, d)
	}
	return devices, nil
}

// foundAt is what a URL alone tells.
func (l listing) foundAt(u *url.URL) drivers.Found {
	f := drivers.Found{Port: u.Redacted(), Kind: map[string]drivers.FoundKind{
		"serial": drivers.FoundSerial, "file": drivers.FoundFile, "tcp": drivers.FoundNetwork,
		"usb": drivers.FoundUSB, "spool": drivers.FoundQueue,
	}[u.Scheme]}
	if f.Kind == drivers.FoundSerial || f.Kind == drivers.FoundFile {
		f.Nodes = []string{u.Path}
	}
	return f
}

// isAt says whether a port's URL leads to what was found, by whatever name.
func (l listing) isAt(f drivers.Found, u *url.URL) bool {
	switch u.Scheme {
	case "serial", "file":
		where := l.resolve(u.Path)
		return slices.ContainsFunc(f.Nodes, func(node string) bool { return l.resolve(node) == where })
	}
	for _, name := range append([]string{f.Port}, f.Also...) {
		at, err := drivers.ParseAddress(name)
		if err != nil || at.Scheme != u.Scheme || !strings.EqualFold(at.Host, u.Host) || at.Path != u.Path {
			continue
		}
		serial, place := u.Query().Get("serial"), u.Query().Get("path")
		if u.Scheme != "usb" || (serial == "" || serial == f.Serial) && (place == "" || place == f.Place) {
			return true
		}
	}
	return false
}

// resolve follows the links of a node's name.
func (l listing) resolve(node string) string {
	name, err := filepath.EvalSymlinks(filepath.Join(l.root, node))
	if err != nil {
		return node
	}
	if within, err := filepath.Rel(l.root, name); err == nil && !strings.HasPrefix(within, "..") {
		return "/" + within
	}
	return name
}

func (l listing) exists(node string) bool {
	_, err := os.Stat(filepath.Join(l.root, node))
	return err == nil || !errors.Is(err, os.ErrNotExist)
}

// hold notes who has a device open, by any of its names.
func (d *listedDevice) hold(held drivers.Holders) {
	for _, node := range d.Nodes {
		for _, h := range held.Of(node) {
			if !slices.Contains(d.Holders, h) {
				d.Holders = append(d.Holders, h)
			}
		}
	}
}

// withStates adds what the running agent says of what it has.
func (a *app) withStates(ctx context.Context, devices []listedDevice) {
	client, err := a.client()
	if err != nil {
		return
	}
	var printers []spool.State
	var others []device.Status
	if client.Get(ctx, "/v1/printers", &printers) != nil || client.Get(ctx, "/v1/devices", &others) != nil {
		return // it is not running
	}
	for i := range devices {
		d := &devices[i]
		for _, s := range printers {
			if d.Use == "printer" && d.Name == s.Printer {
				d.State = string(s.State)
			}
		}
		for _, s := range others {
			if d.Use != "printer" && d.Name == s.Name {
				d.State = s.State
			}
		}
	}
}
