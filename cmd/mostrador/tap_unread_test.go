package main

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

const strangeReceipt = "\x1b@BOLETA 17\n1 LOMO 38.00\nTOTAL 38.00\n\x1dV\x42\x03"

// A receipt that no profile reads is kept, seen, learned from and dismissed, by
// the command as a person types it.
func TestTapUnread(t *testing.T) {
	printer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer printer.Close()
	go func() {
		for {
			conn, err := printer.Accept()
			if err != nil {
				return
			}
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	address := uplinktest.FreeAddress(t)
	config := writeConfig(t, docsConfig(t)+fmt.Sprintf("\n[[device]]\nname = \"mostrador\"\ndriver = \"tap\"\nport = \"listen://%s\"\nprinter_port = \"tcp://%s\"\n", address, printer.Addr()))
	docsDaemon(t, config)
	run := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := call(t, append([]string{"-c", config, "tap"}, args...)...)
		if code != exitDone {
			t.Fatalf("tap %s ends with %d: %s", strings.Join(args, " "), code, stderr)
		}
		return stdout
	}
	sendReceipt(t, address)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(run("unread", "list"), "no hay perfil"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the receipt is not among the unread")
		}
	}
	if shown := run("unread", "show", "1"); !strings.Contains(shown, "1 LOMO 38.00") || !strings.Contains(shown, "motivo: no hay perfil") {
		t.Errorf("shown as\n%s", shown)
	}
	if got := run("unread", "show", "1", "--bytes"); got != strangeReceipt {
		t.Errorf("its bytes are %q", got)
	}
	picture, profile := filepath.Join(t.TempDir(), "1.png"), filepath.Join(t.TempDir(), "caja.tap")
	run("unread", "show", "1", "--png", picture)
	drawn, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(drawn)); err != nil {
		t.Error(err)
	}
	if learned := run("learn", "--unread", "-o", profile); !strings.Contains(learned, "1 de 1 papeles se leen como venta") {
		t.Errorf("learned\n%s", learned)
	}
	if code, _, stderr := call(t, "-c", config, "tap", "learn", "--unread", "-o", profile); code != exitFailed || !strings.Contains(stderr, "--force") {
		t.Errorf("writing over the profile ends with %d: %s", code, stderr)
	}
	if code, _, _ := call(t, "-c", config, "tap", "unread", "show", "9"); code != exitNotFound {
		t.Errorf("a receipt that is not there ends with %d", code)
	}
	run("unread", "dismiss", "1")
	if left := run("unread", "list"); !strings.Contains(left, "No hay recibos sin leer") {
		t.Errorf("after it was dismissed:\n%s", left)
	}
	if all := run("unread", "list", "--all"); !strings.Contains(all, "descartado") {
		t.Errorf("all are\n%s", all)
	}
}

// sendReceipt prints as a POS does.
func sendReceipt(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			defer conn.Close()
			if _, err := io.WriteString(conn, strangeReceipt); err != nil {
				t.Fatal(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
