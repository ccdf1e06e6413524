package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/agent/uplink/fleet"
	"mostrador/agent/uplink/uplinktest"
)

// The command of docs/fleet.md, against a broker that needs a login, with fewer
// terminals and seconds.
func TestFleetSim(t *testing.T) {
	page, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	_, command, ok := strings.Cut(string(page), "\nmostrador fleet-sim ")
	if !ok {
		t.Fatal("docs/fleet.md shows no fleet-sim")
	}
	command, _, _ = strings.Cut(command, "\n")
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Users: map[string]string{
		"sim-00001_caja-1": "x-sim-00001", "sim-00002_caja-1": "x-sim-00002", "backend": "secreto",
	}})
	password, backend := filepath.Join(t.TempDir(), "password"), filepath.Join(t.TempDir(), "backend")
	for name, text := range map[string]string{password: "x-{store}\n", backend: "secreto\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	login := []string{"--username", "{store}_{terminal}", "--password-file", password, "--terminals", "2"}

	replace := strings.NewReplacer("mqtt://127.0.0.1:1883", broker.URL(), "--terminals 1000", "--terminals 2", "--duration 1m", "--duration 2s", "--rate 100", "--rate 20")
	args := append([]string{"fleet-sim", "--json", "--backend-username", "backend", "--backend-password-file", backend}, login...)
	code, stdout, stderr := call(t, append(args, strings.Fields(replace.Replace(command))...)...)
	var r fleet.Report
	if err := json.Unmarshal([]byte(stdout), &r); code != exitDone || err != nil {
		t.Fatalf("ends with %d, %v: %s%s", code, err, stdout, stderr)
	}
	if r.Emitted != 40 || r.Arrived != 40 || r.Underway+r.Waiting+r.Twice+r.Late != 0 || r.P99 <= 0 {
		t.Errorf("%+v", r)
	}

	_, stdout, _ = call(t, append([]string{"fleet-sim", "--list"}, login...)...)
	if want := "sim-00001 caja-1 x-sim-00001\nsim-00002 caja-1 x-sim-00002\n"; stdout != want {
		t.Errorf("--list: %q", stdout)
	}
	_, stdout, _ = call(t, append([]string{"fleet-sim", "--list", "--accounts", "2"}, login...)...)
	if want := "sim-00001 caja-1 x-sim-00001 sim-01\nsim-00002 caja-1 x-sim-00002 sim-02\n"; stdout != want {
		t.Errorf("--list --accounts 2: %q", stdout)
	}
	if code, _, stderr := call(t, "fleet-sim", "--accounts", "-1"); code != exitWrongUse || !strings.Contains(stderr, "--accounts") {
		t.Errorf("accounts below none: %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "fleet-sim", "--list"); code != exitWrongUse || !strings.Contains(stderr, "--password-file") {
		t.Errorf("--list without passwords: %d, %s", code, stderr)
	}
	broker.Kill()
	code, _, stderr = call(t, "fleet-sim", "--broker", broker.URL(), "--patience", "1s")
	if code != exitFailed || !strings.Contains(stderr, "cannot connect") {
		t.Errorf("without a broker: %d, %s", code, stderr)
	}
}
