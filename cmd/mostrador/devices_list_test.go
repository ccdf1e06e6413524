//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
)

// devicesOf runs the verb and returns what it lists, by port.
func devicesOf(t *testing.T, args ...string) map[string]listedDevice {
	t.Helper()
	code, stdout, stderr := call(t, append([]string{"devices", "--json"}, args...)...)
	if code != exitDone {
		t.Fatalf("devices ends with %d: %s", code, stderr)
	}
	var list []listedDevice
	if err := json.Unmarshal([]byte(stdout), &list); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	byPort := map[string]listedDevice{}
	for _, d := range list {
		if _, twice := byPort[d.Port]; twice {
			t.Errorf("%s is listed twice", d.Port)
		}
		byPort[d.Port] = d
	}
	return byPort
}

// holdOpen has another program hold a node, until the test ends.
func holdOpen(t *testing.T, node string) (pid int) {
	t.Helper()
	other := exec.Command("sh", "-c", `exec 3<>"$1"; echo open; read end`, "sh", node)
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
	t.Cleanup(func() { in.Close(); other.Wait() })
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	return other.Process.Pid
}

// TestDevices: a printer on a line of which nobody knows the speed, a line with
// nobody on it, one that another program holds, a printer on the network, and
// one that is not there. Nothing is printed, and nothing claimed that is not so.
func TestDevices(t *testing.T) {
	kitchen, silent, foreign, network := drivertest.NewPTY(t), drivertest.NewPTY(t), drivertest.NewPTY(t), drivertest.NewTCP(t)
	line, till := newPaperPrinter(t, kitchen, "80mm", 0), newPaperPrinter(t, network, "58mm", 0)
	pid := holdOpen(t, foreign.Node())
	missing := filepath.Join(t.TempDir(), "ttyUSB7")
	config := writeConfig(t, smallConfig+fmt.Sprintf(`
[[printer]]
name = "caja"
port = "tcp://%s"

[[printer]]
name = "barra"
port = "serial://%s"

[[station]]
name = "todo"
printers = ["caja"]

[[device]]
name = "registradora"
driver = "register"
profile = "sam4s-er"
port = "serial://%s"
`, network.Addr(), missing, foreign.Node()))
	got := devicesOf(t, "-c", config, "--root", emptyRoot(t), "--probe", kitchen.Node(), silent.Node())

	d := got["serial://"+kitchen.Node()+"?baud=9600"]
	if d.Kind != drivers.FoundSerial || !d.recognised() || d.Answer.Abilities.Model != "TM-T20II" || d.Answer.Profile != "TM-T20II" || d.Speed != 9600 {
		t.Errorf("the printer on the line: %+v", d)
	}
	d = got["serial://"+silent.Node()]
	if d.Kind != drivers.FoundSerial || d.Answer == nil || d.recognised() || d.Printer || d.Failed != "" || len(d.Holders) > 0 {
		t.Errorf("the silent line: %+v", d)
	}
	if words := d.answerWords(true); !strings.Contains(words, "no se reconoce") {
		t.Errorf("the silent line: %s", words)
	}
	d = got["serial://"+foreign.Node()]
	if d.Name != "registradora" || d.Use != "register" || d.Answer != nil || len(d.Holders) != 1 || d.Holders[0].PID != pid {
		t.Errorf("the line that is held: %+v", d)
	}
	if words := d.holderWords(); !strings.Contains(words, fmt.Sprintf("proceso %d", pid)) {
		t.Errorf("the line that is held: %s", words)
	}
	d = got["tcp://"+network.Addr()]
	if d.Name != "caja" || d.Kind != drivers.FoundNetwork || !d.recognised() || d.Answer.Abilities.Model != "TM-T20II" {
		t.Errorf("the printer on the network: %+v", d)
	}
	d = got["serial://"+missing]
	if d.Name != "barra" || !d.Missing || d.Answer != nil {
		t.Errorf("the printer that is not there: %+v", d)
	}
	if len(got) != 5 {
		t.Errorf("%d devices: %v", len(got), got)
	}
	for _, p := range []*paperPrinter{line, till} {
		if papers := p.Papers(); len(papers) > 0 {
			t.Errorf("a probe printed %d papers", len(papers))
		}
	}
}

// emptyRoot is a machine without any hardware of its own; the paths of the
// tests' devices lead into it.
func emptyRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Symlink("/tmp", filepath.Join(root, "tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev", filepath.Join(root, "dev")); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestDevicesOfNothing: a machine without hardware and without a configuration
// is told what to do next.
func TestDevicesOfNothing(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.toml")
	code, stdout, stderr := call(t, "-c", none, "devices", "--root", t.TempDir())
	if code != exitDone || !strings.Contains(stdout, "No se encontró nada") || !strings.Contains(stdout, "--network") || stderr != "" {
		t.Errorf("%d: %s%s", code, stdout, stderr)
	}
	if code, stdout, _ := call(t, "-c", none, "devices", "--json", "--root", t.TempDir()); code != exitDone || strings.TrimSpace(stdout) != "[]" {
		t.Errorf("in JSON: %d: %s", code, stdout)
	}
	if code, _, stderr := call(t, "-c", none, "devices", "COM1:"); code != exitWrongUse || !strings.Contains(stderr, "/dev/ttyS0") {
		t.Errorf("of no port: %d: %s", code, stderr)
	}
}

// TestDevicesOfTheAgent: what the running agent holds is told by its own name,
// and not asked a second time.
func TestDevicesOfTheAgent(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	kitchen := c.kitchen.peer.(*drivertest.PTY).Node()
	c.eventually(time.Minute, "the agent to have its printers", func() bool { // not asked before: that would hold the line
		return devicesOf(t, "-c", c.config)["serial://"+kitchen+"?baud=19200"].State == "ready"
	})
	got := devicesOf(t, "-c", c.config, "--probe")
	d := got["serial://"+kitchen+"?baud=19200"]
	if d.Name != "cocina" || d.Answer != nil || d.Failed != "" {
		t.Errorf("the kitchen's printer: %+v", d)
	}
	if words := d.holderWords(); !strings.Contains(words, "el agente, como cocina") {
		t.Errorf("it is held by %s", words)
	}
}
