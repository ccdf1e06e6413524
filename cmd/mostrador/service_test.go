package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kardianos/service"
)

func TestSystemdQuote(t *testing.T) {
	for word, want := range map[string]string{
		"/usr/local/bin/mostrador": "/usr/local/bin/mostrador",
		"/srv/my files/m.toml":     `"/srv/my files/m.toml"`,
		"100%":                     "100%%",
		"$HOME":                    "$$HOME",
		`a"b\c`:                    `"a\"b\\c"`,
		"":                         `""`,
	} {
		if got := systemdQuote(word); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
}

// TestServiceUnit lets systemd itself read the unit.
func TestServiceUnit(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := systemdUnit(executable, []string{"-c", "/srv/my files/100%.toml", "run"}, "/srv/data", "/srv/my files")
	for _, want := range []string{
		"Restart=always\n", "RestartSec=2\n", "StateDirectory=mostrador\n", "StartLimitIntervalSec=0\n",
		`-c "/srv/my files/100%%.toml" run`, "ReadWritePaths=-/srv/data\n", "ReadWritePaths=-\"/srv/my files\"\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("%q is not in the unit:\n%s", want, unit)
		}
	}
	for _, closes := range []string{"PrivateDevices", "ProtectClock", "DevicePolicy"} {
		if strings.Contains(unit, closes) {
			t.Errorf("%s closes the devices", closes)
		}
	}
	if strings.Contains(systemdUnit("/bin/m", nil, "/var/lib/mostrador", "/etc/mostrador"), "/var/lib/mostrador") {
		t.Error("the state's own folder is writable already")
	}
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here")
	}
	complaints := func(unit string) string {
		path := filepath.Join(t.TempDir(), "mostrador.service")
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(verify, "verify", "--man=no", path).CombinedOutput()
		if err == nil && !strings.Contains(string(out), path) {
			return ""
		}
		return fmt.Sprintf("%v\n%s", err, out)
	}
	if said := complaints(unit); said != "" {
		t.Error(said)
	}
	if complaints(strings.Replace(unit, "RestartSec=2", "RestartSec=soon", 1)) == "" {
		t.Error("systemd takes a broken unit, so that its word means nothing")
	}
}

// TestServiceInstall lets the library write the unit where a user's units are,
// with a systemctl that only notes how it was called.
func TestServiceInstall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("systemd is of Linux")
	}
	systems := service.AvailableSystems()
	at := slices.IndexFunc(systems, func(s service.System) bool { return s.String() == "linux-systemd" })
	home := t.TempDir()
	calls := filepath.Join(home, "calls")
	script := "#!/bin/sh\necho \"$@\" >> " + calls + "\n"
	if err := os.WriteFile(filepath.Join(home, "systemctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("PATH", home+":"+os.Getenv("PATH"))

	described := serviceConfig("/usr/local/bin/mostrador", "/etc/mostrador/mostrador.toml", "")
	described.Option["UserService"] = true
	s, err := systems[at].New(nil, described)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Install(); err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile(filepath.Join(home, ".config/systemd/user/mostrador.service"))
	if err != nil {
		t.Fatal(err)
	}
	if want := described.Option["SystemdScript"]; string(unit) != want {
		t.Errorf("got\n%s\nwant\n%s", unit, want)
	}
	if err := s.Install(); err == nil || !strings.Contains(serviceError("install", err).Error(), "installed already") {
		t.Errorf("a second time: %v", err)
	}
	if err := uninstallService(s); err != nil {
		t.Fatal(err)
	}
	noted, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"enable --user mostrador.service", "disable --user mostrador.service", "daemon-reload --user"} {
		if !strings.Contains(string(noted), want) {
			t.Errorf("systemctl was not called with %s:\n%s", want, noted)
		}
	}
}

func TestServiceUser(t *testing.T) {
	if _, err := exec.LookPath("systemd-sysusers"); err != nil {
		t.Skip("systemd-sysusers is not here")
	}
	if os.Geteuid() != 0 {
		t.Skip("systemd-sysusers needs root")
	}
	root := t.TempDir()
	for range 2 {
		if err := addServiceUser(root); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := os.ReadFile(filepath.Join(root, "etc/group"))
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range []string{"dialout", "lp"} {
		isMember := func(line string) bool {
			return strings.HasPrefix(line, group+":") && strings.HasSuffix(line, ":mostrador")
		}
		if !slices.ContainsFunc(strings.Split(string(groups), "\n"), isMember) {
			t.Errorf("the user is not in %s:\n%s", group, groups)
		}
	}
}

func TestReachable(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "mostrador")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := reachable(program); err == nil || !strings.Contains(err.Error(), "/usr/local/bin") {
		t.Errorf("got %v", err)
	}
	if err := reachable("/bin/sh"); err != nil {
		t.Error(err)
	}
}

// TestUsableForService with a runuser that only answers.
func TestUsableForService(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	if err := usableForService("/bin/mostrador", "m.toml"); err != nil {
		t.Errorf("without runuser: %v", err)
	}
	script := "#!/bin/sh\n[ \"$*\" = '-u mostrador -- /bin/mostrador -c good.toml config check' ] || { echo \"$@\"; exit 1; }\n"
	if err := os.WriteFile(filepath.Join(folder, "runuser"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := usableForService("/bin/mostrador", "good.toml"); err != nil {
		t.Error(err)
	}
	if err := usableForService("/bin/mostrador", "bad.toml"); err == nil || !strings.Contains(err.Error(), "bad.toml config check") {
		t.Errorf("got %v", err)
	}
}

func TestStateFrom(t *testing.T) {
	for _, tt := range []struct {
		status service.Status
		err    error
		want   string
	}{
		{service.StatusRunning, nil, "running"},
		{service.StatusStopped, nil, "stopped"},
		{service.StatusUnknown, service.ErrNotInstalled, "not-installed"},
		{service.StatusUnknown, errors.New("no bus"), "unknown"},
	} {
		if got := stateFrom(tt.status, tt.err); got.State != tt.want {
			t.Errorf("%v %v: got %s", tt.status, tt.err, got.State)
		}
	}
}

func TestSystemdState(t *testing.T) {
	for _, tt := range []struct {
		load, active, sub string
		want              string
	}{
		{"not-found", "inactive", "dead", "not-installed"},
		{"loaded", "inactive", "dead", "stopped"},
		{"loaded", "deactivating", "stop-sigterm", "stopped"},
		{"loaded", "active", "running", "running"},
		{"not-found", "active", "running", "running"}, // its unit was removed by hand
		{"loaded", "activating", "start-pre", "running"},
		{"loaded", "activating", "auto-restart", "failed"},
		{"loaded", "activating", "auto-restart-queued", "failed"},
		{"loaded", "failed", "failed", "failed"},
		{"", "", "", "unknown"},
	} {
		shown := fmt.Sprintf("NRestarts=3\nLoadState=%s\nActiveState=%s\nSubState=%s\n", tt.load, tt.active, tt.sub)
		if got := systemdState(shown); got.State != tt.want || got.Restarts != 3 {
			t.Errorf("%s: got %+v", shown, got)
		}
	}
}

// TestWindowsProgram: one that is stopped leaves the process, one that ends
// unasked takes it along.
func TestWindowsProgram(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(context.Context) error
		code int
		err  string
	}{
		{"stopped", func(ctx context.Context) error { <-ctx.Done(); return nil }, -1, ""},
		{"stopped badly", func(ctx context.Context) error { <-ctx.Done(); return errors.New("no") }, -1, "no"},
		{"ends", func(context.Context) error { return nil }, exitFailed, ""},
		{"fails", func(context.Context) error { return errors.New("no") }, exitFailed, "no"},
		{"hangs", func(ctx context.Context) error { <-ctx.Done(); <-timeAfterStop(); <-timeAfterStop(); return nil }, -1, "did not stop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				code := -1
				ctx, cancel := context.WithCancel(t.Context())
				p := &windowsProgram{ctx: ctx, cancel: cancel, run: tt.run, done: make(chan error, 1), exit: func(c int) { code = c }}
				if err := p.Start(nil); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if code != tt.code {
					t.Errorf("exit code %d, want %d", code, tt.code)
				}
				err := p.Stop(nil)
				if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				time.Sleep(time.Minute) // the one that hangs ends, too
			})
		})
	}
}

func TestServiceErrorSaysWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		want string
	}{
		{fmt.Errorf("status: %w", service.ErrNotInstalled), exitNotFound, "mostrador service install"},
		{errors.New("Init already exists: /etc/systemd/system/mostrador.service"), exitFailed, "mostrador service uninstall"},
		{errors.New("Access is denied."), exitFailed, "administrator"},
		{fmt.Errorf("%w (no socket); look there", errNoAnswer), exitFailed, "look there"},
		{errors.New("exit status 1"), exitFailed, logHint()},
	} {
		err := serviceError("start", tt.err)
		code := exitFailed
		if exit, ok := errors.AsType[*exitError](err); ok {
			code = exit.code
		}
		if code != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: exit code %d, %v", tt.err, code, err)
		}
	}
}
