//go:build !linux && !windows

package serialport

import (
	"net/url"
	"path/filepath"

	"mostrador/drivers"
)

// List returns the serial lines that this machine has, by their nodes.
func List(root string) ([]drivers.Found, error) {
	nodes, err := filepath.Glob(filepath.Join(root, "dev/cu.*"))
	var found []drivers.Found
	for _, node := range nodes {
		node = filepath.Join("/dev", filepath.Base(node))
		found = append(found, drivers.Found{
			Kind: drivers.FoundSerial, Port: (&url.URL{Scheme: "serial", Path: node}).String(), Nodes: []string{node},
		})
	}
	return found, err
}

// Stable knows no better names on this system.
func Stable(string, string) string { return "" }
