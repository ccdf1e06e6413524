package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/drivers"
)

// A lan is a restaurant's network: machines with a network stack of their own
// each (ip netns), on one switch. The first is the terminal.
type lan struct {
	t      *testing.T
	prefix string // of the names of its machines
	binary string
	// outputs are what the printers write, by their machines.
	outputs map[string]output
}

const terminal = "t"

// newLAN makes a network with a terminal at 10.77.0.2/24.
func newLAN(t *testing.T) *lan {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making networks needs root")
	}
	binary, err := daemonBinary()
	if err != nil {
		t.Fatal(err)
	}
	l := &lan{t: t, prefix: fmt.Sprintf("mo%d", os.Getpid()%100000), binary: binary, outputs: map[string]output{}}
	l.ip("netns", "add", l.prefix+"sw")
	t.Cleanup(func() { exec.Command("ip", "netns", "del", l.prefix+"sw").Run() })
	l.ip("-n", l.prefix+"sw", "link", "add", "name", "sw0", "type", "bridge")
	l.ip("-n", l.prefix+"sw", "link", "set", "sw0", "up")
	l.machine(terminal, "10.77.0.2", "02:77:00:00:00:02")
	return l
}

func (l *lan) ip(args ...string) {
	l.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		l.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// machine puts a machine on the switch.
func (l *lan) machine(name, address, mac string) {
	l.t.Helper()
	space := l.prefix + name
	l.ip("netns", "add", space)
	l.t.Cleanup(func() { exec.Command("ip", "netns", "del", space).Run() })
	l.ip("-n", space, "link", "add", "name", "eth0", "address", mac, "type", "veth", "peer", "name", "p"+name, "netns", l.prefix+"sw")
	l.ip("-n", l.prefix+"sw", "link", "set", "p"+name, "master", "sw0", "up")
	l.ip("-n", space, "link", "set", "lo", "up")
	l.ip("-n", space, "link", "set", "eth0", "up")
	l.ip("-n", space, "addr", "add", address+"/24", "brd", "+", "dev", "eth0")
	l.herald()
}

// herald does what a machine's announcement of its new address would (RFC 5227):
// nobody holds an older machine at it any more.
func (l *lan) herald() { l.ip("-n", l.prefix+terminal, "neigh", "flush", "all") }

// readdress switches a printer off and on, and the router gives it another
// address.
func (l *lan) readdress(name, from, to string) {
	l.t.Helper()
	for _, pid := range l.pids(name) {
		if err := exec.Command("kill", pid).Run(); err != nil {
			l.t.Fatal(err)
		}
	}
	waitUntil(l.t, name+" is switched off", func() bool { return len(l.pids(name)) == 0 })
	l.ip("-n", l.prefix+name, "addr", "del", from+"/24", "dev", "eth0")
	l.ip("-n", l.prefix+name, "addr", "add", to+"/24", "brd", "+", "dev", "eth0")
	l.herald()
	l.serve(name)
}

// pids are the processes of a machine.
func (l *lan) pids(name string) []string {
	l.t.Helper()
	pids, err := exec.Command("ip", "netns", "pids", l.prefix+name).Output()
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.Fields(string(pids))
}

// on is a command on one machine.
func (l *lan) on(ctx context.Context, machine string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", l.prefix + machine}, args...)...)
}

// An output is a file that a program writes to.
type output string

func (o output) String() string {
	text, err := os.ReadFile(string(o))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// start runs a command on a machine until the test ends.
func (l *lan) start(machine string, args ...string) output {
	l.t.Helper()
	file, err := os.Create(filepath.Join(l.t.TempDir(), "output"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer file.Close()
	cmd := l.on(context.Background(), machine, args...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return output(file.Name())
}

// printer is a machine with the virtual printer on it, which announces itself
// by Debian's avahi-daemon where announce says what.
func (l *lan) printer(name, address, mac string, announce ...string) {
	l.t.Helper()
	l.machine(name, address, mac)
	l.serve(name)
	if len(announce) > 0 {
		l.announce(name, announce)
	}
	l.reaches(address)
}

// serve runs the virtual printer of a machine.
func (l *lan) serve(name string) {
	l.t.Helper()
	l.outputs[name] = l.start(name, l.binary, "virtual-printer", "--listen", "tcp://0.0.0.0:9100", "--profile", "TM-T88V", "--keep")
}

// reaches waits until something listens there.
func (l *lan) reaches(address string) {
	l.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(l.t.Context(), 5*time.Second)
		err := l.on(ctx, terminal, "bash", "-c", "exec 3<>/dev/tcp/"+address+"/9100").Run()
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			l.t.Fatalf("nothing listens at %s: %v", address, err)
		}
	}
}

// announce runs avahi-daemon on a machine. It reads its services from one place
// only, so they are mounted there, for it alone.
func (l *lan) announce(name string, texts []string) {
	l.t.Helper()
	dir := l.t.TempDir()
	var records strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&records, "<txt-record>%s</txt-record>", text)
	}
	for file, text := range map[string]string{
		"services/raw.service": fmt.Sprintf(`<service-group><name>%s</name><service><type>_pdl-datastream._tcp</type><port>9100</port>%s</service></service-group>`, name, &records),
		"avahi.conf":           fmt.Sprintf("[server]\nhost-name=%s\nenable-dbus=no\nuse-ipv6=no\nallow-interfaces=eth0\n[rlimits]\n", name),
		"run/keep":             "",
	} {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			l.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.MkdirAll("/run/avahi-daemon", 0o755); err != nil {
		l.t.Fatal(err)
	}
	script := `mount --bind "$1/services" /etc/avahi/services && mount --bind "$1/run" /run/avahi-daemon &&
		exec avahi-daemon --file "$1/avahi.conf" --no-drop-root --no-chroot --no-rlimits`
	said := l.start(name, "unshare", "-m", "sh", "-c", script, "sh", dir)
	l.t.Cleanup(func() {
		if l.t.Failed() {
			l.t.Logf("avahi-daemon of %s:\n%s", name, said)
		}
	})
}

// devices runs the verb on the terminal.
func (l *lan) devices(args ...string) map[string]listedDevice {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := l.on(ctx, terminal, append([]string{l.binary, "-c", filepath.Join(l.t.TempDir(), "none.toml"), "--json", "devices", "--root", l.t.TempDir()}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("devices: %v: %s", err, &stderr)
	}
	var list []listedDevice
	if err := json.Unmarshal(out, &list); err != nil {
		l.t.Fatal(err)
	}
	byPort := map[string]listedDevice{}
	for _, d := range list {
		byPort[d.Port] = d
	}
	return byPort
}

// TestDevicesOfTheNetwork: a printer that announces itself, one that only
// listens, and something else that listens where printers do.
func TestDevicesOfTheNetwork(t *testing.T) {
	l := newLAN(t)
	l.printer("loud", "10.77.0.31", "02:77:00:00:00:31", "txtvers=1", "usb_MFG=EPSON", "usb_MDL=TM-T88V")
	l.printer("quiet", "10.77.0.200", "02:77:00:00:00:c8")
	l.machine("other", "10.77.0.77", "02:77:00:00:00:4d")
	l.start("other", "python3", "-m", "http.server", "9100")
	l.reaches("10.77.0.77")

	var loud listedDevice
	var got map[string]listedDevice
	for end := time.Now().Add(time.Minute); !loud.Printer; { // it announces itself when it has looked around
		if time.Now().After(end) {
			t.Fatalf("nobody has announced himself: %+v", got)
		}
		got = l.devices("--network")
		loud = got["tcp://10.77.0.31:9100"]
	}
	if loud.Kind != drivers.FoundNetwork || loud.Maker != "EPSON" || loud.Model != "TM-T88V" || loud.MAC != "02:77:00:00:00:31" {
		t.Errorf("the one that announces itself: %+v", loud)
	}
	for end := time.Now().Add(time.Minute); ; { // an answer that comes late is none
		got = l.devices("--network", "--probe")
		if d := got["tcp://10.77.0.200:9100"]; len(got) == 3 && d.recognised() || time.Now().After(end) {
			break
		}
	}
	if d := got["tcp://10.77.0.200:9100"]; d.Printer || !d.recognised() || d.Answer.Abilities.Model != "TM-T88V" || d.MAC != "02:77:00:00:00:c8" {
		t.Errorf("the one that only listens: %+v", d)
	}
	if d := got["tcp://10.77.0.77:9100"]; d.Printer || d.recognised() || d.MAC != "02:77:00:00:00:4d" {
		t.Errorf("the one that is no printer: %+v", d)
	}
	if len(got) != 3 {
		t.Errorf("%d things on the network: %+v", len(got), got)
	}
}

// TestMovedPrinter: a printer that the router has given another address prints
// on, and its old address, which another printer has by now, gets nothing.
func TestMovedPrinter(t *testing.T) {
	l := newLAN(t)
	l.printer("till", "10.77.0.31", "02:77:00:00:00:31")
	dir := t.TempDir()
	config := filepath.Join(dir, "mostrador.toml")
	text := fmt.Sprintf(`[terminal]
store = "lima-01"
id = "caja-1"
locale = "es-PE"
currency = "PEN"
timezone = "America/Lima"
data_dir = %q

[[printer]]
name = "caja"
port = "tcp://10.77.0.31:9100"
profile = "TM-T88V"
`, filepath.Join(dir, "data"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said := l.start(terminal, l.binary, "-c", config, "run")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the agent:\n%s", said)
		}
	})
	prints := func(when string) {
		t.Helper()
		for end := time.Now().Add(90 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			_, stdout, _ := call(t, "-c", config, "--json", "printers", "list")
			if strings.Contains(stdout, `"state": "ready"`) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s the printer is not ready: %s", when, stdout)
			}
		}
		if code, stdout, stderr := call(t, "-c", config, "printers", "test", "caja"); code != exitDone {
			t.Fatalf("%s: %s%s", when, stdout, stderr)
		}
		for end := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			_, stdout, _ := call(t, "-c", config, "--json", "tickets", "list")
			if strings.Contains(stdout, `"printed"`) && !strings.Contains(stdout, `"queued"`) && !strings.Contains(stdout, `"sending"`) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s nothing prints: %s", when, stdout)
			}
		}
	}
	prints("at first")
	l.readdress("till", "10.77.0.31", "10.77.0.99")
	l.printer("usurper", "10.77.0.31", "02:77:00:00:00:aa")
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(300 * time.Millisecond) {
		_, stdout, _ := call(t, "-c", config, "events")
		if strings.Contains(stdout, "cambió de dirección") && strings.Contains(stdout, "10.77.0.99:9100?mac=02:77:00:00:00:31") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("nobody was told: %s", stdout)
		}
	}
	prints("after it has moved")
	// The other one, at the old address, has printed nothing.
	if out := l.outputs["usurper"].String(); strings.Contains(out, "PRUEBA") {
		t.Errorf("the other printer printed:\n%s", out)
	}
	for end := time.Now().Add(time.Minute); !strings.Contains(l.outputs["till"].String(), "PRUEBA"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the printer printed:\n%s", l.outputs["till"])
		}
	}
}
