package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/spool/ticket"
	"mostrador/drivers"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// BenchmarkFirstByte takes orders one after the other, as the relay hands them
// down, each while the printer is idle, and reports how long it is until one is
// durable and until the first bytes of its first ticket have reached the
// printer, beside one commit to a bare bbolt file of as many records of the same
// size as an order leaves. The two take turns, so that they meet the same disk.
// Use some thousand rounds: -benchtime 2000x.
func BenchmarkFirstByte(b *testing.B) {
	c := newFirstByteCounter(b)
	bare := newBareFile(b, orderRecords(b))
	var durable, first, committed latencies
	n := 0
	for b.Loop() {
		n++
		committed.add(bare.commit(n))
		payload := demoOrder(n, time.Now())
		began := time.Now()
		c.line.begin()
		if err := c.router.Order(b.Context(), payload, func() error { durable.add(time.Since(began)); return nil }); err != nil {
			b.Fatal(err)
		}
		first.add((<-c.line.first).Sub(began))
		c.settle()
	}
	for _, p := range []struct {
		name string
		at   int
	}{{"p50", 50}, {"p99", 99}} {
		b.ReportMetric(committed.at(p.at).Seconds()*1e3, "bare-"+p.name+"-ms")
		b.ReportMetric(durable.at(p.at).Seconds()*1e3, "durable-"+p.name+"-ms")
		b.ReportMetric(first.at(p.at).Seconds()*1e3, "first-"+p.name+"-ms")
		b.ReportMetric(float64(first.at(p.at))/float64(committed.at(p.at)), "first/bare-"+p.name)
	}
}

// latencies are how long something took, each time.
type latencies []time.Duration

func (l *latencies) add(d time.Duration) { *l = append(*l, d) }

// at is percentile n.
func (l latencies) at(n int) time.Duration {
	sorted := slices.Sorted(slices.Values(l))
	return sorted[min(len(sorted)*n/100, len(sorted)-1)]
}

// A firstByteLine notes when the first bytes of a ticket have been taken.
type firstByteLine struct {
	net.Conn
	first chan time.Time

	mu    sync.Mutex
	armed bool
}

func (l *firstByteLine) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = true
}

func (l *firstByteLine) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.armed && bytes.HasPrefix(b, []byte("\x1b@")) {
		l.armed = false
		l.first <- now
	}
	return n, err
}

// A firstByteCounter is a terminal with one idle printer.
type firstByteCounter struct {
	*testing.B
	st     *store.Store
	router *integration.Router
	line   *firstByteLine
	jobs   <-chan struct{}
}

func newFirstByteCounter(b *testing.B) *firstByteCounter {
	b.Helper()
	model, ok := profile.Lookup("TM-T20II")
	if !ok {
		b.Fatal("TM-T20II is not known")
	}
	ctx, stop := context.WithCancel(b.Context())
	var parts sync.WaitGroup
	printer := virtual.New(model, model.Papers["80mm"], virtual.Options{})
	near, far := net.Pipe()
	parts.Go(func() { defer far.Close(); _ = printer.ServeConn(ctx, far) })
	c := &firstByteCounter{B: b, line: &firstByteLine{Conn: near, first: make(chan time.Time, 1)}}
	c.st, c.router = newIntake(b, filepath.Join(b.TempDir(), "mostrador.db"))
	spooler, err := spool.New(c.st, spool.Settings{
		Printers: []spool.Printer{{Name: "caja", Profile: model, Paper: "80mm",
			Open: func(context.Context) (drivers.Port, error) { return c.line, nil }}},
		Ticket: ticket.Settings{Locale: "es-PE"},
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		b.Fatal(err)
	}
	var unwatch func()
	c.jobs, unwatch = c.st.Watch(store.TopicJobs)
	parts.Go(func() {
		if err := spooler.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() { unwatch(); stop(); parts.Wait(); c.st.Close() })
	c.line.begin() // the first ticket says that the printer has been met
	if err := c.router.Order(b.Context(), demoOrder(0, time.Now()), func() error { return nil }); err != nil {
		b.Fatal(err)
	}
	<-c.line.first
	c.settle()
	return c
}

// newIntake is the way of an order into a store.
func newIntake(b *testing.B, path string) (*store.Store, *integration.Router) {
	b.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := store.Open(path, store.Options{Identity: "s/t", Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	intake := order.NewIntake(st, order.Rules{Printers: []string{"caja"}}, spool.Evidence, quiet)
	router, err := integration.NewRouter(st, intake, order.NewAcks(st, quiet), providers(),
		[]integration.Settings{{Provider: "justo", Nickname: "Justo", Currency: "PEN", Location: time.UTC}}, quiet)
	if err != nil {
		b.Fatal(err)
	}
	return st, router
}

// settle waits until nothing waits or prints any more.
func (c *firstByteCounter) settle() {
	c.Helper()
	for ; ; <-c.jobs {
		open := 0
		if err := c.st.View(func(tx *store.Tx) error {
			open = 0
			for _, state := range []store.JobState{store.JobQueued, store.JobSending} {
				for _, err := range tx.JobsIn(state) {
					if err != nil {
						return err
					}
					open++
				}
			}
			return nil
		}); err != nil {
			c.Fatal(err)
		}
		if open == 0 {
			return
		}
	}
}

// records are those of one kind that an order leaves, on average.
type records struct {
	bucket     string
	count      int
	key, value int // bytes
}

// orderRecords takes some orders that nobody prints, and looks what they left.
func orderRecords(b *testing.B) (all []records) {
	b.Helper()
	const orders = 60
	path := filepath.Join(b.TempDir(), "looked-at.db")
	st, router := newIntake(b, path)
	for n := range orders {
		if err := router.Order(b.Context(), demoOrder(n, time.Now()), func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			r := records{bucket: string(name)}
			err := bucket.ForEach(func(k, v []byte) error {
				r.count, r.key, r.value = r.count+1, r.key+len(k), r.value+len(v)
				return nil
			})
			if r.count < orders { // the store's own
				return err
			}
			r.key, r.value, r.count = r.key/r.count, r.value/r.count, (r.count+orders/2)/orders
			all = append(all, r)
			return err
		})
	}); err != nil {
		b.Fatal(err)
	}
	return all
}

// A bareFile is bbolt with nothing around it, opened as the store opens it.
type bareFile struct {
	*testing.B
	db      *bolt.DB
	records []records
}

func newBareFile(b *testing.B, all []records) *bareFile {
	b.Helper()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.Update(func(tx *bolt.Tx) error {
		for _, r := range all {
			if _, err := tx.CreateBucket([]byte(r.bucket)); err != nil {
				return err
			}
			b.Logf("an order leaves %d × %d + %d bytes in %s", r.count, r.key, r.value, r.bucket)
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return &bareFile{b, db, all}
}

// commit writes what order n would leave, and says how long that took.
func (f *bareFile) commit(n int) time.Duration {
	began := time.Now()
	if err := f.db.Update(func(tx *bolt.Tx) error {
		for _, r := range f.records {
			bucket := tx.Bucket([]byte(r.bucket))
			for i := range r.count {
				key := make([]byte, max(r.key, 8))
				binary.BigEndian.PutUint64(key, uint64(n*r.count+i))
				if err := bucket.Put(key, make([]byte, r.value)); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	return time.Since(began)
}
