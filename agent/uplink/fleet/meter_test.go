//go:build linux

package fleet_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// A meter adds up what the processes take: the cluster's nodes, and the fleet.
type meter struct {
	cluster *uplinktest.Cluster
	begin   time.Time
	before  time.Duration // what the nodes had used by then

	mu    sync.Mutex
	used  map[int]time.Duration // by process
	peak  map[int]int64         // bytes
	nodes map[int]bool
}

func newMeter(c *uplinktest.Cluster) *meter {
	m := &meter{cluster: c, used: map[int]time.Duration{}, peak: map[int]int64{}, nodes: map[int]bool{}}
	m.take()
	m.begin, m.before = time.Now(), m.ofNodes()
	return m
}

// take looks at the processes and says how the load is shared so far.
func (m *meter) take() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.look(os.Getpid())
	for i := range uplinktest.Nodes {
		if pid := m.cluster.PID(i); pid != 0 {
			m.nodes[pid] = true
			m.look(pid)
		}
	}
	took := time.Since(m.begin).Seconds()
	nodes := m.ofNodes() - m.before
	var memory int64
	for pid := range m.nodes {
		memory = max(memory, m.peak[pid])
	}
	return fmt.Sprintf("nodes %.2f and fleet %.2f of %d cores; a node up to %d MB, the fleet up to %d MB",
		nodes.Seconds()/took, m.used[os.Getpid()].Seconds()/took, runtime.NumCPU(), memory>>20, m.peak[os.Getpid()]>>20)
}

func (m *meter) ofNodes() (used time.Duration) {
	for pid := range m.nodes {
		used += m.used[pid]
	}
	return used
}

func (m *meter) look(pid int) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return // it has just died
	}
	// Behind the name, which may hold anything, the fields are those of proc(5):
	// utime and stime in hundredths, rss in pages.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 22 {
		return
	}
	number := func(i int) int64 { n, _ := strconv.ParseInt(fields[i], 10, 64); return n }
	m.used[pid] = time.Duration(number(11)+number(12)) * 10 * time.Millisecond
	m.peak[pid] = max(m.peak[pid], number(21)*int64(os.Getpagesize()))
}
