package netport

import (
	"encoding/binary"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// MACOf returns the hardware address of a neighbour on one of this machine's own
// networks, in lower case with colons; "" where it does not answer, or is behind
// a router. Windows asks the neighbour itself (SendARP).
func MACOf(address netip.Addr) string {
	send := windows.NewLazySystemDLL("iphlpapi.dll").NewProc("SendARP")
	if !address.Unmap().Is4() || send.Find() != nil {
		return ""
	}
	four := address.Unmap().As4()
	var mac [8]byte
	size := uint32(len(mac))
	const ok = 0
	result, _, _ := send.Call(uintptr(binary.NativeEndian.Uint32(four[:])), 0,
		uintptr(unsafe.Pointer(&mac)), uintptr(unsafe.Pointer(&size)))
	if result != ok || size != 6 {
		return ""
	}
	return net.HardwareAddr(mac[:size]).String()
}

// sendOn leaves it to the address that the socket is bound to.
func sendOn(*net.UDPConn, int) error { return nil }
