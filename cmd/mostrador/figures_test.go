//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A figure is one row of docs/figures.md. Limit is "–" where none is promised.
type figure struct{ what, limit, measured, how string }

// record shows figures in the test's log and, under make proof, puts them into
// docs/figures.md in place of what the same section had.
func record(t *testing.T, section string, figures []figure) {
	t.Helper()
	text := fmt.Sprintf("%s.\n\n| what | limit | measured | how it was taken |\n|---|---|---|---|\n", circumstances(t))
	for _, f := range figures {
		text += fmt.Sprintf("| %s | %s | %s | %s |\n", f.what, f.limit, f.measured, f.how)
	}
	t.Logf("%s\n%s", section, text)
	if !proof() {
		return
	}
	name := filepath.Join("..", "..", "docs", "figures.md")
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(withSection(string(old), section, text)), 0o644); err != nil {
		t.Fatal(err)
	}
}

const figuresHead = "# Figures\n\nWhat was measured, and how. The tests write this page under `make proof`; do not edit it by hand.\n"

// withSection is the page with one section replaced, or added at the end.
func withSection(page, section, text string) string {
	if page == "" {
		page = figuresHead
	}
	parts := strings.Split(page, "\n## ")
	mine := section + "\n\n" + text
	for i, part := range parts[1:] {
		if title, _, _ := strings.Cut(part, "\n"); title == section {
			parts[i+1] = mine
			return strings.Join(parts, "\n## ")
		}
	}
	return strings.Join(append(parts, mine), "\n## ")
}

// circumstances are the commit, the machine and the day.
func circumstances(t *testing.T) string {
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("Commit %s, %s, %d × %s, Linux %s, %s", strings.TrimSpace(string(commit)), runtime.Version(),
		runtime.NumCPU(), cpuModel(), strings.TrimSpace(string(kernel)), time.Now().UTC().Format(time.DateOnly))
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func TestFiguresPage(t *testing.T) {
	page := withSection("", "Idle", "one\n")
	page = withSection(page, "Kills", "two\n")
	page = withSection(page, "Idle", "three\n")
	want := figuresHead + "\n## Idle\n\nthree\n\n## Kills\n\ntwo\n"
	if page != want {
		t.Errorf("the page is\n%s\nwant\n%s", page, want)
	}
}
