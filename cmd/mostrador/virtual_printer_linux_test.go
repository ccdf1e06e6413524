package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A serial agent prints over the pty; power that goes loses what the wire
// brings; the link goes with the printer.
func TestVirtualPrinterPty(t *testing.T) {
	link := filepath.Join(t.TempDir(), "impresora")
	p := typePrinter(t, "--listen", "pty://"+link)
	if p.first.Address != "serial://"+link {
		t.Errorf("%+v", p.first)
	}
	port, err := os.OpenFile(link, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	read := func() byte {
		t.Helper()
		b := make([]byte, 1)
		if _, err := io.ReadFull(port, b); err != nil {
			t.Fatal(err)
		}
		return b[0]
	}
	io.WriteString(port, "uno\n\x1dV\x00\x10\x04\x01")
	if paper := p.until("paper"); paper.Text != "uno\n" || read() != 0x16 {
		t.Errorf("%+v", paper)
	}
	p.types("power-off")
	p.until("fault")
	io.WriteString(port, "dos\n")
	for deadline := time.Now().Add(time.Minute); ; {
		p.types("status")
		if status := p.until("status").Status; status.Lost == 4 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what came while it was off is not lost")
		}
	}
	p.types("mend")
	p.until("fault")
	if off, on := read(), read(); off != 0 || on != 0 {
		t.Errorf("as its power goes and comes it says %x and %x", off, on)
	}
	io.WriteString(port, "tres\n\x1dV\x00")
	if paper := p.until("paper"); paper.Text != "tres\n" {
		t.Errorf("%+v", paper)
	}
	if code, _, stderr := call(t, "virtual-printer", "--listen", "pty://"+filepath.Dir(link)); code != exitFailed || stderr == "" {
		t.Errorf("in the place of a folder it ends with %d: %s", code, stderr)
	}
	p.types("quit")
	if code := p.ended(); code != exitDone {
		t.Errorf("it ends with %d", code)
	}
	if _, err := os.Lstat(link); !os.IsNotExist(err) {
		t.Errorf("the link is still there: %v", err)
	}
}
