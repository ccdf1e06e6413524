package spoolport

import (
	"os"
	"slices"
	"testing"
	"time"

	"mostrador/drivers"
)

// TestQueueOfWindows prints a line on a real queue, which MOSTRADOR_QUEUE names:
// one whose paper may be spent.
func TestQueueOfWindows(t *testing.T) {
	name := os.Getenv("MOSTRADOR_QUEUE")
	if name == "" {
		t.Skip("MOSTRADOR_QUEUE names no queue to print on")
	}
	found, err := List("")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", found)
	if !slices.ContainsFunc(found, func(f drivers.Found) bool { return f.Port == URL(name) && f.Nodes[0] == name }) {
		t.Errorf("%s is not listed", name)
	}
	p, err := openWith(t.Context(), name, openQueue)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b, err := p.(*port).PortStatus()
	t.Logf("status %#x, %v", b, err)
	if _, err := p.Write([]byte("\x1b@Mostrador\n\n\n\n\x00\xff")); err != nil {
		t.Fatal(err)
	}
	p.SetWriteDeadline(time.Now().Add(time.Minute))
	if err := p.(drivers.Drainer).Drain(); err != nil {
		t.Error(err)
	}
}

// TestNoQueueOfWindows: a queue that is not there is absent, with what to do.
func TestNoQueueOfWindows(t *testing.T) {
	if _, err := openQueue("no such queue"); err == nil {
		t.Error("it opens")
	} else {
		t.Log(err)
	}
}
