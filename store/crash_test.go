package store

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The crash test runs this test binary again as a process that records what it
// can, tells what was acknowledged, and is killed at a random moment.
const crashDir = "MOSTRADOR_STORE_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		recordUntilKilled(dir, os.Getenv(crashDir+"_FROM"))
		return
	}
	goleak.VerifyTestMain(m)
}

// recordUntilKilled records orders and sales from several callers, numbered
// from a number, and prints each number once it is on disk.
func recordUntilKilled(dir, from string) {
	first, err := strconv.Atoi(from)
	if err != nil {
		panic(err)
	}
	s, err := Open(dir+"/mostrador.db", Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		panic(err)
	}
	if step := os.Getenv(crashDir + "_STEP"); step != "" {
		go compactUntilKilled(s, step)
	}
	var mu sync.Mutex
	next := first
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if _, _, err := s.order(n); err != nil {
					panic(err)
				}
				if err := s.recordSale(int64(n)); err != nil {
					panic(err)
				}
				mu.Lock()
				fmt.Println(n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestKillAtAnyMoment goes on until as many records were acknowledged as there are
// kills to be: one may come before its first record.
func TestKillAtAnyMoment(t *testing.T) {
	kills := 8
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		kills = 300
	}
	dir := t.TempDir()
	acknowledged := make(map[int]bool)
	next := 1
	runs := 0
	for ; runs < kills || len(acknowledged) < kills; runs++ {
		for _, n := range recordAndKill(t, dir, next) {
			acknowledged[n] = true
			next = max(next, n+1)
		}
		next += 100 // what was under way when it was killed has its number, too
		s := at(t, dir, Options{})
		if s.Opening().Quarantined != "" {
			t.Fatalf("killing damaged the store: %v", s.Opening().Cause)
		}
		checkKept(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records over %d kills", len(acknowledged), runs)
}

// recordAndKill lets a process record for a while, kills it, and returns what it
// had acknowledged.
func recordAndKill(t *testing.T, dir string, from int) (numbers []int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashDir+"_FROM="+strconv.Itoa(from))
	var said bytes.Buffer
	cmd.Stderr = io.MultiWriter(&said, os.Stderr)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The moment counts from the first record on, or from the start: then the
	// opening is what is cut off.
	lines := bufio.NewReader(out)
	if rand.IntN(4) > 0 {
		if line, err := lines.ReadString('\n'); err == nil {
			numbers = append(numbers, toInt(t, line))
		}
	}
	kill := time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // a line without its end was never told
		}
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, toInt(t, line))
	}
	_ = cmd.Wait() // killed, which is -1, or 1 on Windows
	if code := cmd.ProcessState.ExitCode(); code != -1 && code != 1 {
		t.Errorf("it ended by itself, with %d", code)
	}
	if bytes.Contains(said.Bytes(), []byte("DATA RACE")) {
		t.Error("it has a data race")
	}
	return numbers
}

func toInt(t *testing.T, line string) int {
	t.Helper()
	n, err := strconv.Atoi(line[:len(line)-1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkKept finds acknowledged records that are missing, and gaps.
func checkKept(t *testing.T, s *Store, acknowledged map[int]bool) {
	t.Helper()
	orders := checkSequences(t, s, StreamOrders)
	sales := checkSequences(t, s, StreamSales)
	view(t, s, func(tx *Tx) error {
		for n := range acknowledged {
			if _, err := tx.OrderByKey(sampleOrder(n).Key); err != nil {
				return fmt.Errorf("order %d was acknowledged: %w", n, err)
			}
			if tx.get(bucketSaleKeys, composite("register/registradora", sampleSale(int64(n)).SourceID)) == nil {
				return fmt.Errorf("sale %d was acknowledged and is missing", n)
			}
		}
		return nil
	})
	st, err := s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if st.Orders != orders || st.Sales != sales || st.Jobs != orders {
		t.Errorf("%d orders with %d events and %d tickets, %d sales with %d events", st.Orders, orders, st.Jobs, st.Sales, sales)
	}
}
