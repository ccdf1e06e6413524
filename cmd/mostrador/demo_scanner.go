package main

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"
	"time"

	"mostrador/store"
)

// A demoScanner is a barcode reader on a line, and the people who use it: they
// scan each comanda when its dishes are ready, then the slip. It beeps on BEL.
type demoScanner struct {
	demoLine
	beeps atomic.Int64
}

// work scans what has come out of the printers, a paper every so often, until
// ctx ends.
func (s *demoScanner) work(ctx context.Context, st *store.Store, every time.Duration, out *calm) {
	hearing := make(chan struct{})
	go func() {
		defer close(hearing)
		s.hear(func(b []byte) { s.beeps.Add(int64(bytes.Count(b, []byte{bell}))) })
	}()
	defer func() { s.stop(); <-hearing }()
	changed, stop := st.Watch(store.TopicJobs)
	defer stop()
	scanned := map[string]bool{}
	for {
		job := nextPaper(st, scanned)
		if job == nil {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
		scanned[job.ID] = true
		what := "la guía"
		if job.Kind == store.ComandaTicket {
			what = "la comanda de " + job.Station
		}
		out.say("    ▮ lector: alguien escanea %s del pedido %s", what, printable(job.OrderNumber))
		if _, err := io.WriteString(s.master, job.ID+"\r\n"); err != nil {
			return
		}
	}
}

const bell = 0x07

// nextPaper is the oldest comanda on paper that nobody has scanned, or the slip
// of an order whose comandas are; nil when there is none.
func nextPaper(st *store.Store, scanned map[string]bool) (next *store.Job) {
	// A demo that cannot read its store shows so elsewhere.
	_ = st.View(func(tx *store.Tx) error {
		next = nil
		waits := map[uint64]bool{} // orders with a comanda to scan
		var slips []*store.Job
		for j, err := range tx.JobsIn(store.JobPrinted) {
			if err != nil {
				return err
			}
			switch {
			case scanned[j.ID] || j.CopyOf != 0:
			case j.Kind == store.DeliveryTicket:
				slips = append(slips, j)
			case j.Kind == store.ComandaTicket:
				waits[j.Order] = true
				if next == nil {
					next = j
				}
			}
		}
		for _, slip := range slips {
			if o, err := tx.Order(slip.Order); err == nil && o.Status == store.Ready && !waits[slip.Order] {
				next = slip
				return nil
			}
		}
		return nil
	})
	return next
}
