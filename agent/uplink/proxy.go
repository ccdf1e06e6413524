package uplink

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// A proxyError is an answer of the proxy other than that the way is free, or
// why it cannot be reached.
type proxyError struct {
	proxy  string // without its password
	err    error  // there was no answer
	status int
	text   string
}

func (e *proxyError) Error() string {
	if e.err != nil {
		return fmt.Sprintf("proxy %s: %v", e.proxy, e.err)
	}
	return fmt.Sprintf("proxy %s answered %s", e.proxy, e.text)
}

// dialTCP reaches address (host:port), through the proxy where there is one.
func (set Settings) dialTCP(ctx context.Context, address string) (net.Conn, error) {
	switch {
	case set.Dial != nil:
		return set.Dial(ctx, "tcp", address)
	case set.Proxy == "":
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	proxy, err := url.Parse(set.Proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy is not an address: %w", err)
	}
	conn, err := dialProxy(ctx, proxy)
	if err != nil {
		return nil, &proxyError{proxy: proxy.Redacted(), err: err}
	}
	tunnel, err := connectThrough(ctx, conn, proxy, address)
	if err != nil {
		return nil, errors.Join(err, ignoreClosed(conn.Close()))
	}
	return tunnel, nil
}

// dialProxy opens a connection to the proxy, with TLS to an https one.
func dialProxy(ctx context.Context, proxy *url.URL) (net.Conn, error) {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	}
	var dialer net.Dialer
	address := net.JoinHostPort(proxy.Hostname(), port)
	switch proxy.Scheme {
	case "http":
		return dialer.DialContext(ctx, "tcp", address)
	case "https":
		secure := tls.Dialer{NetDialer: &dialer, Config: &tls.Config{ServerName: proxy.Hostname(), MinVersion: tls.VersionTLS12}}
		return secure.DialContext(ctx, "tcp", address)
	}
	return nil, fmt.Errorf("its address begins with %q: use http or https", proxy.Scheme)
}

// connectThrough asks the proxy for a way to address (RFC 9110, 9.3.6).
func connectThrough(ctx context.Context, conn net.Conn, proxy *url.URL, address string) (net.Conn, error) {
	// The context ends the talk; then the connection is as it was.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	ask := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		login := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		ask.Header.Set("Proxy-Authorization", "Basic "+login)
	}
	if err := ask.Write(conn); err != nil {
		return nil, fmt.Errorf("ask the proxy %s: %w", proxy.Redacted(), err)
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, ask)
	if err != nil {
		return nil, fmt.Errorf("read the answer of the proxy %s: %w", proxy.Redacted(), errors.Join(context.Cause(ctx), err))
	}
	// Behind a good answer stands what the broker says; it has no body.
	if answer.StatusCode/100 != 2 {
		return nil, &proxyError{proxy: proxy.Redacted(), status: answer.StatusCode, text: answer.Status}
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	return &tunnel{conn, in}, nil
}

// A tunnel is a connection through a proxy. What was read with the proxy's
// answer is the broker's.
type tunnel struct {
	net.Conn
	in *bufio.Reader
}

func (t *tunnel) Read(p []byte) (int, error) { return t.in.Read(p) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
