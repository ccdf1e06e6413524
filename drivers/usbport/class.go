//go:build libusb

package usbport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/google/gousb"

	"mostrador/drivers"
)

// The requests of the printer class (USB Device Class Definition for Printing
// Devices 1.1, 4.2).
const (
	getDeviceID   = 0
	getPortStatus = 1
	softReset     = 2

	classIn  = gousb.ControlIn | gousb.ControlClass | gousb.ControlInterface
	classOut = gousb.ControlOut | gousb.ControlClass | gousb.ControlInterface
)

// DeviceID is the printer's IEEE 1284 string.
func (p *port) DeviceID() (string, error) {
	answer := make([]byte, 1024)
	// Interface and alternate setting; the configuration by its place.
	n, err := p.control(classIn, getDeviceID, uint16(p.settings.Number<<8|p.settings.Alternate), answer)
	if err != nil {
		return "", p.fault("ask for the device id of", err)
	}
	return deviceID(answer[:n]), nil
}

// deviceID reads an answer to GET_DEVICE_ID: its length, counting itself, and
// the text. Some printers write the length the other way round.
func deviceID(answer []byte) string {
	if len(answer) < 2 {
		return ""
	}
	length := int(binary.BigEndian.Uint16(answer))
	if length > len(answer) || length < 2 {
		length = int(binary.LittleEndian.Uint16(answer))
	}
	if length > len(answer) || length < 2 {
		length = len(answer)
	}
	return clean(string(answer[2:length]))
}

// PortStatus is the answer to GET_PORT_STATUS.
func (p *port) PortStatus() (byte, error) {
	if p.target.noStatus {
		return 0, fmt.Errorf("port status of %s: %w: the address says status=no", p.target, errors.ErrUnsupported)
	}
	answer := make([]byte, 1)
	n, err := p.control(classIn, getPortStatus, uint16(p.settings.Number), answer)
	if err == nil && n != 1 {
		err = errors.ErrUnsupported
	}
	return answer[0], p.fault("ask for the port status of", err)
}

// SoftReset has the printer forget what stands in its buffers.
func (p *port) SoftReset() error {
	_, err := p.control(classOut, softReset, uint16(p.settings.Number), nil)
	return p.fault("reset", err)
}

// control sends one request. A printer that does not know it stalls, which is
// no fault of the line.
func (p *port) control(kind, request uint8, index uint16, data []byte) (int, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.over(&drivers.Deadline{}) != nil {
		return 0, os.ErrClosed
	}
	n, err := p.device.Control(kind, request, 0, index, data)
	if errors.Is(err, gousb.ErrorPipe) || errors.Is(err, gousb.ErrorTimeout) {
		err = fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return max(n, 0), err
}

var (
	_ drivers.Drainer    = (*port)(nil)
	_ drivers.Statuser   = (*port)(nil)
	_ drivers.Identifier = (*port)(nil)
	_ drivers.Resetter   = (*port)(nil)
)
