//go:build !windows

package main

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// giveToService makes a folder the service's user's, where there is one and
// whoever runs this may.
func giveToService(dir string) error {
	u, err := user.Lookup(serviceName)
	if err != nil || os.Geteuid() != 0 {
		return nil
	}
	uid, errUser := strconv.Atoi(u.Uid)
	gid, errGroup := strconv.Atoi(u.Gid)
	if errUser != nil || errGroup != nil {
		return fmt.Errorf("the user %s has no numbers", serviceName)
	}
	return os.Chown(dir, uid, gid)
}
