package netport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"mostrador/drivers"
)

// Seek looks on the local networks for the machine with a hardware address (in
// lower case with colons) that listens on a port: a printer that a router has
// given another address. It returns ErrAbsent when there is none, and takes as
// long as Find.
func Seek(ctx context.Context, mac string, port uint16) (netip.AddrPort, error) {
	networks, err := localNetworks()
	if err != nil {
		return netip.AddrPort{}, err
	}
	var hosts []netip.Addr
	for _, n := range networks {
		here, _ := n.hosts()
		hosts = append(hosts, here...)
	}
	for _, at := range knock(ctx, hosts, port, nil) {
		if MACOf(at.Addr()) == mac {
			return at, nil
		}
	}
	if ctx.Err() != nil {
		return netip.AddrPort{}, fmt.Errorf("look for %s: %w", mac, ctx.Err())
	}
	return netip.AddrPort{}, fmt.Errorf("%w: nobody on the local networks is %s and listens on port %d", drivers.ErrAbsent, mac, port)
}

// Remote is where a port of this package leads: the address, and the hardware
// address of who answers there; "" of one behind a router, or where the system
// does not tell. ok is false for another kind of port.
func Remote(p drivers.Port) (at netip.AddrPort, mac string, ok bool) {
	tcp, ok := p.(*port)
	if !ok {
		return at, "", false
	}
	address, ok := tcp.conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return at, "", false
	}
	at = netip.AddrPortFrom(address.AddrPort().Addr().Unmap(), uint16(address.Port))
	return at, MACOf(at.Addr()), true
}

// PortOf is the number of the port that a URL of this package names.
func PortOf(address *url.URL) uint16 {
	if n, err := strconv.ParseUint(address.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	return rawPort
}

// MACIn is the hardware address that a URL has (?mac=), "" for none.
func MACIn(address *url.URL) string {
	mac, err := net.ParseMAC(address.Query().Get("mac"))
	if err != nil {
		return ""
	}
	return mac.String()
}
