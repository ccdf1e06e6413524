package uplink_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// proof: with full counts, and the tables are written into the pages.
func proof() bool { return os.Getenv("MOSTRADOR_PROOF") != "" }

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// writeBlock shows a table and, with full counts, puts it into the marked block
// of docs/uplink.md.
func writeBlock(t testing.TB, name, table string) {
	text := fmt.Sprintf("%s.\n\n%s", circumstances(), table)
	t.Logf("%s\n%s", name, text)
	if !proof() || t.Failed() {
		return
	}
	docs, err := uplinktest.Docs()
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(docs, "uplink.md")
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	changed, ok := withBlock(string(b), name, text)
	if !ok {
		t.Fatalf("docs/uplink.md has no block %q", name)
	}
	if err := os.WriteFile(page, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// withBlock is a page with what stands between its marks replaced.
func withBlock(page, name, text string) (string, bool) {
	begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->"
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ends := strings.Cut(rest, end)
	return head + begin + "\n" + text + "\n" + end + tail, ok && ends
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

func TestWithBlock(t *testing.T) {
	got, ok := withBlock("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n", "x", "new\n")
	if want := "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb\n"; !ok || got != want {
		t.Errorf("%v %q", ok, got)
	}
	if _, ok := withBlock("a", "x", ""); ok {
		t.Error("a page without the block")
	}
}
