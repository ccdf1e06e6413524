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

// Listening returns the way to be a network printer for others:
// listen://:9100, or listen://192.168.1.10:9100 for one of this machine's
// addresses. Its ports are drivers.Acceptors.
//
// A listener that was handed over by systemd (a socket unit, LISTEN_FDS) with
// the same port is used in place of a new one, so that connections wait while
// the agent starts again.
func Listening() drivers.Scheme {
	return drivers.Scheme{
		Name:    "listen",
		Example: "listen://:9100",
		Check:   checkListening,
		Open:    listen,
	}
}

func checkListening(address *url.URL) error {
	_, err := listenAddress(address)
	return err
}

// listenAddress reads the address to listen on.
func listenAddress(address *url.URL) (string, error) {
	switch {
	case address.Host == "":
		return "", fmt.Errorf("%s names no port: write listen://:9100", address.Redacted())
	case address.User != nil || address.Path != "" && address.Path != "/" || address.RawQuery != "":
		return "", errors.New("an address to listen on is a host and a port: write listen://:9100")
	}
	port := address.Port()
	if port == "" {
		port = defaultPort
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("port %s is out of range: ports are 1 to 65535, printers mostly listen on 9100", port)
	}
	return net.JoinHostPort(address.Hostname(), port), nil
}

func listen(ctx context.Context, address *url.URL) (drivers.Port, error) {
	target, err := listenAddress(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	listener, err := handedOver(target)
	if err == nil && listener == nil {
		config := net.ListenConfig{KeepAliveConfig: keepAlive}
		var made net.Listener
		if made, err = config.Listen(ctx, "tcp", target); err == nil {
			listener = made.(*net.TCPListener)
		}
	}
	switch {
	case err == nil:
		return &acceptor{listener: listener, target: target}, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("listen on %s: %w", target, ctx.Err())
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w: %w", drivers.ErrBusy, err)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%w: %w", drivers.ErrDenied, err)
	}
	return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
}

// An acceptor is a listener as a port.
type acceptor struct {
	listener *net.TCPListener
	target   string
	once     sync.Once
}

// Accept is as drivers.Acceptor has it.
func (a *acceptor) Accept(ctx context.Context) (drivers.Port, error) {
	a.listener.SetDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { a.listener.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn, err := a.listener.AcceptTCP()
	switch {
	case err == nil:
		return newPort(conn, conn.RemoteAddr().String())
	case errors.Is(err, net.ErrClosed):
		return nil, fmt.Errorf("accept on %s: %w", a.target, os.ErrClosed)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("accept on %s: %w: %w", a.target, drivers.ErrGone, err)
}

// Addr is where it listens.
func (a *acceptor) Addr() net.Addr { return a.listener.Addr() }

// Close stops listening.
func (a *acceptor) Close() (err error) {
	a.once.Do(func() { err = a.listener.Close() })
	return err
}

// Read and Write are refused, and deadlines mean nothing: connections carry the
// bytes.
func (a *acceptor) Read([]byte) (int, error)  { return 0, a.noBytes() }
func (a *acceptor) Write([]byte) (int, error) { return 0, a.noBytes() }

func (a *acceptor) noBytes() error {
	return fmt.Errorf("%s waits for connections and carries no bytes itself: %w", a.target, errors.ErrUnsupported)
}

// SetReadDeadline does nothing.
func (a *acceptor) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (a *acceptor) SetWriteDeadline(time.Time) error { return nil }
