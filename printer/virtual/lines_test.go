package virtual_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/virtual"
)

// A served printer takes connections over net.Pipe until the test's bubble ends.
type served struct {
	*virtual.Printer
	t       *testing.T
	ctx     context.Context
	serving sync.WaitGroup
	ends    chan error // what became of each connection
}

func serve(t *testing.T, o virtual.Options) *served {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &served{t: t, ctx: ctx, ends: make(chan error, 8)}
	s.Printer, _ = load(t, "TM-T88V", "80mm", o)
	t.Cleanup(func() {
		stop()
		s.serving.Wait()
		s.Close()
	})
	return s
}

func (s *served) connect() net.Conn {
	near, far := net.Pipe()
	s.serving.Go(func() {
		s.ends <- s.ServeConn(s.ctx, far)
		far.Close()
	})
	s.t.Cleanup(func() { near.Close() })
	return near
}

// reads reads n bytes, or until the other side closes.
func reads(t *testing.T, line net.Conn, n int) string {
	t.Helper()
	b := make([]byte, n)
	line.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := io.ReadFull(line, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %d bytes: %v", n, err)
	}
	return string(b[:n])
}

func (s *served) text() string { return (&recorder{Printer: s.Printer}).texts() }

// Power and line go at exactly the byte; the writer hears of it there.
func TestLineEndsAtTheByte(t *testing.T) {
	ticket := "uno\ndos\n" + cut
	for _, kind := range []virtual.FaultKind{virtual.PowerOff, virtual.Unplug} {
		for n := range len(ticket) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, virtual.Options{Faults: []virtual.Fault{{Kind: kind, After: n, For: 3 * time.Second}}})
				line := s.connect()
				wrote, err := io.WriteString(line, ticket)
				if wrote != n || err == nil || s.Received() != uint64(n) {
					t.Errorf("%s after %d: %d written (%v), %d received", kind, n, wrote, err, s.Received())
				}
				if err := <-s.ends; !errors.Is(err, virtual.ErrAway) {
					t.Errorf("it ended with %v", err)
				}
				s.connect()
				if err := <-s.ends; !errors.Is(err, virtual.ErrAway) {
					t.Errorf("while it is away, a connection ended with %v", err)
				}
				time.Sleep(3 * time.Second)
				line = s.connect()
				if _, err := io.WriteString(line, ticket[n:]+askFence); err != nil {
					t.Errorf("when it is back: %v", err)
				}
				if reads(t, line, 1) != "\x00" {
					t.Error("when it is back it does not answer")
				}
			})
		}
	}
}

// What is in the buffer prints after the line has gone; what power took does not.
func TestBufferOutlivesTheLine(t *testing.T) {
	for _, c := range []struct {
		fault  virtual.FaultKind
		papers int
	}{{virtual.Unplug, 1}, {virtual.PowerOff, 0}} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, virtual.Options{Speed: 100})
			line := s.connect()
			if _, err := io.WriteString(line, strings.Repeat("x\n", 50)+cut); err != nil { // 1.9 s of paper
				t.Fatal(err)
			}
			synctest.Wait()
			s.Break(virtual.Fault{Kind: c.fault})
			if s.Buffered() == 0 && c.papers > 0 {
				t.Error("nothing is in the buffer")
			}
			time.Sleep(5 * time.Second)
			if len(s.Papers()) != c.papers || (s.Lost() > 0) == (c.papers > 0) {
				t.Errorf("%s: %d papers, %d bytes lost", c.fault, len(s.Papers()), s.Lost())
			}
		})
	}
}

// A full buffer holds the writer up until there is room.
func TestFlowControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, virtual.Options{Buffer: 100, Faults: []virtual.Fault{fault(t, "paper-out@10,for=5s")}})
		line := s.connect()
		start := time.Now()
		if _, err := io.WriteString(line, strings.Repeat("x\n", 200)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it was held up for %v", took)
		}
		synctest.Wait()
		if s.Received() != 400 || s.Buffered() != 0 {
			t.Errorf("%d of 400 received, %d wait", s.Received(), s.Buffered())
		}
	})
}

// One that hangs takes its buffer full and no more; one whose line hangs takes
// not even that. Both go on when they are mended.
func TestHangs(t *testing.T) {
	for _, c := range []struct {
		fault string
		taken int
	}{{"hang@30", 30 + 64}, {"hang-line@30", 30}} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, virtual.Options{Buffer: 64, Faults: []virtual.Fault{fault(t, c.fault)}})
			line := s.connect()
			line.SetWriteDeadline(time.Now().Add(time.Second))
			n, err := io.WriteString(line, strings.Repeat("x\n", 100)+askFence)
			if n != c.taken || err == nil || s.Printed() != 30 {
				t.Errorf("%s: %d bytes were taken, %d printed, %v", c.fault, n, s.Printed(), err)
			}
			s.Mend()
			line.SetWriteDeadline(time.Time{})
			if _, err := io.WriteString(line, cut+askFence); err != nil || reads(t, line, 1) != "\x00" {
				t.Errorf("%s: mended, %v", c.fault, err)
			}
		})
	}
}

// The speed of the line changes while it is open.
func TestBaud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, virtual.Options{})
		line := s.connect()
		for _, c := range []struct {
			fault string
			takes time.Duration
		}{{"baud=9600", time.Second}, {"baud=19200", time.Second / 2}, {"", 0}} {
			s.Mend()
			if c.fault != "" {
				s.Break(fault(t, c.fault))
			}
			start, before := time.Now(), s.Received()
			if _, err := io.WriteString(line, strings.Repeat("x", 960)); err != nil {
				t.Fatal(err)
			}
			for synctest.Wait(); s.Received() < before+960; synctest.Wait() {
				time.Sleep(time.Millisecond)
			}
			if took := time.Since(start); took > c.takes+time.Millisecond || took < c.takes {
				t.Errorf("%s: 960 bytes took %v", c.fault, took)
			}
		}
	})
}

// A wire stays when the printer is off: what it brings is lost, and a NUL as
// the power goes and comes is all that is heard.
func TestWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, virtual.Options{})
		near, far := net.Pipe()
		s.serving.Go(func() { s.ServeWire(s.ctx, far) })
		send := func(text string) {
			if _, err := io.WriteString(near, text); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		send("uno\n")
		s.Break(fault(t, "power-off,for=3s"))
		send("dos\n\x10\x04\x01")
		time.Sleep(4 * time.Second)
		send("tres\n" + cut + "\x10\x04\x01")
		if got := reads(t, near, 3); got != "\x00\x00\x16" {
			t.Errorf("% x", got)
		}
		if got := s.text(); got != "uno/tres/|" || s.Lost() != 7 || s.Received() != 4+7+5+3+3 {
			t.Errorf("%q, %d of %d bytes lost", got, s.Lost(), s.Received())
		}
	})
}

// Over TCP: refused, reset, half closed.
func TestTCP(t *testing.T) {
	v, _ := load(t, "TM-T88V", "80mm", virtual.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(time.Minute))
		return conn
	}
	one := make([]byte, 1)
	refused := func() { // at once, or as soon as it listens
		t.Helper()
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := conn.Read(one); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("refused: %v", err)
		}
	}

	v.Break(fault(t, "refuse"))
	refused()
	v.Mend()

	line := dial()
	v.Break(fault(t, "half-close@4"))
	if io.WriteString(line, "uno\n"); reads(t, line, 1) != "" {
		t.Error("half closed, it speaks")
	}
	io.WriteString(line, "dos\n"+cut)
	line.Close()
	v.Mend()

	line = dial() // behind the other, so that all of that has come
	if io.WriteString(line, askFence); reads(t, line, 1) != "\x00" {
		t.Error("it does not answer")
	}
	if got := (&recorder{Printer: v}).texts(); got != "uno/dos/|" {
		t.Error(got)
	}
	waits := dial()
	v.Break(fault(t, "power-off"))
	for _, line := range []net.Conn{line, waits} {
		if _, err := line.Read(one); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a line to a printer that is off: %v", err)
		}
	}
	refused()
	v.Mend()
	line = dial()
	if io.WriteString(line, "\x10\x04\x01"); reads(t, line, 1) != "\x16" {
		t.Error("switched on again it does not answer")
	}
}
