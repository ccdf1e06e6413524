//go:build !windows

package main

import (
	"os"
	"strings"
)

// systemID is machine-id(5).
func systemID() string {
	b, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
