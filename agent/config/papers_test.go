package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A logo or a template with faults is a warning: tickets print without it.
func TestFaultyPapersAreWarnings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mostrador.toml")
	src := least + "[tickets]\nlogo = \"logo.png\"\ntemplates = \"plantillas\"\n"
	if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	known := testKnown
	var folder string
	known.Templates = func(f string) []error {
		folder = f
		return []error{errors.New("comanda.receipt:3: no such field"), errors.New("menu.receipt: no such kind")}
	}
	known.Logo = func(png []byte) error {
		if string(png) != "png" {
			return errors.New("no PNG")
		}
		return nil
	}
	warned := func() string {
		cfg, err := Load(file, known)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, w := range cfg.Warnings {
			all = append(all, w.String())
		}
		return strings.Join(all, "\n")
	}
	got := warned()
	for _, want := range []string{"7:1: tickets.logo: ", "logo.png", "8:1: tickets.templates: comanda.receipt:3: no such field", "menu.receipt"} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning of %q in:\n%s", want, got)
		}
	}
	if want := filepath.Join(dir, "plantillas"); folder != want {
		t.Errorf("looked at %s, want %s: a relative path starts at the file's folder", folder, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "logo.png"), []byte("png"), 0o600); err != nil {
		t.Fatal(err)
	}
	known.Templates = func(string) []error { return nil }
	if got := warned(); got != "" {
		t.Errorf("warned of what is right: %s", got)
	}
}
