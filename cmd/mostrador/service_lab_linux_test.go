package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/store"
)

// The unit of the service, and the highest exposure that systemd-analyze
// security may find in it, of 10.
const (
	labUnit     = "/etc/systemd/system/mostrador.service"
	labExposure = 2.0
)

// labConfig is a terminal without a broker and with one printer behind usblp.
const labConfig = `[terminal]
store = "lima-01"
id = "caja-1"
locale = "es-PE"
currency = "PEN"
timezone = "America/Lima"

[[printer]]
name = "caja"
port = "file:///dev/usb/lp0"
`

// labMore is a second printer. With two, a station has to say which is whose.
const labMore = `
[[printer]]
name = "barra"
port = "file:///dev/usb/lp1"

[[station]]
name = "cocina"
printers = ["caja"]
default = true
`

const labConfigPath = "/etc/mostrador/mostrador.toml"

// TestServiceUnderSystemd lives through the life of a service on one machine.
// The steps build on each other: the first that fails ends it.
func TestServiceUnderSystemd(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write(labConfigPath, 0o644, labConfig)
	// FIFOs stand for printers: the machine's own at each start, and as the
	// system gives them, to root and the group lp.
	b.write("/etc/tmpfiles.d/printers.conf", 0o644, "d /dev/usb 0755\np /dev/usb/lp0 0660 root lp\np /dev/usb/lp1 0660 root lp\n")
	b.boot()
	for _, step := range []struct {
		name string
		do   func(*box)
	}{
		{"not installed", labNotInstalled},
		{"refused", labRefused},
		{"install", labInstall},
		{"start", labStart},
		{"confined", labConfined},
		{"used by a person", labPerson},
		{"print", labPrint},
		{"kill -9", labKill},
		{"restart", labRestart},
		{"fails over and over", labFailing},
		{"reboot", labReboot},
		{"stop", labStop},
		{"uninstall", labUninstall},
		{"install again", labAgain},
		{"data elsewhere", labElsewhere},
		{"nothing left", labNothingLeft},
	} {
		at := time.Now()
		if !t.Run(step.name, func(t *testing.T) {
			b.t = t
			step.do(b)
		}) {
			t.FailNow()
		}
		t.Logf("%s: %s", step.name, time.Since(at).Round(10*time.Millisecond))
	}
	b.t = t
	b.shutDown()
}

func labNotInstalled(b *box) {
	b.want(exitNotFound, "service status", "not-installed")
	for _, verb := range []string{"start", "restart", "stop", "uninstall"} {
		b.want(exitNotFound, "service "+verb, "mostrador service install")
	}
	b.want(exitNotRunning, "orders list", "mostrador service start")
}

// labRefused: what could not run is not installed.
func labRefused(b *box) {
	b.write(labConfigPath, 0o644, strings.Replace(labConfig, `currency = "PEN"`, `currency = "soles"`, 1))
	b.want(exitFailed, "service install", ":5:1: ")
	b.write("/etc/mostrador/password", 0o600, "secreto\n")
	b.write(labConfigPath, 0o644, labConfig+"\n[uplink]\nbroker = \"mqtt://127.0.0.1\"\nusername = \"caja-1\"\npassword_file = \"/etc/mostrador/password\"\n")
	b.want(exitFailed, "service install", "the user mostrador", "/etc/mostrador/password")
	b.must("chown", "mostrador:", "/etc/mostrador/password") // the user is there by now
	b.must("runuser", "-u", "mostrador", "--", "mostrador", "config", "check")
	b.write(labConfigPath, 0o644, labConfig)
	if got := b.run("runuser", "-u", "nobody", "--", "mostrador", "service", "install"); got.code != exitFailed || !strings.Contains(got.stderr, "sudo") {
		b.t.Errorf("as nobody: %+v", got)
	}
	if b.has(labUnit) {
		b.t.Error("there is a unit after all")
	}
}

func labInstall(b *box) {
	b.want(exitDone, "service install", "mostrador service start")
	b.want(exitNotRunning, "service status", "stopped")
	b.want(exitFailed, "service install", "installed already")
	if said := b.must("systemd-analyze", "verify", labUnit); said != "" {
		b.t.Errorf("systemd-analyze verify: %s", said)
	}
	said := b.must("systemd-analyze", "security", "--no-pager", "mostrador.service")
	found := regexp.MustCompile(`Overall exposure level for mostrador.service: ([0-9.]+)`).FindStringSubmatch(said)
	if found == nil {
		b.t.Fatalf("systemd-analyze security:\n%s", said)
	}
	exposure, err := strconv.ParseFloat(found[1], 64)
	if err != nil || exposure > labExposure {
		b.t.Errorf("exposure %s, at most %g:\n%s", found[1], labExposure, said)
	}
	b.t.Logf("exposure %s of 10", found[1])
}

func labStart(b *box) {
	b.want(exitDone, "service start")
	// It answers at once: that is what start waits for.
	var orders []store.Order
	if code := b.ask(&orders, "orders list"); code != exitDone || len(orders) != 0 {
		b.t.Errorf("orders list: %d, %v", code, orders)
	}
	b.wantRunning(0)
	b.want(exitDone, "service start")
	if log := b.journal(); !strings.Contains(log, "mostrador starts") {
		b.t.Errorf("the journal does not have the log:\n%s", log)
	}
}

// wantRunning wants service status to say so, after so many restarts.
func (b *box) wantRunning(restarts int) {
	b.t.Helper()
	var state serviceState
	code := b.ask(&state, "service status")
	if want := (serviceState{Service: "mostrador", State: "running", Manager: "linux-systemd", Restarts: restarts}); code != exitDone || state != want {
		b.t.Errorf("service status: %d %+v, want %+v", code, state, want)
	}
}

// mainPID is the daemon's process on the machine.
func (b *box) mainPID() string {
	b.t.Helper()
	return strings.TrimSpace(b.must("systemctl", "show", "--value", "--property=MainPID", "mostrador"))
}

// labConfined looks at the process: whose it is, and what it may not do.
func labConfined(b *box) {
	pid := b.mainPID()
	status := "\n" + b.must("cat", "/proc/"+pid+"/status")
	id := strings.TrimSpace(b.must("id", "-u", "mostrador"))
	if id == "0" {
		b.t.Error("the user mostrador is root")
	}
	for _, want := range []string{
		"\nUid:\t" + id + "\t" + id + "\t" + id + "\t" + id + "\n",
		"\nCapEff:\t0000000000000000\n", "\nCapBnd:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n",
	} {
		if !strings.Contains(status, want) {
			b.t.Errorf("%q is not in the status of the process:%s", strings.TrimSpace(want), status)
		}
	}
	groups := strings.Fields(b.must("id", "-Gn", "mostrador"))
	for _, group := range []string{"dialout", "lp"} {
		if !slices.Contains(groups, group) {
			b.t.Errorf("the user mostrador is not in %s: %v", group, groups)
		}
	}
	// Even root cannot write there within the service's own view of the files.
	inside := func(script string) said { return b.run("nsenter", "-t", pid, "-m", "sh", "-c", script) }
	for _, folder := range []string{"/etc", "/usr", "/var/lib", "/root"} {
		if got := inside("touch " + folder + "/trial"); got.code == 0 || !strings.Contains(got.stderr, "Read-only") {
			b.t.Errorf("%s can be written to: %+v", folder, got)
		}
	}
	if got := inside("touch /var/lib/mostrador/trial && rm /var/lib/mostrador/trial"); got.code != 0 {
		b.t.Errorf("the data folder: %+v", got)
	}
	if mode := strings.TrimSpace(b.must("stat", "-c", "%A %U %G", "/var/lib/mostrador")); mode != "drwxr-x--- mostrador mostrador" {
		b.t.Errorf("the data folder is %s", mode)
	}
}

// labPerson: a member of the group uses the verbs without sudo, others do not.
func labPerson(b *box) {
	b.must("useradd", "--create-home", "ana")
	as := func(args ...string) said {
		return b.run("runuser", append([]string{"-u", "ana", "--", "mostrador"}, args...)...)
	}
	if got := as("orders", "list"); got.code != exitFailed || !strings.Contains(got.stderr, "sudo") {
		b.t.Errorf("outside of the group: %+v", got)
	}
	b.must("adduser", "--quiet", "ana", "mostrador")
	for _, verb := range [][]string{{"orders", "list"}, {"service", "status"}} {
		if got := as(verb...); got.code != exitDone {
			b.t.Errorf("%v in the group: %+v", verb, got)
		}
	}
	if got := as("service", "stop"); got.code != exitFailed || !strings.Contains(got.stderr, "sudo mostrador service stop") {
		b.t.Errorf("service stop: %+v", got)
	}
}

// print prints a text on a printer and wants it printed, on paper.
func (b *box) print(printer, node, text string) {
	b.t.Helper()
	paper := b.paper(node)
	b.write("/root/prueba.txt", 0o644, text+"\n")
	var job store.Job
	if code := b.ask(&job, "print /root/prueba.txt --printer "+printer); code != exitDone {
		b.t.Fatalf("print ends with %d", code)
	}
	b.eventually(time.Minute, "the ticket's end", func() bool {
		b.ask(&job, fmt.Sprintf("tickets show %d", job.Seq))
		return job.State != store.JobQueued && job.State != store.JobSending
	})
	if job.State != store.JobPrinted {
		b.t.Errorf("the ticket is %s\n%s", job.State, b.journal())
	}
	b.eventually(time.Minute, "its paper", func() bool { return strings.Contains(paper(), text) })
}

// paper takes what comes out of a FIFO until the test ends; the returned function
// says what has come.
func (b *box) paper(node string) func() string {
	b.t.Helper()
	// For writing, too: so it opens without the daemon, and never ends.
	fifo, err := os.OpenFile("/proc/"+b.init+"/root"+node, os.O_RDWR, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	var mu sync.Mutex
	var got []byte
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		for piece := make([]byte, 4096); ; {
			n, err := fifo.Read(piece)
			mu.Lock()
			got = append(got, piece[:n]...)
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	b.t.Cleanup(func() {
		fifo.SetReadDeadline(time.Now())
		<-taken
		fifo.Close()
	})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return string(got)
	}
}

func labPrint(b *box) { b.print("caja", "/dev/usb/lp0", "Hola cocina") }

// labKill: systemd starts it again, within seconds, and again after that.
func labKill(b *box) {
	for times := 1; times <= 3; times++ {
		before := b.mainPID()
		b.must("sh", "-c", "kill -9 "+before)
		at := time.Now()
		b.eventually(time.Minute, "the daemon answers again", func() bool {
			pid := b.mainPID()
			return pid != "0" && pid != before && b.run("mostrador", "orders", "list").code == exitDone
		})
		b.t.Logf("answers again %s after kill -9", time.Since(at).Round(10*time.Millisecond))
		b.wantRunning(times)
	}
	var tickets []store.Job
	if b.ask(&tickets, "tickets list"); len(tickets) != 1 {
		b.t.Errorf("%d tickets, want the one that was printed", len(tickets))
	}
}

// labRestart: a changed configuration is read; a wrong one changes nothing.
func labRestart(b *box) {
	b.write(labConfigPath, 0o644, labConfig+labMore)
	b.write("/root/prueba.txt", 0o644, "Hola barra\n")
	if got := b.run("mostrador", "print", "/root/prueba.txt", "--printer", "barra"); got.code == exitDone {
		b.t.Error("the daemon knows a printer before its restart")
	}
	before := b.mainPID()
	b.want(exitDone, "service restart")
	if b.mainPID() == before {
		b.t.Error("it is the same process")
	}
	b.wantRunning(0) // those before were counted from another start
	b.print("barra", "/dev/usb/lp1", "Hola barra")
	before = b.mainPID()
	b.write(labConfigPath, 0o644, labConfig+"[[printer]]\n")
	b.want(exitFailed, "service restart", "fault")
	b.write(labConfigPath, 0o644, labConfig+labMore)
	if b.mainPID() != before {
		b.t.Error("a wrong configuration ended the daemon")
	}
}

// labFailing: a service that cannot do its work is not called running, and
// restart says so. When the cause is gone it comes back by itself.
func labFailing(b *box) {
	const broken = "/etc/systemd/system/mostrador.service.d/broken.conf"
	b.write(broken, 0o644, "[Service]\nExecStart=\nExecStart=/bin/false\n")
	b.must("systemctl", "daemon-reload")
	b.want(exitFailed, "service restart", "does not answer", "journalctl -u mostrador")
	var state serviceState
	b.eventually(time.Minute, "it is called failed", func() bool {
		return b.ask(&state, "service status") == exitNotRunning && state.State == "failed" && state.Restarts > 0
	})
	b.must("rm", "-r", filepath.Dir(broken))
	b.must("systemctl", "daemon-reload")
	b.eventually(time.Minute, "it works again", func() bool { return b.run("mostrador", "orders", "list").code == exitDone })
}

// labReboot: it runs after the machine has started, without anybody's doing.
func labReboot(b *box) {
	b.shutDown()
	b.boot()
	b.eventually(time.Minute, "the daemon answers", func() bool { return b.run("mostrador", "orders", "list").code == exitDone })
	b.wantRunning(0)
	var tickets []store.Job
	if b.ask(&tickets, "tickets list"); len(tickets) != 2 {
		b.t.Errorf("%d tickets, want the two from before", len(tickets))
	}
	if log := b.journal(); !strings.Contains(log, "mostrador has stopped") {
		b.t.Errorf("the daemon was not stopped in order:\n%s", log)
	}
}

func labStop(b *box) {
	b.want(exitDone, "service stop")
	b.want(exitNotRunning, "service status", "stopped")
	b.want(exitNotRunning, "orders list", "mostrador service start")
	b.want(exitDone, "service stop")
	b.want(exitDone, "service start")
	b.wantRunning(0)
}

// labUninstall: the service is gone while it runs; what belongs to the
// restaurant stays.
func labUninstall(b *box) {
	pid := b.mainPID()
	b.want(exitDone, "service uninstall", "still there")
	if b.run("sh", "-c", "kill -0 "+pid).code == 0 {
		b.t.Error("the daemon still runs")
	}
	if b.has(labUnit) || b.has("/etc/systemd/system/multi-user.target.wants/mostrador.service") {
		b.t.Error("the unit is still there")
	}
	for _, path := range []string{labConfigPath, "/var/lib/mostrador/mostrador.db"} {
		if !b.has(path) {
			b.t.Errorf("%s is gone", path)
		}
	}
	b.want(exitNotFound, "service status", "not-installed")
	b.want(exitNotFound, "service uninstall", "mostrador service install")
}

// labAgain: a service that is installed again finds its data.
func labAgain(b *box) {
	b.want(exitDone, "service install")
	b.want(exitDone, "service start")
	b.wantRunning(0)
	var tickets []store.Job
	if b.ask(&tickets, "tickets list"); len(tickets) != 2 {
		b.t.Errorf("%d tickets, want the two from before", len(tickets))
	}
	if failed := b.must("systemctl", "list-units", "--failed", "--no-legend", "--plain"); failed != "" {
		b.t.Errorf("units have failed:\n%s", failed)
	}
}

// labElsewhere: data and a trial printer in a folder that the configuration
// names, made as docs/install.md says.
func labElsewhere(b *box) {
	b.must("mkdir", "-p", "/srv")
	b.must("install", "-d", "-o", "mostrador", "-g", "mostrador", "-m", "750", "/srv/datos del local")
	moved := strings.Replace(labConfig, "\n[[printer]]", "data_dir = \"/srv/datos del local\"\n\n[[printer]]", 1)
	b.write(labConfigPath, 0o644, moved)
	b.want(exitDone, "service uninstall")
	b.want(exitDone, "service install")
	b.want(exitDone, "service start")
	b.wantRunning(0)
	if !b.has("/srv/datos del local/mostrador.db") {
		b.t.Error("the data are not there")
	}
}

// labNothingLeft removes everything as docs/install.md says.
func labNothingLeft(b *box) {
	b.want(exitDone, "service uninstall")
	b.must("rm", "-r", "/etc/mostrador", "/var/lib/mostrador", "/etc/sysusers.d/mostrador.conf", "/usr/local/bin/mostrador")
	b.must("userdel", "mostrador")
	if left := b.must("find", "/etc", "/usr", "/var/lib", "/run", "-xdev", "-name", "*mostrador*"); left != "" {
		b.t.Errorf("left:\n%s", left)
	}
}
