// Package netport reaches printers over raw TCP, as JetDirect has it: port
// 9100, bytes both ways, no framing.
package netport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"mostrador/drivers"
)

const (
	// defaultPort is where network printers listen for raw bytes, and rawPort
	// its number.
	defaultPort = "9100"
	rawPort     = 9100
	// connectTimeout bounds Open where its context does not.
	connectTimeout = 10 * time.Second
	// lingerTimeout is for how long Close reads on while the other side takes
	// the rest; half of drivers.CloseTimeout.
	lingerTimeout = drivers.CloseTimeout / 2
)

// keepAlive notices within half a minute that the other side was switched off
// although nothing is being sent.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// Scheme returns the way to network printers: tcp://host or tcp://host:port,
// where host is a name, an IPv4 address, or an IPv6 address in brackets; with
// ?mac=00:26:ab:12:34:56 the printer's hardware address: another machine that
// has its address by now is not taken for it, where the system can tell, which
// is on this machine's own networks. On Linux the port is a drivers.Drainer: it
// knows what the peer has acknowledged.
func Scheme() drivers.Scheme {
	return drivers.Scheme{
		Name:    "tcp",
		Example: "tcp://192.168.1.50:9100",
		Check:   check,
		Open:    open,
	}
}

func check(address *url.URL) error {
	_, err := hostPort(address)
	return err
}

// hostPort reads the address to dial.
func hostPort(address *url.URL) (string, error) {
	switch {
	case address.Hostname() == "":
		return "", fmt.Errorf("%s names no printer: write tcp://HOST:9100", address.Redacted())
	case address.User != nil:
		return "", errors.New("a raw TCP port takes no user and password: leave them out")
	case address.Path != "" && address.Path != "/":
		return "", fmt.Errorf("a raw TCP port has no path: leave out %q", address.Path)
	}
	if err := checkOptions(address); err != nil {
		return "", err
	}
	port := address.Port()
	if port == "" {
		port = defaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("port %s is out of range: ports are 1 to 65535, printers mostly listen on 9100", port)
	}
	return net.JoinHostPort(address.Hostname(), port), nil
}

// checkOptions: there is one.
func checkOptions(address *url.URL) error {
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		return fmt.Errorf("the options %q cannot be read: %w", address.RawQuery, err)
	}
	for key, values := range query {
		if key != "mac" || len(values) > 1 {
			return fmt.Errorf("a raw TCP port has no options but one mac=: leave out %q", "?"+address.RawQuery)
		}
		if mac, err := net.ParseMAC(values[0]); err != nil || len(mac) != 6 {
			return fmt.Errorf("mac=%s is no hardware address: write it as the printer's test page does, such as 00:26:ab:12:34:56", values[0])
		}
	}
	return nil
}

func open(ctx context.Context, address *url.URL) (drivers.Port, error) {
	target, err := hostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	dialer := net.Dialer{Timeout: connectTimeout, KeepAliveConfig: keepAlive}
	conn, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		return nil, openError(ctx, target, err)
	}
	p, err := newPort(conn.(*net.TCPConn), target) // TCP_NODELAY is Go's default
	if err != nil {
		return nil, err
	}
	if want := MACIn(address); want != "" {
		if _, mac, _ := Remote(p); mac != "" && mac != want {
			return nil, errors.Join(fmt.Errorf("%w: %s is another machine now (%s) and not the printer (%s)", drivers.ErrAbsent, target, mac, want), p.Close())
		}
	}
	return p, nil
}

func openError(ctx context.Context, target string, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("connect to %s: %w", target, ctx.Err())
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: %w", drivers.ErrDenied, err)
	default:
		return fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
}

// A port is one connection.
type port struct {
	conn   *net.TCPConn
	raw    syscall.RawConn
	target string

	// writing is the write deadline as Drain needs it, which has no system
	// call of its own to wait in.
	writing drivers.Deadline

	mu      sync.Mutex    // guards the deadlines against Close
	closing chan struct{} // closed when Close begins
	closed  bool
	reads   sync.Mutex // held by who reads, so that Close reads alone
}

func newPort(conn *net.TCPConn, target string) (drivers.Port, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(drivers.ErrAbsent, err, conn.Close())
	}
	return &port{conn: conn, raw: raw, target: target, closing: make(chan struct{})}, nil
}

func (p *port) Read(b []byte) (int, error) {
	p.reads.Lock()
	defer p.reads.Unlock()
	if p.isClosing() {
		return 0, p.fault("read", os.ErrClosed)
	}
	n, err := p.conn.Read(b)
	return n, p.fault("read", err)
}

func (p *port) Write(b []byte) (int, error) {
	n, err := p.conn.Write(b)
	return n, p.fault("write", err)
}

func (p *port) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return p.fault("set read deadline", os.ErrClosed)
	}
	return p.fault("set read deadline", p.conn.SetReadDeadline(t))
}

func (p *port) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return p.fault("set write deadline", os.ErrClosed)
	}
	p.writing.Set(t)
	return p.fault("set write deadline", p.conn.SetWriteDeadline(t))
}

// CloseWrite sends the end of our bytes; the other side may go on.
func (p *port) CloseWrite() error { return p.fault("close write", p.conn.CloseWrite()) }

// Close ends the connection so that what was written still arrives: closing a
// TCP connection with unread bytes resets it, and a reset makes the printer
// drop what it has not printed. So Close sends the end of our bytes first, and
// reads what comes until the printer has ended its own, for half a second at
// most.
func (p *port) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.closing)
	p.writing.Set(time.Time{})
	now := time.Now()
	p.conn.SetDeadline(now) // ends the calls under way
	p.mu.Unlock()

	p.conn.CloseWrite()
	p.reads.Lock()
	defer p.reads.Unlock()
	p.conn.SetReadDeadline(now.Add(lingerTimeout))
	rest := make([]byte, 512)
	for {
		if _, err := p.conn.Read(rest); err != nil {
			break
		}
	}
	if err := p.conn.Close(); err != nil {
		return p.fault("close", err)
	}
	return nil
}

func (p *port) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// fault says err in the words of the port contract.
func (p *port) fault(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case p.isClosing() || errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%s %s: %w", doing, p.target, os.ErrClosed)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s %s: %w", doing, p.target, os.ErrDeadlineExceeded)
	default: // io.EOF, a reset, or no answer to the keep-alive
		return fmt.Errorf("%s %s: %w: %w", doing, p.target, drivers.ErrGone, err)
	}
}
