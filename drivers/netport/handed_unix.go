//go:build unix

package netport

import (
	"net"
	"os"
	"strconv"
	"syscall"
)

// firstHanded is the first descriptor that systemd hands over
// (sd_listen_fds(3)).
const firstHanded = 3

// handedOver finds the listener of a socket unit that has the port of target,
// nil when there is none. The descriptor stays open under its number, so that
// the same listener can be taken again, and connections wait meanwhile.
func handedOver(target string) (*net.TCPListener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	_, port, _ := net.SplitHostPort(target)
	for fd := firstHanded; fd < firstHanded+n; fd++ {
		own, err := syscall.Dup(fd)
		if err != nil {
			return nil, os.NewSyscallError("dup", err)
		}
		syscall.CloseOnExec(own)
		file := os.NewFile(uintptr(own), "socket")
		listener, err := net.FileListener(file)
		file.Close()
		if err != nil {
			continue // a socket of another kind
		}
		if tcp, ok := listener.(*net.TCPListener); ok {
			if _, at, _ := net.SplitHostPort(tcp.Addr().String()); at == port {
				return tcp, nil
			}
		}
		listener.Close()
	}
	return nil, nil
}
