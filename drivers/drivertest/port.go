// Package drivertest is what every driver's tests share: the suite that each
// kind of port passes, devices that a test can unplug, and the record and
// playback of what a device says.
package drivertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/drivers"
)

// A PortHarness tells the suite of one kind of port what it needs to know.
type PortHarness struct {
	// Scheme is the kind under test.
	Scheme drivers.Scheme
	// Peer plugs a new device in and returns it with its port's address. It is
	// gone at the end of the test that it is given.
	Peer func(testing.TB) (Peer, *url.URL)
	// Exclusive: a second Open of the same address is refused as busy.
	Exclusive bool
	// OneWay: the device cannot answer.
	OneWay bool
	// DrainSees: Drain knows when the device has stopped reading. A
	// pseudo-terminal hides it: what was written has left our side.
	DrainSees bool
}

// Port is the conformance suite of the Port contract: a kind of port that
// passes it keeps what drivers.Port and drivers.Scheme promise.
func Port(t *testing.T, h PortHarness) {
	for _, c := range []struct {
		name    string
		run     func(*testing.T, PortHarness)
		applies bool
	}{
		{"Example", testExample, true},
		{"BytesOut", testBytesOut, true},
		{"BytesBothWays", testBytesBothWays, !h.OneWay},
		{"SilenceIsNoError", testSilence, !h.OneWay},
		{"ReadDeadline", testReadDeadline, true},
		{"ReadDeadlineWhileReading", testReadDeadlineMoved, true},
		{"WriteDeadline", testWriteDeadline, true},
		{"WriteDeadlineWhileWriting", testWriteDeadlineMoved, true},
		{"CloseWhileIdle", testCloseIdle, true},
		{"CloseWhileBusy", testCloseBusy, true},
		{"CloseKeepsWhatWasDrained", testCloseUnread, !h.OneWay},
		{"GoneWhileReading", testGoneReading, true},
		{"GoneWhileWriting", testGoneWriting, true},
		{"Absent", testAbsent, true},
		{"ContextEnded", testContextEnded, true},
		{"ComesBack", testComesBack, true},
		{"Busy", testBusy, h.Exclusive},
		{"Drain", testDrain, true},
		{"DrainStalled", testDrainStalled, h.DrainSees},
	} {
		if c.applies {
			t.Run(c.name, func(t *testing.T) {
				noLeaks(t)
				c.run(t, h)
			})
		}
	}
}

// patience bounds what must happen, however slow the machine; a test waits
// for so long only when it fails. moment is how long the suite looks at what
// must not happen, and the deadlines that it sets.
const (
	patience = 30 * time.Second
	moment   = 200 * time.Millisecond
)

// noLeaks fails the test if goroutines or descriptors are left at its end,
// after its other clean-ups.
func noLeaks(t *testing.T) {
	t.Helper()
	// Go's poller keeps two descriptors from its first use on, and a timer is a
	// use; without a test timeout none may have been.
	time.AfterFunc(time.Hour, func() {}).Stop()
	goroutines := goleak.IgnoreCurrent()
	before := descriptors(t)
	t.Cleanup(func() {
		goleak.VerifyNone(t, goroutines)
		// A port may hand a descriptor to the system for closing, and so may one of
		// an earlier test that was still counted before.
		for end := time.Now().Add(patience); descriptors(t) > before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%d descriptors are open, %d were before", descriptors(t), before)
				return
			}
		}
	})
}

// descriptors counts the open files of this process, where the system tells.
func descriptors(t *testing.T) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// open opens a port on a new device, and closes it at the test's end, after the
// device has gone.
func open(t *testing.T, h PortHarness) (drivers.Port, Peer, *url.URL) {
	t.Helper()
	peer, address := h.Peer(t)
	port, err := h.Scheme.Open(t.Context(), address)
	if err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	t.Cleanup(func() {
		peer.Unplug() // so that Close has nothing to wait for
		port.Close()
	})
	return port, peer, address
}

// within fails the test unless f returns in time.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := start(f)
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: still waiting after %v", what, patience)
	}
}

// start runs f beside the test and returns a channel that closes at its end.
func start(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// stillRunning fails the test if what should wait has ended already.
func stillRunning(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
		t.Fatalf("%s returned too early", what)
	case <-time.After(moment):
	}
}

// wantErr fails the test unless err is want.
func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// wantBytes reads from r as many bytes as want has, and compares them.
func wantBytes(t *testing.T, what string, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	within(t, what, func() {
		if n, err := io.ReadFull(r, got); err != nil {
			t.Errorf("%s: %v after %d of %d bytes", what, err, n, len(want))
		}
	})
	if !t.Failed() && !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes came changed", what, len(want))
	}
}

// send writes all of b.
func send(t *testing.T, what string, w io.Writer, b []byte) {
	t.Helper()
	within(t, what, func() {
		if n, err := w.Write(b); err != nil || n != len(b) {
			t.Errorf("%s: wrote %d of %d bytes: %v", what, n, len(b), err)
		}
	})
}

// every returns all 256 values of a byte, and then n bytes of noise.
func every(n int) []byte {
	b := make([]byte, 256+n)
	for i := range 256 {
		b[i] = byte(i)
	}
	rand.NewChaCha8([32]byte{1}).Read(b[256:])
	return b
}

// stall writes until the device, which does not read, has taken nothing for a
// moment, and returns what the port has taken. The write deadline has passed
// then.
func stall(t *testing.T, port drivers.Port) []byte {
	t.Helper()
	var taken []byte
	block := every(1 << 20)
	within(t, "write to a device that does not read", func() {
		for {
			port.SetWriteDeadline(time.Now().Add(moment))
			n, err := port.Write(block)
			taken = append(taken, block[:n]...)
			if err != nil {
				wantErr(t, "write to a device that does not read", err, os.ErrDeadlineExceeded)
			}
			// A deadline that passes before the write begins has not tried the device.
			if err != nil && (n == 0 && len(taken) > 0 || t.Failed()) {
				return
			}
		}
	})
	return taken
}

func testExample(t *testing.T, h PortHarness) {
	address, err := drivers.ParseAddress(h.Scheme.Example)
	if err != nil {
		t.Fatal(err)
	}
	if address.Scheme != h.Scheme.Name {
		t.Errorf("the example %s is not of the scheme %s", address, h.Scheme.Name)
	}
	if err := h.Scheme.Check(address); err != nil {
		t.Errorf("the example %s is refused: %v", address, err)
	}
	if err := h.Scheme.Check(&url.URL{Scheme: h.Scheme.Name}); err == nil {
		t.Error("an empty address is taken")
	}
	if err := h.Scheme.Check(&url.URL{Scheme: h.Scheme.Name, Host: address.Host, Path: address.Path, RawQuery: "colour=blue"}); err == nil {
		t.Error("an unknown option is taken")
	}
}

// testContextEnded: an Open that may not wait any longer says so.
func testContextEnded(t *testing.T, h PortHarness) {
	_, address := h.Peer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	within(t, "open", func() {
		port, err := h.Scheme.Open(ctx, address)
		wantErr(t, "open with an ended context", err, context.Canceled)
		if err == nil {
			port.Close()
		}
	})
}

func testAbsent(t *testing.T, h PortHarness) {
	peer, address := h.Peer(t)
	peer.Unplug()
	within(t, "open", func() {
		port, err := h.Scheme.Open(t.Context(), address)
		wantErr(t, "open of a device that is unplugged", err, drivers.ErrAbsent)
		if err == nil {
			port.Close()
		}
	})
}

func testBusy(t *testing.T, h PortHarness) {
	port, peer, address := open(t, h)
	second, err := h.Scheme.Open(t.Context(), address)
	wantErr(t, "second open", err, drivers.ErrBusy)
	if err == nil {
		second.Close()
	}
	send(t, "write after a refused second open", port, every(0))
	wantBytes(t, "read by the device", peer, every(0))
	port.Close()
	third, err := h.Scheme.Open(t.Context(), address)
	if err != nil {
		t.Fatalf("open after the first port was closed: %v", err)
	}
	third.Close()
}

// testComesBack: a device that was unplugged is opened under the same address.
func testComesBack(t *testing.T, h PortHarness) {
	port, peer, address := open(t, h)
	for range 3 {
		send(t, "write", port, every(0))
		wantBytes(t, "read by the device", peer, every(0))
		peer.Unplug()
		within(t, "read", func() {
			_, err := port.Read(make([]byte, 1))
			wantErr(t, "read from an unplugged device", err, drivers.ErrGone)
		})
		if err := port.Close(); err != nil {
			t.Errorf("close after the device went: %v", err)
		}
		if err := peer.Plug(); err != nil {
			t.Fatal(err)
		}
		var err error
		if port, err = h.Scheme.Open(t.Context(), address); err != nil {
			t.Fatalf("open of a device that came back: %v", err)
		}
		t.Cleanup(func() { port.Close() })
	}
}
