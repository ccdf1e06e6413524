package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/agent/config"
)

// call runs the command as a person would, and returns what it wrote.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func writeConfig(t *testing.T, src string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mostrador.toml")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const smallConfig = `[terminal]
store = "lima-01"
id = "caja-1"
currency = "PEN"
timezone = "America/Lima"
`

func TestTheExampleFitsThisBuild(t *testing.T) {
	src, err := os.ReadFile("../../packaging/mostrador.toml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse("mostrador.toml", src, known(schemes())); err != nil {
		t.Error(err)
	}
}

func TestConfigCheck(t *testing.T) {
	good := writeConfig(t, smallConfig)
	bad := writeConfig(t, smallConfig+"lcoale = \"es\"\n[buffer]\nmax_size = 2\n")
	nowhere := filepath.Join(t.TempDir(), "none.toml")
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"good", []string{"-c", good, "config", "check"}, exitDone, "is right", ""},
		{"bad", []string{"-c", bad, "config", "check"}, exitFailed, "2 faults", ""},
		{"bad, its lines", []string{"-c", bad, "config", "check"}, exitFailed, bad + ":6:1: terminal.lcoale: there is no such key here; did you mean locale?", ""},
		{"no file", []string{"-c", nowhere, "config", "check"}, exitFailed, "", "there is no configuration"},
		{"too many words", []string{"-c", good, "config", "check", "it"}, exitWrongUse, "", "use: mostrador config check"},
		{"bad, shown", []string{"-c", bad, "config", "show"}, exitFailed, "", "2 faults"},
		{"show", []string{"-c", good, "config", "show"}, exitDone, "lead_time = \"30m\"", ""},
		{"schema", []string{"config", "schema"}, exitDone, "draft-07", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := call(t, tt.args...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}

func TestConfigCheckInJSON(t *testing.T) {
	path := writeConfig(t, strings.Replace(smallConfig, "PEN", "SOLES", 1)+"[web]\nlisten = \"0.0.0.0:7080\"\n")
	code, stdout, _ := call(t, "-c", path, "config", "check", "--json")
	var result checkResult
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	if code != exitFailed || result.OK || len(result.Faults) != 1 || result.Faults[0].Line != 4 || result.Faults[0].Key != "terminal.currency" {
		t.Errorf("code %d: %+v", code, result)
	}
}

func TestConfigShowInJSON(t *testing.T) {
	code, stdout, stderr := call(t, "-c", writeConfig(t, smallConfig), "config", "show", "--json")
	var shown struct {
		Terminal struct {
			Store  string `json:"store"`
			Starts string `json:"business_day_starts"`
		} `json:"terminal"`
	}
	if err := json.Unmarshal([]byte(stdout), &shown); err != nil {
		t.Fatal(err)
	}
	if code != exitDone || shown.Terminal.Store != "lima-01" || shown.Terminal.Starts != "05:00" {
		t.Errorf("code %d: %s%s", code, stdout, stderr)
	}
}

// TestStableName: a name that may be another adapter's tomorrow gets a warning
// with the one that stays, its options kept.
func TestStableName(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"sys/class/tty/ttyUSB0/device", "dev/serial/by-id"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../ttyUSB0", filepath.Join(root, "dev/serial/by-id/usb-FTDI-port0")); err != nil {
		t.Skip("no symbolic links here")
	}
	for port, want := range map[string]string{
		"serial:///dev/ttyUSB0?baud=19200": "write serial:///dev/serial/by-id/usb-FTDI-port0?baud=19200",
		"serial:///dev/ttyS0":              "", "file:///dev/ttyUSB0": "", "serial:///dev/serial/by-id/usb-FTDI-port0": "",
	} {
		u, err := url.Parse(port)
		if err != nil {
			t.Fatal(err)
		}
		if _, mend := stableName(root)(u); mend != want {
			t.Errorf("%s: %q, want %q", port, mend, want)
		}
	}
}
