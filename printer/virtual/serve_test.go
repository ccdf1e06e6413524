package virtual_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/virtual"
)

// A torn connection leaves its half ticket in the printer, and the next one
// goes on behind it.
func TestStateOutlivesConnections(t *testing.T) {
	papers := make(chan virtual.Paper, 4)
	v, _ := load(t, "TM-T20II", "80mm", virtual.Options{OnPaper: func(p virtual.Paper) { papers <- p }})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Serve(ctx, listener) }()

	dial := func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	first := dial()
	io.WriteString(first, "uno\n\x1d(k\x06\x001P0")      // three bytes of the symbol are missing
	second := dial()                                     // waits for the first
	io.WriteString(second, "abcdos\n\x1dV\x00\x1dr\x01") // abc completes the block
	first.Close()
	answer := make([]byte, 1)
	second.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadFull(second, answer); err != nil || answer[0] != 0 {
		t.Errorf("the fence: % x, %v", answer, err)
	}
	if paper := <-papers; paper.Text() != "uno\ndos\n" {
		t.Errorf("%q", paper.Text())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	second.Close()
}

// A peer that never reads its answers does not stop the printing.
func TestAnswersDoNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := load(t, "TM-T20II", "80mm", virtual.Options{})
		ours, theirs := net.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- v.ServeConn(t.Context(), theirs) }()
		if _, err := io.WriteString(ours, strings.Repeat("\x10\x04\x01", 5000)+"a\n\x1dV\x00"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(v.Papers()) != 1 {
			t.Error("the ticket did not print")
		}
		ours.Close()
		if err := <-ended; err != nil && err != io.ErrClosedPipe {
			t.Error(err)
		}
	})
}

// At 19,200 baud a printer takes 1,920 bytes a second.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := load(t, "TM-T20II", "80mm", virtual.Options{PaceBaud: 19200})
		ours, theirs := net.Pipe()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- v.ServeConn(ctx, theirs) }()
		start := time.Now()
		if _, err := io.WriteString(ours, strings.Repeat("x", 19200)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10*time.Second {
			t.Errorf("19,200 bytes took %v", took)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ours.Close()
	})
}

// A second line waits for its turn, and gives up when it is told to.
func TestTurnEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _ := load(t, "TM-T20II", "80mm", virtual.Options{})
		ours, theirs := net.Pipe()
		first := make(chan error, 1)
		go func() { first <- v.ServeConn(t.Context(), theirs) }()
		synctest.Wait()
		ctx, stop := context.WithCancel(t.Context())
		second := make(chan error, 1)
		go func() {
			a, b := net.Pipe()
			defer a.Close()
			second <- v.ServeConn(ctx, b)
		}()
		synctest.Wait()
		stop()
		if err := <-second; err != nil {
			t.Error(err)
		}
		ours.Close()
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}
