//go:build !linux && !windows

package netport

import (
	"net"
	"net/netip"
)

// MACOf is not known on this system.
func MACOf(netip.Addr) string { return "" }

// sendOn leaves it to the address that the socket is bound to.
func sendOn(*net.UDPConn, int) error { return nil }
