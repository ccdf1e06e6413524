//go:build unix

package fileport

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

func nodeName(address *url.URL) string { return address.Path }

// openNode opens the file without waiting for anything.
func openNode(name string) (drivers.Port, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	const flags = unix.O_NONBLOCK | unix.O_NOCTTY
	var file *os.File
	twoWay := false
	switch mode := info.Mode(); {
	case mode.IsRegular():
		file, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND|flags, 0)
	case mode&fs.ModeNamedPipe != 0: // both ways we would read our own bytes
		file, err = os.OpenFile(name, os.O_WRONLY|flags, 0)
	case mode&fs.ModeCharDevice != 0:
		file, err = os.OpenFile(name, os.O_RDWR|flags, 0)
		twoWay = err == nil
		if errors.Is(err, fs.ErrPermission) {
			file, err = os.OpenFile(name, os.O_WRONLY|flags, 0)
		}
	default:
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("neither a device, a FIFO nor a plain file")}
	}
	if errors.Is(err, unix.EBUSY) { // usblp lets one in
		return nil, &fs.PathError{Op: "open", Path: name, Err: drivers.BusyError(name)}
	}
	if err != nil {
		return nil, err
	}
	port, err := lockNode(file, twoWay)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return port, nil
}

// lockNode takes the file for us alone, and finds out how to wait for it.
func lockNode(file *os.File, twoWay bool) (drivers.Port, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	var lockErr error
	if err := raw.Control(func(fd uintptr) { lockErr = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		return nil, err
	}
	if errors.Is(lockErr, unix.EWOULDBLOCK) {
		return nil, &fs.PathError{Op: "lock", Path: file.Name(), Err: drivers.BusyError(file.Name())}
	}
	if lockErr != nil {
		return nil, &fs.PathError{Op: "lock", Path: file.Name(), Err: lockErr}
	}
	if file.SetDeadline(time.Time{}) != nil {
		return newHelped(file), nil
	}
	return withDrain(&polled{node: newNode(file), raw: raw, twoWay: twoWay}), nil
}
