//go:build !windows

package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// giveToService makes a folder the service's user's, where there is one and
// whoever runs this may.
func giveToService(dir string) error {
	uid, gid, ok := serviceUser()
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(dir, uid, gid)
}

func serviceUser() (uid, gid int, ok bool) {
	u, err := user.Lookup(serviceName)
	if err != nil {
		return 0, 0, false
	}
	uid, errUser := strconv.Atoi(u.Uid)
	gid, errGroup := strconv.Atoi(u.Gid)
	return uid, gid, errUser == nil && errGroup == nil
}

// handOver gives the service's user a data folder that a terminal was paired in
// before there was that user.
func handOver(dir string) error {
	uid, gid, ok := serviceUser()
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return handOverTo(dir, uid, gid)
}

// handOverTo changes a folder that is root's and holds nothing but what pairing
// leaves there: whatever else stands in one is not for us to give away.
func handOverTo(dir string, uid, gid int) error {
	info, err := os.Stat(dir)
	if err != nil {
		return nil // the service makes it
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid != 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into the data folder: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		ours := strings.HasPrefix(name, "terminal-") || strings.HasPrefix(name, "cloud-") || name == "pairing.pem"
		if !ours || !e.Type().IsRegular() {
			return nil
		}
	}
	err = os.Chown(dir, uid, gid)
	for _, e := range entries {
		err = errors.Join(err, os.Lchown(filepath.Join(dir, e.Name()), uid, gid))
	}
	return err
}
