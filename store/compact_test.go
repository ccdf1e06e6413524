package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sizeOf is how much the store's file takes.
func sizeOf(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestCompactWhileWriting: what was sent goes, the space comes back, and
// everybody goes on meanwhile.
func TestCompactWhileWriting(t *testing.T) {
	dir := t.TempDir()
	s := at(t, dir, Options{})
	const sales = 4000
	for n := int64(0); n < sales; n += 100 {
		update(t, s, func(tx *Tx) error {
			for i := n; i < n+100; i++ {
				sale := sampleSale(i)
				sale.RecordedAt = tx.Now()
				if _, err := tx.PutSale(sale); err != nil {
					return err
				}
				if _, err := tx.Emit(StreamSales, "mostrador.sale.v1", sale); err != nil {
					return err
				}
			}
			return nil
		})
	}
	update(t, s, func(tx *Tx) error { return tx.MarkSent(StreamSales, sales) })
	if n, err := s.Sweep(s.Clock().Now(), 0, 0); err != nil || n != sales {
		t.Fatalf("%d events were swept: %v", n, err)
	}
	before := sizeOf(t, s.path)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := sizeOf(t, s.path); after > before*3/4 {
		t.Errorf("the file has %d bytes of %d", after, before)
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var recorded atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := s.recordSale(sales + recorded.Add(1) - 1); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Stats(); err != nil {
				t.Error(err)
				return
			}
			s.Health()
		}
	})
	for round := range 2 {
		if err := s.Compact(ctx); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	cancel()
	wg.Wait()
	checkAfterCompaction(t, s, sales, recorded.Load())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = at(t, dir, Options{})
	if o := s.Opening(); o.Created || o.NewEpoch != "" {
		t.Errorf("after compaction the opening is %+v", o)
	}
	checkAfterCompaction(t, s, sales, recorded.Load())
}

func checkAfterCompaction(t *testing.T, s *Store, swept, recorded int64) {
	t.Helper()
	if recorded < 10 {
		t.Fatalf("only %d sales meanwhile: nothing was tested", recorded)
	}
	view(t, s, func(tx *Tx) error {
		next := uint64(swept)
		for e, err := range tx.Unsent(StreamSales, 0) {
			if err != nil {
				return err
			}
			if next++; e.Position != next || e.Sequence != next {
				return fmt.Errorf("event %d has position %d and sequence %d", next, e.Position, e.Sequence)
			}
		}
		if next != uint64(swept+recorded) || tx.Last(StreamSales) != next {
			return fmt.Errorf("events end at %d, numbers at %d, want %d", next, tx.Last(StreamSales), swept+recorded)
		}
		for n := range swept + recorded {
			if tx.get(bucketSaleKeys, composite("register/registradora", sampleSale(n).SourceID)) == nil {
				return fmt.Errorf("sale %d has no key", n)
			}
		}
		if n := tx.span(bucketSales); n != uint64(swept+recorded) {
			return fmt.Errorf("%d sales are kept", n)
		}
		return nil
	})
}

func TestCompactionGivesUp(t *testing.T) {
	s := opened(t, Options{})
	for n := range 100 {
		if _, _, err := s.order(n); err != nil {
			t.Fatal(err)
		}
	}
	left := func() {
		t.Helper()
		if _, err := os.Stat(s.compactPath()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the new file is still there: %v", err)
		}
		if _, _, err := s.order(rand.IntN(1 << 30)); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.onStep = func(string) { cancel() }
	wantError(t, s.Compact(ctx), context.Canceled)
	left()
	s.onStep = func(step string) {
		if step == "copied" {
			s.writer.Lock()
			s.compacting.broken = true
			s.writer.Unlock()
		}
	}
	wantError(t, s.Compact(context.Background()), errNotNow)
	left()
	s.onStep = nil
	if err := s.Compact(context.Background()); err != nil {
		t.Error(err)
	}
	left()
	if err := s.CompactIfDue(context.Background()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Compact(context.Background()), os.ErrClosed)
}

// compactUntilKilled compacts again and again and ends the process in the midst
// of a step.
func compactUntilKilled(s *Store, step string) {
	left := rand.IntN(4)
	s.writer.Lock() // others write already
	s.onStep = func(name string) {
		if name != step {
			return
		}
		if left--; left < 0 {
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				panic(err)
			}
			if err := self.Kill(); err != nil {
				panic(err)
			}
			select {} // until it takes effect
		}
	}
	s.writer.Unlock()
	for {
		if err := s.Compact(context.Background()); err != nil {
			panic(err)
		}
	}
}

// TestKillWhileCompacting kills the process at every step of a compaction, while
// four callers record.
func TestKillWhileCompacting(t *testing.T) {
	rounds := 1
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		rounds = 40
	}
	var dir string
	var acknowledged map[int]bool
	var next, records, kills int
	for round := 0; round < rounds || records < 6*rounds; round++ {
		if round%5 == 0 { // all that is in a file is looked for after each kill
			dir, acknowledged, next = t.TempDir(), make(map[int]bool), 1
		}
		for _, step := range []string{"copying", "copied", "caught up", "synced", "renamed", "switched"} {
			before := len(acknowledged)
			for _, n := range recordAndCompact(t, dir, next, step) {
				acknowledged[n] = true
				next = max(next, n+1)
			}
			next += 100
			s := at(t, dir, Options{})
			if o := s.Opening(); o.Quarantined != "" || o.NewEpoch != "" && before > 0 {
				t.Fatalf("killed when %s: %+v", step, o)
			}
			checkKept(t, s, acknowledged)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			records, kills = records+len(acknowledged)-before, kills+1
		}
	}
	t.Logf("%d records over %d kills", records, kills)
}

// recordAndCompact lets a process record and compact until it kills itself at a
// step, and returns what it had acknowledged.
func recordAndCompact(t *testing.T, dir string, from int, step string) (numbers []int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashDir+"_FROM="+strconv.Itoa(from), crashDir+"_STEP="+step)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, toInt(t, line))
	}
	_ = cmd.Wait() // killed
	if !late.Stop() {
		t.Fatalf("the process never came to %q", step)
	}
	return numbers
}
