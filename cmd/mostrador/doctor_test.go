package main

import (
	"archive/zip"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/agent/command"
)

// The doctor finds what is wrong, says what to do, and packs a file for support,
// with the daemon and without it.
func TestDoctor(t *testing.T) {
	config := writeConfig(t, docsConfig(t))
	bundle := filepath.Join(t.TempDir(), "support.zip")
	examine := func(args ...string) (code int, checks map[string]command.Check) {
		t.Helper()
		code, stdout, stderr := call(t, append([]string{"-c", config, "doctor", "--json"}, args...)...)
		var list []command.Check
		if err := json.Unmarshal([]byte(stdout), &list); err != nil {
			t.Fatalf("%v: %s %s", err, stdout, stderr)
		}
		checks = map[string]command.Check{}
		for _, c := range list {
			checks[c.Name] = c
		}
		return code, checks
	}
	packed := func(file, want string) {
		t.Helper()
		z, err := zip.OpenReader(bundle)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		if text, err := fs.ReadFile(z, file); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s in the bundle: %v, %s", file, err, text)
		}
	}

	code, checks := examine("--bundle", bundle)
	if code != exitFailed || checks["agente"].State != command.Fault || checks["agente"].Advice == "" || checks["configuración"].State != command.Fine {
		t.Errorf("without the daemon: %d, %+v", code, checks)
	}
	packed("mostrador.toml", `name = "caja"`)

	docsDaemon(t, config)
	code, checks = examine("--bundle", bundle)
	if checks["disco"].State != command.Fine || checks["nube"].State != command.Warning || checks["impresora caja"].Name == "" {
		t.Errorf("with the daemon: %d, %+v", code, checks)
	}
	packed("parts.json", `"uplink"`)
	packed("doctor.json", `"impresora caja"`)
	if info, err := os.Stat(bundle); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the bundle: %v, %v", info.Mode(), err)
	}
	if _, stdout, _ := call(t, "-c", config, "doctor"); !strings.Contains(stdout, "ESTADO") || !strings.Contains(stdout, "impresora caja") {
		t.Errorf("in words: %s", stdout)
	}

	if err := os.WriteFile(config, []byte("[terminal]\nstor = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, checks = examine(); code != exitFailed || checks["configuración"].State != command.Fault {
		t.Errorf("a broken file: %d, %+v", code, checks)
	}
}
