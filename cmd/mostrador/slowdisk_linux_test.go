package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// cardWrites is what the slowest card may do that is sold for applications, random
// writes a second: Application Performance Class 1 (SD Physical Layer
// Specification 5.1).
const cardWrites = 500

// TestBenchOnASlowDisk measures the intake where the system lets the disk write no
// faster than a card: what terminals have, unlike the machines that we build on.
func TestBenchOnASlowDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("slowing a disk down needs root")
	}
	binary, err := daemonBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	rounds, scale := "1", "4"
	if proof() {
		rounds, scale = "5", "100"
	}
	group := slowDisk(t, dir, cardWrites)
	report := filepath.Join(dir, "bench.json")
	bench := exec.Command("sh", "-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(group, "cgroup.procs"),
		binary, "bench", "--only", "intake", "--dir", dir, "--rounds", rounds, "--scale", scale, "--out", report)
	out, err := bench.CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &ended) || ended.ExitCode() != exitFailed) { // a limit not kept
		t.Fatalf("%v\n%s", err, out)
	}
	var measured benchReport
	text, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(text, &measured)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	record(t, fmt.Sprintf("Intake, on a disk of %d writes a second", cardWrites), benchFigures(measured.Rows))
	// What counts here is how often the disk is waited for, however busy the
	// processor is.
	seen := 0
	for _, r := range measured.Rows {
		if strings.Contains(r.What, "64 callers, beside append") {
			seen++
			if !r.Holds && proof() { // a few writes the system lets pass at once
				t.Errorf("%s: %s, the limit is %s (%s)", r.What, benchFigure(r.Measured, r.Unit), benchLimit(r), r.How)
			}
		}
	}
	if seen != 1 {
		t.Errorf("%d rows of %d tell of 64 callers", seen, len(measured.Rows))
	}
}

// slowDisk is a control group whose processes write to the disk of dir so often a
// second, at most.
func slowDisk(t *testing.T, dir string, writes int) (group string) {
	t.Helper()
	disk, err := diskOf(dir)
	if err != nil {
		t.Skip(err)
	}
	const root, name = "/sys/fs/cgroup", "mostrador-slow-disk"
	limit, file, text := filepath.Join(root, "blkio", name), "blkio.throttle.write_iops_device", fmt.Sprintf("%s %d", disk, writes)
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		limit, file, text = filepath.Join(root, name), "io.max", fmt.Sprintf("%s wiops=%d", disk, writes)
		if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+io"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(limit, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(limit); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(limit, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return limit
}

// diskOf is the major:minor of the whole disk that a folder is on.
func diskOf(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	device := info.Sys().(*syscall.Stat_t).Dev
	number := fmt.Sprintf("%d:%d", unix.Major(device), unix.Minor(device))
	block, err := filepath.EvalSymlinks("/sys/dev/block/" + number)
	if err != nil {
		return "", fmt.Errorf("%s is on no disk of its own (%w)", dir, err)
	}
	if _, err := os.Stat(filepath.Join(block, "partition")); err == nil {
		block = filepath.Dir(block)
	}
	text, err := os.ReadFile(filepath.Join(block, "dev"))
	return strings.TrimSpace(string(text)), err
}
