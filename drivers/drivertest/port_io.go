package drivertest

import (
	"os"
	"testing"
	"time"

	"mostrador/drivers"
)

func testBytesOut(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	if n, err := port.Write(nil); n != 0 || err != nil {
		t.Errorf("empty write: %d, %v", n, err)
	}
	sent := every(300_000)
	writing := start(func() { send(t, "write", port, sent) })
	wantBytes(t, "read by the device", peer, sent)
	<-writing
}

func testBytesBothWays(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	sent := every(300_000)
	out := start(func() { send(t, "write", port, sent) })
	back := start(func() { send(t, "write by the device", peer, sent) })
	read := start(func() { wantBytes(t, "read by the device", peer, sent) })
	wantBytes(t, "read", port, sent)
	<-out
	<-back
	<-read
}

// testSilence: a Read without a deadline waits for as long as nothing comes.
func testSilence(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	for range 3 {
		got := make([]byte, 8)
		n := 0
		reading := start(func() {
			var err error
			if n, err = port.Read(got); err != nil {
				t.Errorf("read: %v", err)
			}
		})
		stillRunning(t, "read in silence", reading)
		send(t, "write by the device", peer, []byte("!"))
		within(t, "read", func() { <-reading })
		if string(got[:n]) != "!" {
			t.Errorf("read %q, want !", got[:n])
		}
	}
}

func testReadDeadline(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	buf := make([]byte, 8)
	for _, d := range []time.Duration{50 * time.Millisecond, -time.Second} {
		within(t, "read in silence", func() {
			port.SetReadDeadline(time.Now().Add(d))
			n, err := port.Read(buf)
			if n != 0 {
				t.Errorf("read %d bytes in silence", n)
			}
			wantErr(t, "read in silence", err, os.ErrDeadlineExceeded)
		})
	}
	if h.OneWay {
		return
	}
	port.SetReadDeadline(time.Time{})
	send(t, "write by the device", peer, every(0))
	wantBytes(t, "read after the deadline was lifted", port, every(0))
}

func testReadDeadlineMoved(t *testing.T, h PortHarness) {
	port, _, _ := open(t, h)
	port.SetReadDeadline(time.Now().Add(time.Hour))
	reading := start(func() {
		_, err := port.Read(make([]byte, 1))
		wantErr(t, "read", err, os.ErrDeadlineExceeded)
	})
	stillRunning(t, "read in silence", reading)
	port.SetReadDeadline(time.Now().Add(time.Millisecond))
	within(t, "read past its new deadline", func() { <-reading })
}

// testWriteDeadline: what a port says that it has taken arrives in the end,
// also past a deadline, and the port is still good for more.
func testWriteDeadline(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	taken := stall(t, port)
	within(t, "write past its deadline", func() {
		n, err := port.Write(every(0))
		if n != 0 {
			t.Errorf("wrote %d bytes past the deadline", n)
		}
		wantErr(t, "write past its deadline", err, os.ErrDeadlineExceeded)
	})
	wantBytes(t, "read by the device", peer, taken)
	port.SetWriteDeadline(time.Time{})
	send(t, "write after the deadline was lifted", port, every(0))
	wantBytes(t, "read by the device", peer, every(0))
}

func testWriteDeadlineMoved(t *testing.T, h PortHarness) {
	port, _, _ := open(t, h)
	stall(t, port)
	port.SetWriteDeadline(time.Now().Add(time.Hour))
	writing := start(func() {
		_, err := port.Write(every(8 << 20))
		wantErr(t, "write", err, os.ErrDeadlineExceeded)
	})
	stillRunning(t, "write to a device that does not read", writing)
	port.SetWriteDeadline(time.Now().Add(time.Millisecond))
	within(t, "write past its new deadline", func() { <-writing })
}

func testCloseIdle(t *testing.T, h PortHarness) {
	port, _, _ := open(t, h)
	closeInTime(t, port)
	if err := port.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	_, err := port.Read(make([]byte, 1))
	wantErr(t, "read after close", err, os.ErrClosed)
	_, err = port.Write([]byte("x"))
	wantErr(t, "write after close", err, os.ErrClosed)
	wantErr(t, "deadline after close", port.SetReadDeadline(time.Now()), os.ErrClosed)
	wantErr(t, "deadline after close", port.SetWriteDeadline(time.Now()), os.ErrClosed)
}

// testCloseBusy: Close ends a Read and a Write that wait.
func testCloseBusy(t *testing.T, h PortHarness) {
	port, _, _ := open(t, h)
	stall(t, port)
	port.SetWriteDeadline(time.Time{})
	reading := start(func() {
		_, err := port.Read(make([]byte, 1))
		wantErr(t, "read", err, os.ErrClosed)
	})
	writing := start(func() {
		_, err := port.Write(every(8 << 20))
		wantErr(t, "write", err, os.ErrClosed)
	})
	stillRunning(t, "read in silence", reading)
	stillRunning(t, "write to a device that does not read", writing)
	closeInTime(t, port)
	within(t, "read and write after close", func() { <-reading; <-writing })
}

// closeInTime closes port and holds it to its time, with slack for a machine
// that is busy.
func closeInTime(t *testing.T, port drivers.Port) {
	t.Helper()
	began := time.Now()
	within(t, "close", func() { port.Close() })
	if took := time.Since(began); took > 10*drivers.CloseTimeout {
		t.Errorf("close took %v, it has %v", took, drivers.CloseTimeout)
	}
}

// testCloseUnread: bytes that the device has sent and nobody has read do not
// take back what it was sent before.
func testCloseUnread(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	sent := every(2000)
	send(t, "status from the device", peer, every(0))
	send(t, "write", port, sent)
	closing := start(func() { port.Close() })
	wantBytes(t, "read by the device", peer, sent)
	send(t, "status from the device", peer, every(0))
	within(t, "close", func() { <-closing })
}

func testGoneReading(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	reading := start(func() {
		_, err := port.Read(make([]byte, 1))
		wantErr(t, "read", err, drivers.ErrGone)
	})
	stillRunning(t, "read in silence", reading)
	peer.Unplug()
	within(t, "read from an unplugged device", func() { <-reading })
	port.SetReadDeadline(time.Now().Add(time.Hour))
	within(t, "next read from an unplugged device", func() {
		_, err := port.Read(make([]byte, 1))
		wantErr(t, "next read", err, drivers.ErrGone)
	})
	within(t, "write to an unplugged device", func() {
		var err error
		for err == nil { // the system may still take some
			_, err = port.Write(every(0))
		}
		wantErr(t, "write", err, drivers.ErrGone)
	})
	closeInTime(t, port)
}

func testGoneWriting(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	stall(t, port)
	port.SetWriteDeadline(time.Now().Add(time.Hour))
	writing := start(func() {
		_, err := port.Write(every(8 << 20))
		wantErr(t, "write", err, drivers.ErrGone)
	})
	stillRunning(t, "write to a device that does not read", writing)
	peer.Unplug()
	within(t, "write to an unplugged device", func() { <-writing })
	if drainer, ok := port.(drivers.Drainer); ok {
		within(t, "drain to an unplugged device", func() {
			wantErr(t, "drain", drainer.Drain(), drivers.ErrGone)
		})
	}
	closeInTime(t, port)
}

// testDrain: Drain returns once the device has read everything.
func testDrain(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	drainer, ok := port.(drivers.Drainer)
	if !ok {
		t.Skip("this kind of port cannot know")
	}
	sent := every(100_000)
	reading := start(func() { wantBytes(t, "read by the device", peer, sent) })
	send(t, "write", port, sent)
	port.SetWriteDeadline(time.Now().Add(patience))
	within(t, "drain", func() {
		if err := drainer.Drain(); err != nil {
			t.Errorf("drain: %v", err)
		}
	})
	<-reading
}

// testDrainStalled: Drain does not claim what the device has not taken.
func testDrainStalled(t *testing.T, h PortHarness) {
	port, peer, _ := open(t, h)
	drainer := port.(drivers.Drainer)
	taken := stall(t, port)
	port.SetWriteDeadline(time.Now().Add(time.Hour))
	draining := start(func() {
		wantErr(t, "drain to a device that does not read", drainer.Drain(), os.ErrDeadlineExceeded)
	})
	stillRunning(t, "drain to a device that does not read", draining)
	port.SetWriteDeadline(time.Now().Add(time.Millisecond))
	within(t, "drain past its deadline", func() { <-draining })
	port.SetWriteDeadline(time.Time{})
	reading := start(func() { wantBytes(t, "read by the device", peer, taken) })
	within(t, "drain", func() {
		if err := drainer.Drain(); err != nil {
			t.Errorf("drain: %v", err)
		}
	})
	<-reading
	stall(t, port)
	port.SetWriteDeadline(time.Time{})
	draining = start(func() {
		wantErr(t, "drain of a port that is closed", drainer.Drain(), os.ErrClosed)
	})
	stillRunning(t, "drain to a device that does not read", draining)
	closeInTime(t, port)
	within(t, "drain after close", func() { <-draining })
}
