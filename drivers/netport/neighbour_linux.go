package netport

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// MACOf returns the hardware address that this machine has for a neighbour on
// one of its own networks, in lower case with colons; "" for one that it has
// not spoken with of late, or that is behind a router.
func MACOf(address netip.Addr) string {
	table, err := os.Open("/proc/net/arp")
	if err != nil {
		return ""
	}
	defer table.Close()
	for lines := bufio.NewScanner(table); lines.Scan(); {
		// IP address, HW type, Flags, HW address, Mask, Device
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[0] != address.Unmap().String() {
			continue
		}
		if mac, err := net.ParseMAC(fields[3]); err == nil && strings.Trim(fields[3], "0:") != "" {
			return mac.String()
		}
	}
	return ""
}

// sendOn has the multicasts of a socket leave on one interface.
func sendOn(conn *net.UDPConn, index int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(index)})
	})
	if err == nil {
		err = set
	}
	return err
}
