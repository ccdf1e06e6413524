package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// A demoRegister is a cash register on a pty. It writes its journal as the
// shipped profile journal-columns has it, and repeats a record until the
// terminal has acknowledged it.
type demoRegister struct{ demoLine }

const (
	ackByte   = 0x06
	repeatFor = 2 * time.Second
)

// sell rings up a sale now and then until ctx ends.
func (r *demoRegister) sell(ctx context.Context, every time.Duration) {
	if r.master == nil {
		return
	}
	acks := make(chan struct{}, 1)
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		r.hear(func(b []byte) {
			if bytes.IndexByte(b, ackByte) >= 0 {
				select {
				case acks <- struct{}{}:
				default:
				}
			}
		})
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
