//go:build libusb

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mostrador/drivers"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// TestLabSerialAdapter speaks over a USB serial adapter by its name under
// /dev/serial/by-id, while the other side, outside of this machine, pulls it when
// it was thanked, and puts it back: serialAdapter in usb_linux_test.go.
func TestLabSerialAdapter(t *testing.T) {
	requireUSBLab(t)
	names, err := filepath.Glob("/dev/serial/by-id/*")
	if err != nil || len(names) != 1 {
		t.Fatalf("the adapters here are %v, %v", names, err)
	}
	if !strings.HasPrefix(filepath.Base(names[0]), "usb-QEMU_QEMU_USB_SERIAL_") {
		t.Errorf("udev names it %s", names[0])
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	round, gone := 0, 0
	var seen []string
	use := func(_ context.Context, port drivers.Port) error {
		round++
		fmt.Fprintf(port, "round %d of %d\n", round, serialRounds)
		line, err := bufio.NewReader(port).ReadString('\n')
		if want := fmt.Sprintf("answer %d\n", round); err != nil || line != want {
			t.Errorf("round %d: %q, %v; want %q", round, line, err, want)
		}
		fmt.Fprintln(port, "thanks")
		if round == serialRounds || t.Failed() {
			cancel()
			return nil
		}
		_, err = port.Read(make([]byte, 1))
		if errors.Is(err, drivers.ErrGone) {
			gone++
		} else {
			t.Errorf("an adapter that was unplugged: %v", err)
		}
		return err
	}
	open := opener(schemes())("serial://" + names[0] + "?baud=9600")
	_ = drivers.Keep(ctx, open, use, func(c drivers.Change) { seen = append(seen, fmt.Sprintf("%v %v", c.Up, c.Err)) })
	if round != serialRounds || gone != serialRounds-1 {
		t.Errorf("%d rounds of %d, and %d unplugs; it was seen %q", round, serialRounds, gone, seen)
	}
}

// serialRounds is how often the adapter is used, and unplugged in between.
const serialRounds = 3

// rebootFolder is on the disk that lasts.
const rebootFolder = "/disk"

// TestRebootInside prints until the machine is switched off in the middle of a
// ticket, and, on the next boot, goes on with what it finds.
func TestRebootInside(t *testing.T) {
	requireUSBLab(t)
	papers, err := os.OpenFile(filepath.Join(rebootFolder, "papers"), os.O_CREATE|os.O_RDWR|os.O_APPEND|unix.O_SYNC, 0o600)
	if err != nil {
		t.Skipf("there is no disk: %v", err)
	}
	defer papers.Close()
	before, err := io.ReadAll(papers)
	if err != nil {
		t.Fatal(err)
	}
	p := newUSBPrinter(t, "caja", labEpson, "usb://04b8:0e15", virtual.Options{OnPaper: func(paper virtual.Paper) {
		fmt.Fprintf(papers, "%s\f", paper.Text())
	}})
	db := filepath.Join(rebootFolder, "db")
	const tickets = 6
	if _, err := os.Stat(db); errors.Is(err, os.ErrNotExist) {
		c := newUSBCounter(t, db, p)
		c.queue(1)
		c.eventually(time.Minute, "the first ticket is out", func() bool { return len(p.seen()) == 1 && c.atRest() })
		p.lastAfter(len(usbTicket(1)) * 5 / 2)
		c.queue(tickets - 1)
		<-p.cut
		t.Log("switched off")
		if err := unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART); err != nil {
			t.Fatal(err)
		}
		select {} // it has no power any more
	}
	for text := range strings.SplitSeq(string(before), "\f") {
		p.papers = append(p.papers, text)
	}
	c := newUSBCounter(t, db, p)
	c.eventually(2*time.Minute, "all tickets are out", c.atRest)
	b := c.balance()
	if b.tickets != tickets || b.unknown != 1 || b.copies != 1 || b.open != 0 {
		t.Errorf("%+v", b)
	}
	for _, j := range c.jobs() {
		if j.CopyOf != 0 && j.State != store.JobPrinted {
			t.Errorf("the copy is %s", j.State)
		}
	}
	t.Logf("after the reboot: %+v", b)
}
