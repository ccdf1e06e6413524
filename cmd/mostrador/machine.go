package main

import (
	"net"
	"os"
	"strings"
)

// machineMarks tell this machine from others, for store.Options.Machine: the id
// of its system, its board's number where it has one that everybody may read,
// and the addresses that its network adapters came with.
func machineMarks() []string {
	var marks []string
	if id := systemID(); id != "" {
		marks = append(marks, "id:"+id)
	}
	if serial := boardSerial(); serial != "" {
		marks = append(marks, "board:"+serial)
	}
	adapters, err := net.Interfaces()
	if err != nil {
		return marks
	}
	for _, a := range adapters {
		// The second bit says that somebody made the address up: bridges,
		// containers, random ones (IEEE 802, local administration).
		if len(a.HardwareAddr) == 6 && a.HardwareAddr[0]&2 == 0 && a.Flags&net.FlagLoopback == 0 && len(marks) < 32 {
			marks = append(marks, "nic:"+a.HardwareAddr.String())
		}
	}
	return marks
}

// boardSerial is what the device tree says (Raspberry Pi and its like).
func boardSerial() string {
	b, err := os.ReadFile("/proc/device-tree/serial-number")
	if err != nil {
		return ""
	}
	return strings.Trim(string(b), "\x00 \n")
}
