package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The benchmarks compare recording a sale and its event with the least that
// could be done: the same keys and values, ready made, in groups of as many as
// there are callers in bare bbolt, and a payload appended to a file and flushed
// one by one. Only figures of one run
// mean anything together.

// recorder is recordSale with everything made before that can be: what is
// measured is the store.
func (s *Store) recorder(b *testing.B) func(n int64) error {
	template := sampleSale(1)
	data, err := Encode(template)
	if err != nil {
		b.Fatal(err)
	}
	return func(n int64) error {
		sale := *template
		sale.SourceID = fmt.Sprintf("%012d", n)
		return s.Update(func(tx *Tx) error {
			if _, err := tx.PutSale(&sale); err != nil {
				return err
			}
			_, err := tx.Emit(StreamSales, "mostrador.sale.v1", data)
			return err
		})
	}
}

// inParallel spreads b.N calls over callers.
func inParallel(b *testing.B, callers int, record func(n int64) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	cpu := cpuTime()
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := record(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sales/s")
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/sale")
}

func BenchmarkSales(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("store/%d", callers), func(b *testing.B) {
			s, err := Open(filepath.Join(b.TempDir(), "mostrador.db"), Options{Identity: "lima-01/caja-1"})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			before := pageBytes(s.db)
			inParallel(b, callers, s.recorder(b))
			b.ReportMetric(float64(pageBytes(s.db)-before)/float64(b.N), "pageB/sale")
			b.ReportMetric(s.perCommit(), "sales/commit")
		})
		b.Run(fmt.Sprintf("bbolt/%d", callers), func(b *testing.B) {
			benchmarkBare(b, callers)
		})
	}
	b.Run("append", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "log"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		body, _ := json.Marshal(sampleSale(1))
		b.ResetTimer()
		for range b.N {
			if _, err := f.Write(body); err != nil {
				b.Fatal(err)
			}
			if err := dataSync(f); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sales/s")
	})
}

// pageBytes is what bbolt has written in pages, without the heads.
func pageBytes(db *bolt.DB) int64 {
	st := db.Stats()
	return st.TxStats.GetPageAlloc()
}

// perCommit is how many calls shared a transaction, on average.
func (s *Store) perCommit() float64 {
	b, err := s.db.Begin(false)
	if err != nil {
		return 0
	}
	defer b.Rollback()
	return float64(b.Bucket([]byte(bucketSales)).Sequence()) / float64(b.ID())
}

// benchmarkBare writes what recordSale writes, with the whole group in each
// transaction and nothing around it.
func benchmarkBare(b *testing.B, group int) {
	db, err := openFile(filepath.Join(b.TempDir(), "bare.db"), 0)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets() {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	sale := sampleSale(1)
	sale.ID = "019a0000-0000-7000-8000-000000000000"
	body, _ := json.Marshal(sale)
	event, _ := json.Marshal(Event{Position: 1, Stream: StreamSales, ID: sale.ID, Source: "/mostrador/lima-01/caja-1/sales",
		Type: "mostrador.sale.v1", Epoch: "0123456789abcdef", Sequence: 1, Time: time.Now(), Data: body})
	before, cpu := pageBytes(db), cpuTime()
	b.ResetTimer()
	for n := 0; n < b.N; {
		err := db.Update(func(tx *bolt.Tx) error {
			sales, keys, out := tx.Bucket([]byte(bucketSales)), tx.Bucket([]byte(bucketSaleKeys)), tx.Bucket([]byte(outbox(StreamSales)))
			sales.FillPercent, out.FillPercent = 1, 1
			keys.FillPercent = fillPercent(bucketSaleKeys)
			for i := 0; i < group && n < b.N; i++ {
				n++
				seq, _ := sales.NextSequence()
				if err := keys.Put(composite(sale.Source, fmt.Sprintf("%012d", n)), number(seq)); err != nil {
					return err
				}
				if err := sales.Put(number(seq), body); err != nil {
					return err
				}
				if err := out.Put(number(seq), event); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(pageBytes(db)-before)/float64(b.N), "pageB/sale")
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/float64(b.N), "cpu-ns/sale")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sales/s")
}

// BenchmarkOpen opens a store in which sales wait, as after a kill: the list of
// free pages is not in the file.
func BenchmarkOpen(b *testing.B) {
	const sales, group = 100_000, 1000
	path := filepath.Join(b.TempDir(), "mostrador.db")
	s, err := Open(path, Options{Identity: "lima-01/caja-1"})
	if err != nil {
		b.Fatal(err)
	}
	for n := int64(0); n < sales; n += group {
		if err := s.Update(func(tx *Tx) error {
			for i := range int64(group) {
				sale := sampleSale(n + i)
				if _, err := tx.PutSale(sale); err != nil {
					return err
				}
				if _, err := tx.Emit(StreamSales, "mostrador.sale.v1", sale); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("store", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(path, Options{Identity: "lima-01/caja-1"})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bbolt", func(b *testing.B) {
		for b.Loop() {
			db, err := openFile(path, 0)
			if err != nil {
				b.Fatal(err)
			}
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
