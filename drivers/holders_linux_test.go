package drivers_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/drivers"
)

// TestHolders: another process that has a file open is named, under any name of
// the file, and only while it has.
func TestHolders(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lp0")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := name + "-link"
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sh", "-c", `exec 3<"$1"; echo open; read end`, "sh", name)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	held, err := drivers.FindHolders()
	if err != nil {
		t.Fatal(err)
	}
	by := held.Of(link)
	if len(by) != 1 || by[0].PID != other.Process.Pid || by[0].Name == "" {
		t.Errorf("held by %v, want process %d", by, other.Process.Pid)
	}
	if by := held.Of("/dev/null-is-not-there"); by != nil {
		t.Errorf("a file that is not there is held by %v", by)
	}
	busy := drivers.BusyError(name)
	if !errors.Is(busy, drivers.ErrBusy) || len(by) == 1 && !strings.Contains(busy.Error(), by[0].String()) {
		t.Errorf("the error is %q", busy)
	}
	in.Close()
	other.Wait()
	if held, err = drivers.FindHolders(); err != nil || held.Of(name) != nil {
		t.Errorf("still held by %v, %v", held.Of(name), err)
	}
	if err := drivers.BusyError(name); err.Error() != drivers.ErrBusy.Error() {
		t.Errorf("the error is %q, and nobody holds it", err)
	}
}

// TestOwnFilesAreNotHeld: what this process has open is its own affair.
func TestOwnFilesAreNotHeld(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "lp0"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	held, err := drivers.FindHolders()
	if err != nil || held.Of(file.Name()) != nil {
		t.Errorf("held by %v, %v", held.Of(file.Name()), err)
	}
}
