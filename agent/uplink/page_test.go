package uplink_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// proof: with full counts, and the tables are written into the pages.
func proof() bool { return os.Getenv("MOSTRADOR_PROOF") != "" }

// writeBlock shows a table and, with full counts, puts it into the marked block
// of docs/uplink.md.
func writeBlock(t testing.TB, name, table string) {
	text := fmt.Sprintf("%s.\n\n%s", circumstances(), table)
	t.Logf("%s\n%s", name, text)
	if !proof() || t.Failed() {
		return
	}
	uplinktest.WriteBlock(t, "uplink.md", name, text)
}

// circumstances are the commit, the machine and the day.
func circumstances() string {
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	model := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("Commit %s, %s, %d × %s, %s", strings.TrimSpace(string(commit)), runtime.Version(), runtime.NumCPU(), model,
		time.Now().UTC().Format(time.DateOnly))
}
