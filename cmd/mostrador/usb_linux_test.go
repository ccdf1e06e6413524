package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// usbLabTime is how long the machine with USB may take; with full counts longer.
const (
	usbLabTime      = 10 * time.Minute
	usbLabTimeProof = 40 * time.Minute
)

// TestUSB brings what needs real USB printers to a machine that has them.
func TestUSB(t *testing.T) {
	t.Parallel()
	tickets := buildLabTest(t, "cmd/mostrador")
	t.Run("Printers", func(t *testing.T) {
		usbSuites(t, buildLabTest(t, "drivers/usbport", "-race"), buildLabTest(t, "drivers/fileport"), tickets)
	})
	t.Run("Reboot", func(t *testing.T) { usbReboot(t, tickets) })
}

// usbSuites runs the suites of the ports, and tickets whose printers are
// unplugged.
func usbSuites(t *testing.T, programs ...string) {
	t.Helper()
	adapter := newSerialAdapter(t)
	said := runLab(t, adapter.qemu(), programs, "-test.v", "-test.run", "^TestLab", "-test.timeout", usbLabLimit().String())
	for _, test := range []string{
		"TestLabPort", "TestLabTwins", "TestLabUsblp", "TestLabRequests", // drivers/usbport
		"TestLabTickets", "TestLabPaperOut", "TestLabDevices", "TestLabSerialAdapter", // here
	} {
		if !strings.Contains(said, "--- PASS: "+test+" (") {
			t.Errorf("%s did not pass on the machine with USB", test)
		}
	}
	if n := strings.Count(said, "--- PASS: TestLabUsblp ("); n != 2 {
		t.Errorf("%d of 2 tests of usblp passed", n)
	}
	if t.Failed() {
		t.Log(said)
		return
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "unplugs in") || strings.Contains(line, "told after") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// usbReboot: a machine that is switched off in the middle of a ticket finds
// its printer again, and what it does not know comes out once more, marked.
func usbReboot(t *testing.T, program string) {
	t.Helper()
	disk := filepath.Join(t.TempDir(), "disk")
	file, err := os.Create(disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(256<<20), file.Close()); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", disk).CombinedOutput(); err != nil {
		t.Fatalf("make a disk: %v\n%s", err, out)
	}
	said := runLab(t, []string{"-drive", "file=" + disk + ",format=raw,if=virtio"}, []string{program},
		"-test.v", "-test.run", "^TestRebootInside$", "-test.timeout", usbLabLimit().String())
	if strings.Count(said, "=== RUN   TestRebootInside") != 2 || !strings.Contains(said, "--- PASS: TestRebootInside (") {
		t.Errorf("it did not go on after a reboot:\n%s", said)
	}
}

// A serialAdapter is a USB serial adapter of the machine's, seen from the device
// that hangs on it. It is plugged in for as long as the device is connected.
type serialAdapter struct {
	*testing.T
	line string // a socket
}

// newSerialAdapter makes the device; it answers until the test ends.
func newSerialAdapter(t *testing.T) *serialAdapter {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	a := &serialAdapter{T: t, line: filepath.Join(dir, "line")}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { a.serve(ctx) })
	t.Cleanup(func() {
		cancel()
		serving.Wait()
		os.RemoveAll(dir)
	})
	return a
}

func (a *serialAdapter) qemu() []string {
	return []string{
		"-device", "qemu-xhci", "-chardev", "socket,id=line,server=on,wait=off,path=" + a.line, "-device", "usb-serial,chardev=line",
	}
}

// serve plugs the device in again and again, and answers each time.
func (a *serialAdapter) serve(ctx context.Context) {
	for last := false; !last && ctx.Err() == nil; {
		device, err := new(net.Dialer).DialContext(ctx, "unix", a.line)
		if err != nil {
			time.Sleep(50 * time.Millisecond) // the machine is not there yet, or any more
			continue
		}
		unplug := context.AfterFunc(ctx, func() { device.Close() })
		last = a.answer(device)
		unplug()
		device.Close()
	}
}

// answer has the device answer once, and returns when that has arrived; last
// says that it was the last time.
func (a *serialAdapter) answer(device net.Conn) (last bool) {
	said := bufio.NewScanner(device)
	for said.Scan() {
		var round, rounds int
		if _, err := fmt.Sscanf(said.Text(), "round %d of %d", &round, &rounds); err == nil {
			fmt.Fprintf(device, "answer %d\n", round)
			last = round == rounds
		} else if strings.HasPrefix(said.Text(), "thanks") {
			return last
		} else {
			a.Errorf("the device hears %q", said.Text())
			return true
		}
	}
	return last
}

func usbLabLimit() time.Duration {
	if proof() {
		return usbLabTimeProof
	}
	return usbLabTime
}

// buildLabTest builds the tests of a folder with libusb.
func buildLabTest(t *testing.T, folder string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(folder)+".test")
	build := exec.Command("go", append([]string{"test", "-c", "-tags", "libusb", "-o", program}, append(flags, "./"+folder)...)...)
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the tests of %s with libusb: %v\n%s", folder, err, out)
	}
	return program
}

// runLab runs programs on the machine with USB and returns what they said.
func runLab(t *testing.T, qemu []string, programs []string, args ...string) string {
	t.Helper()
	console := filepath.Join(t.TempDir(), "console")
	limit := usbLabLimit() + time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), limit+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "../../packaging/lab/usb", append(append(programs, "--"), args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), "LAB_CONSOLE="+console, fmt.Sprintf("LAB_TIMEOUT=%d", int(limit.Seconds())), "LAB_QEMU="+strings.Join(qemu, " "))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		kernel, _ := os.ReadFile(console)
		t.Errorf("the machine with USB: %v; its kernel said\n%s", err, kernel)
	}
	return said.String()
}
