package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A box is a Debian machine that a real systemd runs, in a container without a
// network. What a test does in it is what a person does at a terminal.
type box struct {
	t       *testing.T // of the step that is under way
	tree    string     // its file system, seen from outside
	console string     // file with what the machine said while it started

	nspawn *exec.Cmd
	ended  chan struct{} // closed when nspawn has ended
	init   string        // the process id of its systemd, seen from outside
}

// How long a machine may take to start or to stop, and a command on it.
const (
	labBoot    = time.Minute
	labCommand = time.Minute
)

// newBox makes a machine that is switched off, with the command that is tested
// in /usr/local/bin.
func newBox(t *testing.T) *box {
	t.Helper()
	requireLab(t)
	source := labTree(t)
	b := &box{t: t, tree: filepath.Join(t.TempDir(), "tree")}
	b.console = b.tree + ".console"
	t.Cleanup(b.kill)
	if out, err := exec.Command("cp", "-a", "--reflink=auto", source, b.tree).CombinedOutput(); err != nil {
		t.Fatalf("copy the machine: %v\n%s", err, out)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(b.tree, "usr/local/bin/mostrador"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the command: %v\n%s", err, out)
	}
	return b
}

// requireLab ends the test where it cannot run. In CI that is a failure.
func requireLab(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("a machine with systemd needs root, and CI tests everything: run it as root")
		}
		t.Skip("a machine with systemd needs root: sudo make lab")
	}
	for _, tool := range []string{"systemd-nspawn", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: packaging/install-tools installs it", tool)
		}
	}
}

// labTree is the file system that machines are copied from. One test at a time
// has it: machines outside of a service manager share one cgroup.
func labTree(t *testing.T) string {
	t.Helper()
	maker := exec.Command("../../packaging/lab/tree")
	var said bytes.Buffer
	maker.Stderr = &said
	out, err := maker.Output()
	if err != nil {
		t.Fatalf("make the file system of a machine: %v\n%s", err, said.String())
	}
	tree := strings.TrimSpace(string(out))
	folder, err := os.Open(filepath.Dir(tree))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("lock %s: %v", folder.Name(), err)
	}
	return tree
}

// boot switches the machine on and returns when its systemd has started
// everything that starts with it.
func (b *box) boot() {
	b.t.Helper()
	dir, err := os.MkdirTemp("", "lab") // a socket's path is short
	if err != nil {
		b.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		b.t.Fatal(err)
	}
	defer notify.Close()
	console, err := os.OpenFile(b.console, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		b.t.Fatal(err)
	}
	defer console.Close()
	b.nspawn = exec.Command("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--notify-ready=yes",
		"--machine="+labMachine(), "--console=pipe", "--private-network",
		"--link-journal=no", "--resolv-conf=off", "--timezone=off", "--directory="+b.tree, "--boot")
	b.nspawn.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify.LocalAddr().String())
	b.nspawn.Stdout, b.nspawn.Stderr = console, console
	b.nspawn.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.nspawn.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.ended = make(chan struct{})
	go func() {
		b.nspawn.Wait()
		close(b.ended)
	}()
	if err := b.awaitReady(notify); err != nil {
		b.t.Fatalf("the machine does not start: %v; it said:\n%s", err, b.consoleText())
	}
}

// awaitReady reads what nspawn and the machine tell a service manager:
// systemd-nspawn(1), --notify-ready, and sd_notify(3).
func (b *box) awaitReady(notify *net.UnixConn) error {
	ended := b.ended
	go func() {
		<-ended
		notify.Close()
	}()
	notify.SetReadDeadline(time.Now().Add(labBoot))
	message := make([]byte, 4096)
	for ready := false; !ready || b.init == ""; {
		n, err := notify.Read(message)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(message[:n])) {
			line = strings.TrimSpace(line)
			if pid, ok := strings.CutPrefix(line, "X_NSPAWN_LEADER_PID="); ok {
				b.init = pid
			}
			ready = ready || line == "READY=1"
		}
	}
	return nil
}

func (b *box) consoleText() string {
	text, err := os.ReadFile(b.console)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// shutDown switches the machine off as a person does.
func (b *box) shutDown() {
	b.t.Helper()
	b.run("systemctl", "poweroff")
	select {
	case <-b.ended:
		b.init = ""
	case <-time.After(labBoot):
		b.t.Fatalf("the machine does not stop; it said:\n%s", b.consoleText())
	}
}

// kill takes the machine's power away, if it has any.
func (b *box) kill() {
	if b.nspawn == nil || b.nspawn.Process == nil {
		return
	}
	b.nspawn.Process.Kill()
	<-b.ended
	// nspawn leaves this, empty, where /run is on a disk.
	os.Remove("/run/systemd/nspawn/propagate/" + labMachine())
}

// labMachine is the name of this process's machine.
func labMachine() string { return fmt.Sprintf("mostrador-lab-%d", os.Getpid()) }

// A said is how a command ended, and what it wrote.
type said struct {
	code           int
	stdout, stderr string
}

// run runs a command on the machine, as root.
func (b *box) run(command string, args ...string) said {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), labCommand)
	defer cancel()
	enter := []string{"--target", b.init, "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--", command}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"}
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended || ctx.Err() != nil {
		b.t.Fatalf("%s %q: %v\n%s%s", command, args, err, &stdout, &stderr)
	}
	return said{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs a command that has to end with 0, and returns what it wrote.
func (b *box) must(command string, args ...string) string {
	b.t.Helper()
	got := b.run(command, args...)
	if got.code != 0 {
		b.t.Fatalf("%s %q ends with %d:\n%s%s", command, args, got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// want runs mostrador and compares how it ends; texts are in what it writes.
func (b *box) want(code int, command string, texts ...string) {
	b.t.Helper()
	got := b.run("mostrador", strings.Fields(command)...)
	if got.code != code {
		b.t.Fatalf("mostrador %s ends with %d, want %d:\n%s%s%s", command, got.code, code, got.stdout, got.stderr, b.journal())
	}
	for _, text := range texts {
		if !strings.Contains(got.stdout+got.stderr, text) {
			b.t.Errorf("mostrador %s does not say %q:\n%s%s", command, text, got.stdout, got.stderr)
		}
	}
}

// ask runs a verb of mostrador with --json and reads its answer into out.
func (b *box) ask(out any, command string) (code int) {
	b.t.Helper()
	got := b.run("mostrador", append(strings.Fields(command), "--json")...)
	if err := json.Unmarshal([]byte(got.stdout), out); err != nil {
		b.t.Fatalf("mostrador %s --json: %v\n%s%s", command, err, got.stdout, got.stderr)
	}
	return got.code
}

// journal is the end of the service's log.
func (b *box) journal() string {
	return b.run("journalctl", "-u", "mostrador", "-n", "40", "--no-pager").stdout
}

// write writes a file of the machine.
func (b *box) write(path string, mode os.FileMode, text string) {
	b.t.Helper()
	path = filepath.Join(b.tree, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		b.t.Fatal(err)
	}
}

// has says whether the machine has a file.
func (b *box) has(path string) bool {
	_, err := os.Lstat(filepath.Join(b.tree, path))
	return err == nil
}

// eventually waits until something holds that the machine does by itself.
func (b *box) eventually(limit time.Duration, what string, holds func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not within %s: %s\n%s", limit, what, b.journal())
		}
	}
}
