//go:build !unix

package fileport

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"mostrador/drivers"
)

// nodeName returns the file's name: /C:/folder/file is C:\folder\file.
func nodeName(address *url.URL) string {
	name := address.Path
	if len(name) > 2 && name[2] == ':' {
		name = strings.TrimPrefix(name, "/")
	}
	return filepath.FromSlash(name)
}

func openNode(name string) (drivers.Port, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	return newHelped(file), nil
}
