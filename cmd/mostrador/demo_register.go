package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// A demoRegister is a cash register on a pty. It writes its journal as the
// shipped profile journal-columns has it, and repeats a record until the
// terminal has acknowledged it.
type demoRegister struct {
	// port is the device's URL, empty where this system has no ptys.
	port          string
	master, slave *os.File
}

const (
	ackByte   = 0x06
	repeatFor = 2 * time.Second
)

// startDemoRegister makes the pty under a name of its own, as a serial adapter
// has one. The error is errors.ErrUnsupported where there are no ptys; the
// register is then one that stays silent.
func startDemoRegister(name string) (*demoRegister, error) {
	r := &demoRegister{}
	master, slave, err := pty.Open()
	if err != nil {
		return r, fmt.Errorf("register: %w", err)
	}
	r.master, r.slave = master, slave
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		return r, fmt.Errorf("register: %w", err)
	}
	if err := os.Symlink(slave.Name(), name); err != nil {
		return r, fmt.Errorf("register: %w", err)
	}
	r.port = "serial://" + name + "?baud=9600"
	return r, nil
}

// stop takes the register off its line; a second time it does nothing.
func (r *demoRegister) stop() {
	if r.master != nil {
		r.master.Close()
		r.slave.Close()
	}
}

// sell rings up a sale now and then until ctx ends.
func (r *demoRegister) sell(ctx context.Context, every time.Duration) {
	if r.master == nil {
		return
	}
	acks := make(chan struct{}, 1)
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		r.hear(acks)
	}()
	for receipt := 1; ctx.Err() == nil; receipt++ {
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
		for _, record := range demoSale(receipt, time.Now()) {
			if !r.say(ctx, record, acks) {
				break
			}
		}
	}
	r.stop()
	<-reading
}

// hear passes on the acknowledgements of the terminal until the line ends.
func (r *demoRegister) hear(acks chan<- struct{}) {
	buf := make([]byte, 16)
	for {
		n, err := r.master.Read(buf)
		if bytes.IndexByte(buf[:n], ackByte) >= 0 {
			select {
			case acks <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// say sends one record until it is acknowledged.
func (r *demoRegister) say(ctx context.Context, record string, acks <-chan struct{}) bool {
	for {
		if _, err := io.WriteString(r.master, record+"\r\n"); err != nil {
			return false
		}
		select {
		case <-acks:
			return true
		case <-time.After(repeatFor):
		case <-ctx.Done():
			return false
		}
	}
}

// demoLines is how many products a receipt has.
func demoLines(receipt int) int { return 1 + receipt%2 }

// demoSale is a receipt in the columns of the profile journal-columns.
func demoSale(receipt int, now time.Time) []string {
	products := []struct {
		plu, name string
		cents     int
	}{{"000101", "CAFE AMERICANO", 700}, {"000102", "EMPANADA DE CARNE", 950}, {"000103", "JUGO DE MARACUYA", 1150}}
	record := func(kind, plu, name, quantity string, cents int) string {
		return fmt.Sprintf("%s %06d %s %-6s %-24s %7s %8d.%02d", kind, receipt,
			now.Format("2006-01-02 15:04:05"), plu, name, quantity, cents/100, cents%100)
	}
	var records []string
	total := 0
	for i := range demoLines(receipt) {
		p := products[(receipt+i)%len(products)]
		total += p.cents
		records = append(records, record("I", p.plu, p.name, "1.000", p.cents))
	}
	return append(records,
		record("P", "", "EFECTIVO", "", total),
		record("T", "", "TOTAL", "", total))
}
