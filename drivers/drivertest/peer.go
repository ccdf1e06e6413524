package drivertest

import (
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"testing"
)

// A Peer is the device side of a port: what the suite drives to see what the
// port makes of it. PTY and TCP are peers.
type Peer interface {
	// Read and Write are the device's: Read waits for at least one byte that
	// the port has written.
	io.ReadWriter
	// Unplug takes the device away, and Plug brings it back under the same
	// address.
	Unplug() error
	Plug() error
}

// A TCP is a network printer: it listens on a port of the loopback interface
// and speaks with whoever connected last.
type TCP struct {
	addr string

	mu       sync.Mutex
	changed  sync.Cond // conn or listener has changed
	listener net.Listener
	conn     net.Conn
	accepts  sync.WaitGroup
}

// NewTCP returns a TCP that is listening, and gone at the end of the test.
func NewTCP(t testing.TB) *TCP {
	t.Helper()
	p := &TCP{addr: net.JoinHostPort(ownLoopback(), "0")}
	p.changed.L = &p.mu
	if err := p.Plug(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Unplug() })
	return p
}

// ownLoopback is a host of the loopback network that no other process has: while a
// device is unplugged nobody else gets its port.
func ownLoopback() string {
	pid := os.Getpid()
	return net.IPv4(127, 64|byte(pid>>16)&63, byte(pid>>8), byte(pid)).String()
}

// Addr returns the host and port of the device; they stay the same over
// unplugging.
func (p *TCP) Addr() string { return p.addr }

// Address returns the URL of a port on the device.
func (p *TCP) Address() *url.URL { return &url.URL{Scheme: "tcp", Host: p.addr} }

// Plug starts to listen.
func (p *TCP) Plug() error {
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addr, p.listener = listener.Addr().String(), listener
	p.accepts.Go(func() { p.accept(listener) })
	return nil
}

// accept keeps the newest connection, until the listener closes.
func (p *TCP) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.conn != nil {
			p.conn.Close()
		}
		p.conn = conn
		if p.listener != listener { // unplugged meanwhile
			conn.Close()
			p.conn = nil
		}
		p.changed.Broadcast()
		p.mu.Unlock()
	}
}

// Unplug resets the connection and stops listening.
func (p *TCP) Unplug() error {
	p.mu.Lock()
	listener, conn := p.listener, p.conn
	p.listener, p.conn = nil, nil
	p.changed.Broadcast()
	p.mu.Unlock()
	if listener == nil {
		return nil
	}
	err := listener.Close()
	if conn, ok := conn.(*net.TCPConn); ok {
		conn.SetLinger(0)
		conn.Close()
	}
	p.accepts.Wait()
	return err
}

// Read waits for a connection and for bytes from it; when the port has closed
// it, Read waits for the next one.
func (p *TCP) Read(b []byte) (int, error) {
	for {
		conn, err := p.device()
		if err != nil {
			return 0, err
		}
		if n, err := conn.Read(b); n > 0 || err == nil {
			return n, nil
		}
		p.forget(conn)
	}
}

// Write waits for a connection and sends bytes to it.
func (p *TCP) Write(b []byte) (int, error) {
	conn, err := p.device()
	if err != nil {
		return 0, err
	}
	return conn.Write(b)
}

// device waits for a connection and returns it.
func (p *TCP) device() (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.conn == nil && p.listener != nil {
		p.changed.Wait()
	}
	if p.listener == nil {
		return nil, os.ErrClosed
	}
	return p.conn, nil
}

// forget closes a connection that has ended.
func (p *TCP) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn.Close()
	if p.conn == conn {
		p.conn = nil
	}
}
