package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// broker returns the address with its usual port where it names none.
func broker(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("broker %q is not an address: %w", address, err)
	}
	port := map[string]string{"mqtt": "1883", "tls": "8883", "ws": "80", "wss": "443"}[u.Scheme]
	if port == "" || u.Hostname() == "" {
		return nil, fmt.Errorf("broker %q must look like tls://mqtt.example.com:8883 (mqtt, tls, ws or wss)", address)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

// open reaches the broker's port, with TLS and WebSocket where the scheme says
// so, within connectTimeout.
func (set Settings) open(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	switch u.Scheme {
	case "mqtt":
		return set.dialTCP(ctx, u.Host)
	case "tls":
		return set.openTLS(ctx, u)
	default:
		return set.openWebSocket(u)
	}
}

func (set Settings) openTLS(ctx context.Context, u *url.URL) (net.Conn, error) {
	conf, err := set.tls(u.Hostname())
	if err != nil {
		return nil, err
	}
	conn, err := set.dialTCP(ctx, u.Host)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, ignoreClosed(conn.Close()))
	}
	return secure, nil
}

func (set Settings) openWebSocket(u *url.URL) (net.Conn, error) {
	var conf *tls.Config
	if u.Scheme == "wss" {
		var err error
		if conf, err = set.tls(u.Hostname()); err != nil {
			return nil, err
		}
	}
	opts := &mqtt.WebsocketOptions{}
	if set.Proxy != "" {
		proxy, err := url.Parse(set.Proxy)
		if err != nil {
			return nil, fmt.Errorf("proxy %q is not an address: %w", set.Proxy, err)
		}
		opts.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
	}
	bare := *u
	bare.User = nil
	return mqtt.NewWebsocket(bare.String(), conf, connectTimeout, http.Header{}, opts)
}

// tls reads the certificates anew, so that renewed ones need no restart.
func (set Settings) tls(host string) (*tls.Config, error) {
	conf := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if set.CAFile != "" {
		pem, err := os.ReadFile(set.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s holds no certificate in PEM form", set.CAFile)
		}
	}
	if set.ClientCertFile != "" {
		certificate, key := set.ClientCertFile, set.ClientKeyFile
		if set.renewer != nil {
			certificate = set.renewer.choose()
			key = certificate
		}
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("read client_cert_file and client_key_file: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if set.certificates != nil {
		set.certificates.watch(conf)
	}
	if set.trust != nil {
		set.trust(conf)
	}
	return conf, nil
}

// password is the configured one, or what its file holds without the line end.
func (set Settings) password() (string, error) {
	if set.PasswordFile == "" {
		return set.Password, nil
	}
	b, err := os.ReadFile(set.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read password_file: %w", err)
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return "", errors.New("password_file " + set.PasswordFile + " is empty")
	}
	return text, nil
}
