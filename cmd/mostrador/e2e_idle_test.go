//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// maxIdleMemory is what the design allows an idle daemon of anonymous memory.
const maxIdleMemory = 15 << 20

// An idle daemon with a serial and a TCP printer, a register and a connected
// broker costs almost nothing. What is measured is what is shipped.
func TestIdle(t *testing.T) {
	settle, watch := 4*time.Second, 8*time.Second
	if proof() {
		settle, watch = 15*time.Second, 30*time.Second
	}
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.binary = shippedBinary(t)
	c.start()
	c.cloud.Wait(time.Minute, "the birth", func() bool { return len(c.cloud.States()) > 0 })
	c.eventually(time.Minute, "both printers", func() bool { return c.kitchen.Received() > 0 && c.till.Received() > 0 })
	time.Sleep(settle) // nothing happens from here on: that is what is measured

	before := footprintOf(t, c.daemon.Process.Pid)
	time.Sleep(watch)
	after := footprintOf(t, c.daemon.Process.Pid)
	c.stop()

	seconds := after.at.Sub(before.at).Seconds()
	core := (after.cpu - before.cpu).Seconds() / seconds * 100
	record(t, "Idle", []figure{
		{"anonymous memory", "15 MB", fmt.Sprintf("%.1f MB", float64(after.anonymous)/1e6), "RssAnon of /proc/PID/status"},
		{"share of one core", "0.2 %", fmt.Sprintf("%.3f %%", core), fmt.Sprintf("run time of all threads (schedstat) over %.0f s", seconds)},
		{"wake-ups a second", "3", fmt.Sprintf("%.1f", float64(after.switches-before.switches)/seconds), "voluntary context switches of all threads"},
		{"threads", "–", strconv.Itoa(after.threads), "/proc/PID/task"},
		{"binary", "26 MB", fmt.Sprintf("%.1f MB", float64(after.binary)/1e6), "linux-amd64, CGO_ENABLED=0, stripped"},
	})
	if after.anonymous > maxIdleMemory {
		t.Errorf("an idle daemon holds %d bytes of anonymous memory, the limit is %d", after.anonymous, maxIdleMemory)
	}
}

// shippedBinary builds the daemon as make build does.
func shippedBinary(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mostrador")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", name, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the daemon: %v\n%s", err, out)
	}
	return name
}

// A footprint is what a process has used so far.
type footprint struct {
	at        time.Time
	anonymous int64 // bytes
	cpu       time.Duration
	switches  int64 // voluntary
	threads   int
	binary    int64 // bytes
}

func footprintOf(t *testing.T, pid int) footprint {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", pid)
	u := footprint{at: time.Now(), anonymous: 1 << 10 * statusField(t, proc+"/status", "RssAnon")}
	threads, err := os.ReadDir(proc + "/task")
	if err != nil {
		t.Fatal(err)
	}
	u.threads = len(threads)
	for _, thread := range threads {
		task := filepath.Join(proc, "task", thread.Name())
		u.switches += statusField(t, task+"/status", "voluntary_ctxt_switches")
		u.cpu += runTime(t, task+"/schedstat")
	}
	info, err := os.Stat(proc + "/exe")
	if err != nil {
		t.Fatal(err)
	}
	u.binary = info.Size()
	return u
}

// statusField reads a number of a status file: kB where it has a unit.
func statusField(t *testing.T, name, field string) int64 {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				t.Fatalf("%s of %s: %v", field, name, err)
			}
			return n
		}
	}
	t.Fatalf("%s has no %s", name, field)
	return 0
}

// runTime is how long a thread was on a CPU: finer than the ticks of stat.
func runTime(t *testing.T, name string) time.Duration {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return time.Duration(n)
}
