//go:build linux

package main

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The demo shows a delivery order as customer's ticket, slip and two comandas,
// with its accents, as text and as pictures; and leaves nothing behind.
func TestDemo(t *testing.T) {
	temporary, kept := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	code, stdout, stderr := call(t, "demo", "--orders", "2", "--every", "50ms", "--keep", kept)
	if code != exitDone {
		t.Fatalf("the demo ends with %d: %s", code, stderr)
	}
	shown := squeeze(stdout)
	for _, want := range []string{
		"PARRILLA", "BARRA", "1de2", "2de2", // two comandas
		"Av.Los", "Jazmínes", "+51900000001", "COBRAR", // the slip
		"TOTAL", "NOVÁLIDOCOMO", "Vuelto", // the customer's ticket
		"MaríaNúñez", "Suspiroala", "limeña", "¡Biendorados!", // accents
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the demo never shows %q", want)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(kept, "*.png"))
	if err != nil || len(pictures) < 8 {
		t.Errorf("%d pictures, want four for each order (%v)", len(pictures), err)
	}
	for _, name := range pictures {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if picture, err := png.Decode(bytes.NewReader(content)); err != nil || picture.Bounds().Dy() < 200 {
			t.Errorf("%s: %v", name, err)
		}
	}
	emptyFolder(t, temporary)
	if t.Failed() {
		t.Log(stdout)
	}
}

// The demo has every device of a counter, and shows what it does.
func TestDemoDevices(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	code, stdout, stderr := call(t, "demo", "--orders", "6", "--every", "1200ms")
	if code != exitDone {
		t.Fatalf("the demo ends with %d: %s", code, stderr)
	}
	for _, want := range []string{
		"registradora: listo", "lector: listo", "balanza: listo", "pantalla: listo",
		"lector: alguien escanea la comanda de barra", "despachado (lector)",
		"balanza: 1.250 kg", "│ La Brasa de Ñusta    │", "│ LISTO", "cajón de caja abierto (cobro en efectivo del pedido",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the demo never shows %q", want)
		}
	}
	// Which comanda comes out first is the printers' matter.
	if !strings.Contains(stdout, "barra listo (lector); falta parrilla") && !strings.Contains(stdout, "parrilla listo (lector); falta barra") {
		t.Error("the demo never shows an order of which one station is ready")
	}
	emptyFolder(t, temporary)
	if t.Failed() {
		t.Log(stdout)
	}
}

// Ctrl-C ends it at any time, and takes everything along.
func TestDemoInterrupted(t *testing.T) {
	binary, err := daemonBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []string{"corredor MQTT", "TOTAL"} {
		temporary := t.TempDir()
		var out, errs bytes.Buffer
		cmd := exec.Command(binary, "demo", "--every", "100ms")
		cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
		cmd.Stderr = &errs
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		buf, signalled := make([]byte, 4096), false
		for {
			n, err := stdout.Read(buf)
			out.Write(buf[:n])
			if !signalled && strings.Contains(squeeze(out.String()), squeeze(after)) {
				signalled = true
				cmd.Process.Signal(syscall.SIGINT)
			}
			if err != nil {
				break
			}
		}
		kill.Stop()
		if err := cmd.Wait(); err != nil || !signalled {
			t.Errorf("interrupted after %q: %v\n%s%s", after, err, out.String(), errs.String())
		}
		emptyFolder(t, temporary)
	}
}

func emptyFolder(t *testing.T, name string) {
	t.Helper()
	left, err := os.ReadDir(name)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
