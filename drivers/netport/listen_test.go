package netport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/netport"
)

// What listens is busy for a second one, gives each caller a port of its own that
// carries bytes both ways and tells when the caller has gone, and is free again
// when it is closed.
func TestListening(t *testing.T) {
	scheme := netport.Listening()
	listen := func(host string) (drivers.Acceptor, error) {
		port, err := scheme.Open(t.Context(), &url.URL{Scheme: "listen", Host: host})
		if err != nil {
			return nil, err
		}
		return port.(drivers.Acceptor), nil
	}
	first, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := first.(interface{ Addr() net.Addr }).Addr().String()
	if second, err := listen(host); !errors.Is(err, drivers.ErrBusy) {
		t.Errorf("a second one on %s: %v, %v; want %v", host, second, err, drivers.ErrBusy)
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("read without a caller: %v", err)
	}
	if _, err := first.Write([]byte{1}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("write without a caller: %v", err)
	}
	for range 2 {
		caller, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		port, err := first.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, caller, port)
		exchange(t, port, caller)
		caller.Close()
		if _, err := port.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, drivers.ErrGone) {
			t.Errorf("read when the caller has gone: %v", err)
		}
		port.Close()
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := first.Accept(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("accept with an ended context: %v", err)
	}
	if err := errors.Join(first.Close(), first.Close()); err != nil {
		t.Error(err)
	}
	if _, err := first.Accept(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("accept after Close: %v", err)
	}
	again, err := listen(host)
	if err != nil {
		t.Fatalf("on the address that was closed: %v", err)
	}
	again.Close()
}

// exchange sends all values of a byte from one end to the other.
func exchange(t *testing.T, from io.Writer, to io.Reader) {
	t.Helper()
	sent := make([]byte, 256)
	for i := range sent {
		sent[i] = byte(i)
	}
	if _, err := from.Write(sent); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(sent))
	if n, err := io.ReadFull(to, got); err != nil || string(got) != string(sent) {
		t.Errorf("got %d bytes %x, %v", n, got, err)
	}
}

func TestListeningCheck(t *testing.T) {
	for address, good := range map[string]bool{
		"listen://:9100": true, "listen://192.168.1.10:9100": true, "listen://127.0.0.1": true, "listen://": false,
		"listen://:70000": false, "listen://:9100/lp": false, "listen://:9100?baud=9600": false, "listen://me@:9100": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := netport.Listening().Check(u); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}
