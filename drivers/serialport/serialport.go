// Package serialport reaches hardware on serial lines, RS-232 and the USB
// adapters that stand for it, through github.com/tarm/serial.
//
// On Linux tarm opens and sets the line, reads and writes; a second descriptor
// of the same node carries what tarm does not know: waiting by Go's own poller
// (so that an idle line costs nothing and deadlines are exact), exclusive use,
// and flow control. Elsewhere there is only tarm, and no flow control yet.
package serialport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"mostrador/drivers"
)

// Scheme returns the way to serial lines:
//
//	serial:///dev/ttyS0?baud=9600&bits=8&parity=none&stop=1&flow=none
//
// with /dev/serial/by-id/… for USB adapters, and serial://COM3 on Windows.
// What is left out is as shown.
//
//	baud    50 … 4000000, one of the usual speeds
//	bits    5 … 8 data bits
//	parity  none, even, odd
//	stop    1, 2 stop bits
//	flow    none, rtscts, dtrdsr, xonxoff: how the device says that it is busy
//
// xonxoff takes the bytes 11 and 13 (hex) out of what the device sends, and
// must not be used where images are printed. Linux knows no DTR/DSR flow
// control: with dtrdsr this package looks at DSR before each 32 bytes and keeps
// the system's queue short, which suits a printer that goes busy with 128 bytes
// to spare; a USB adapter that buffers more by itself may still overrun, and
// rtscts with the cable for it is the safer choice.
//
// On Linux the port is exclusive, and a drivers.Drainer.
func Scheme() drivers.Scheme {
	return drivers.Scheme{
		Name:    "serial",
		Example: example,
		Check:   check,
		Open:    open,
	}
}

// A flow is how the other side says that it is busy.
type flow string

const (
	flowNone    flow = "none"
	flowRTSCTS  flow = "rtscts"
	flowDTRDSR  flow = "dtrdsr"
	flowXONXOFF flow = "xonxoff"
)

// settings is a line as its URL describes it.
type settings struct {
	node   string
	baud   int  // bits a second
	bits   byte // 5 to 8
	parity byte // 'N', 'E' or 'O'
	stop   byte // 1 or 2
	flow   flow
}

// bauds are the speeds that tarm knows on Linux.
var bauds = []int{
	50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800,
	500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
}

func check(address *url.URL) error {
	_, err := parse(address)
	return err
}

// parse reads a URL; its error names every fault.
func parse(address *url.URL) (settings, error) {
	s := settings{baud: 9600, bits: 8, parity: 'N', stop: 1, flow: flowNone}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	name, err := nodeName(address)
	if err != nil {
		faults = append(faults, err)
	}
	s.node = name
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		fault("the options %q cannot be read: %w", address.RawQuery, err)
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		value := query.Get(key)
		if len(query[key]) > 1 {
			fault("%s is given %d times", key, len(query[key]))
		}
		if err := s.set(key, value); err != nil {
			faults = append(faults, err)
		}
	}
	return s, errors.Join(faults...)
}

// set reads one option.
func (s *settings) set(key, value string) error {
	switch key {
	case "baud":
		n, err := strconv.Atoi(value)
		if err != nil || !slices.Contains(bauds, n) {
			return fmt.Errorf("baud=%s is no speed of a serial line: see the device's manual, mostly 9600, 19200, 38400 or 115200", value)
		}
		s.baud = n
	case "bits":
		if len(value) != 1 || value[0] < '5' || value[0] > '8' {
			return fmt.Errorf("bits=%s: a character has 5, 6, 7 or 8 bits", value)
		}
		s.bits = value[0] - '0'
	case "parity":
		parity, ok := map[string]byte{"none": 'N', "even": 'E', "odd": 'O'}[value]
		if !ok {
			return fmt.Errorf("parity=%s: it is none, even or odd", value)
		}
		s.parity = parity
	case "stop":
		if value != "1" && value != "2" {
			return fmt.Errorf("stop=%s: there are 1 or 2 stop bits", value)
		}
		s.stop = value[0] - '0'
	case "flow":
		s.flow = flow(value)
		if !slices.Contains(flows, s.flow) {
			return fmt.Errorf("flow=%s: this system has %s", value, joined(flows))
		}
	default:
		return fmt.Errorf("a serial line has no option %q: it has baud, bits, parity, stop and flow", key)
	}
	return nil
}

// joined lists the kinds of flow control.
func joined(flows []flow) string {
	names := make([]string, len(flows))
	for i, f := range flows {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// open reaches the line. Some drivers hold an open until an earlier close is
// through, so it runs beside; a port that comes after ctx has ended is closed.
func open(ctx context.Context, address *url.URL) (drivers.Port, error) {
	s, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("open %s: %w", s.node, ctx.Err())
	}
	type result struct {
		port drivers.Port
		err  error
	}
	opened := make(chan result)
	go func() {
		port, err := openLine(s)
		select {
		case opened <- result{port, err}:
		case <-ctx.Done():
			if err == nil {
				port.Close()
			}
		}
	}()
	select {
	case r := <-opened:
		if r.err != nil {
			return nil, openError(r.err)
		}
		return r.port, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("open %s: %w", s.node, ctx.Err())
	}
}

// openError says err in the words of the port contract.
func openError(err error) error {
	switch {
	case errors.Is(err, drivers.ErrBusy), errors.Is(err, drivers.ErrAbsent), errors.Is(err, drivers.ErrDenied):
		return err
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%w: %w", drivers.ErrBusy, err)
	case errors.Is(err, fs.ErrPermission):
		return deniedError(err)
	case errors.Is(err, syscall.ENOTTY):
		return fmt.Errorf("%w: %w: it is no serial line", drivers.ErrAbsent, err)
	default:
		return fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
}
