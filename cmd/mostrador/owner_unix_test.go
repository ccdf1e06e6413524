//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A folder that a terminal was paired in goes to the service's user, whole; one
// with anything else in it stays.
func TestHandOver(t *testing.T) {
	if os.Geteuid() != 0 {
		return // only root gives anything away; the lab's tests need it as well
	}
	for _, tt := range []struct {
		names []string
		given bool
	}{
		{nil, true},
		{[]string{"terminal-7k3d9.pem", "cloud-7k3d9.crt", "pairing.pem"}, true},
		{[]string{"terminal-7k3d9.pem", "passwd"}, false},
	} {
		dir := t.TempDir()
		for _, name := range tt.names {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := handOverTo(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		for _, name := range append(tt.names, ".") {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if given := info.Sys().(*syscall.Stat_t).Uid == 12345; given != tt.given {
				t.Errorf("%v: %s: given away: %v", tt.names, name, given)
			}
		}
	}
	if err := handOverTo(filepath.Join(t.TempDir(), "none"), 1, 1); err != nil {
		t.Error(err)
	}
}
