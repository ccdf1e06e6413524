package serialport

import (
	"cmp"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mostrador/drivers"
)

// List returns the serial lines that this machine has, by the names of their
// nodes. What hangs on a line nobody can see without speaking with it; maker,
// model and serial number are those of a USB adapter. root is the folder that
// sys and dev are in: "/", but for tests.
//
// The port has the name that stays the same: that of /dev/serial/by-id, or of
// by-path where two adapters without a serial number of their own are the same
// model, or the node's own where udev has made no other.
func List(root string) ([]drivers.Found, error) {
	class := filepath.Join(root, "sys/class/tty")
	entries, err := os.ReadDir(class)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a container without sysfs has no serial lines either
	}
	if err != nil {
		return nil, err
	}
	names := linksOf(root)
	consoles := strings.Fields(readText(filepath.Join(class, "console/active")))
	var found []drivers.Found
	for _, entry := range entries {
		device := filepath.Join(class, entry.Name(), "device")
		if !isLine(filepath.Join(class, entry.Name()), device) {
			continue
		}
		f := drivers.Found{Kind: drivers.FoundSerial, Driver: driverOf(device)}
		f.Maker, f.Model, f.Serial = adapterOf(device)
		if slices.Contains(consoles, entry.Name()) {
			f.Notes = append(f.Notes, drivers.NoteConsole)
		}
		node := "/dev/" + entry.Name()
		f.Nodes = append(names[node], node)
		found = append(found, f)
	}
	settle(found)
	return found, nil
}

// settle puts the name that stays first, and says where none does.
func settle(found []drivers.Found) {
	for i := range found {
		f := &found[i]
		if f.Model != "" && f.Serial == "" && slices.ContainsFunc(found, func(o drivers.Found) bool { return isTwin(*f, o) }) {
			// udev has made one name for both, and it goes to the last one.
			slices.SortStableFunc(f.Nodes, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
			f.Notes = append(f.Notes, drivers.NoteTwin)
		}
		f.Port = (&url.URL{Scheme: "serial", Path: f.Nodes[0]}).String()
		if strings.HasPrefix(f.Nodes[0], "/dev/ttyUSB") || strings.HasPrefix(f.Nodes[0], "/dev/ttyACM") {
			f.Notes = append(f.Notes, drivers.NoteUnstable)
		}
	}
}

// isTwin says whether two adapters cannot be told apart by what they are.
func isTwin(a, b drivers.Found) bool {
	return a.Maker == b.Maker && a.Model == b.Model && b.Serial == "" && !slices.Equal(a.Nodes, b.Nodes)
}

// rank orders the names of a twin.
func rank(node string) int {
	switch {
	case strings.HasPrefix(node, "/dev/serial/by-path/"):
		return 0
	case strings.HasPrefix(node, "/dev/serial/by-id/"):
		return 1
	}
	return 2
}

// isLine says whether a terminal is a line of this machine's hardware. The
// system has a node for each UART that there could be; of one that is not there
// it does not know the type.
func isLine(tty, device string) bool {
	if _, err := os.Stat(device); err != nil {
		return false // a virtual terminal
	}
	const unknownUART = "0"
	return readText(filepath.Join(tty, "type")) != unknownUART
}

// adapterOf reads what the USB adapter above a terminal's device says of itself.
func adapterOf(device string) (maker, model, serial string) {
	folder, err := filepath.EvalSymlinks(device)
	if err != nil {
		return "", "", ""
	}
	for ; len(folder) > 1 && filepath.Base(folder) != "devices"; folder = filepath.Dir(folder) {
		if readText(filepath.Join(folder, "idVendor")) != "" {
			return readText(filepath.Join(folder, "manufacturer")), readText(filepath.Join(folder, "product")), readText(filepath.Join(folder, "serial"))
		}
	}
	return "", "", ""
}

// driverOf is the name of the driver that has a device.
func driverOf(device string) string {
	link, err := os.Readlink(filepath.Join(device, "driver"))
	if err != nil {
		return ""
	}
	return filepath.Base(link)
}

// readText reads a small file of sysfs; one that is not there is empty.
func readText(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// linksOf are the names that udev has made, by the node that they lead to, those
// that stay the same for longest first.
func linksOf(root string) map[string][]string {
	links := map[string][]string{}
	for _, kind := range []string{"by-id", "by-path"} {
		folder := filepath.Join("/dev/serial", kind)
		entries, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil {
			continue
		}
		for _, entry := range entries {
			target, err := os.Readlink(filepath.Join(root, folder, entry.Name()))
			if err != nil {
				continue
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(folder, target)
			}
			links[target] = append(links[target], filepath.Join(folder, entry.Name()))
		}
	}
	return links
}

// Stable returns the name of a serial node that stays the same when cables are
// moved, or "" where it has none better than its own. root is as in List.
func Stable(root, node string) string {
	if strings.HasPrefix(node, "/dev/serial/") {
		return ""
	}
	found, err := List(root)
	if err != nil {
		return ""
	}
	for _, f := range found {
		if slices.Contains(f.Nodes, node) && f.Nodes[0] != node {
			return f.Nodes[0]
		}
	}
	return ""
}
