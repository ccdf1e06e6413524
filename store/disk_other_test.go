//go:build !linux

package store

import "testing"

func smallDisk(t *testing.T, _ string) string {
	t.Helper()
	t.Skip("small disks are mounted on Linux only")
	return ""
}
