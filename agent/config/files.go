package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
)

// files checks what a configuration names on the disk.
type files struct {
	*decoder
	cfg   *Config
	name  string
	known Known
}

func (f files) check() {
	u := f.cfg.Uplink
	f.secret("uplink.password_file", u.PasswordFile, uplinkPasswordEnv)
	for i, one := range f.cfg.Integrations {
		f.secret(at("integration", i, "token_file"), one.TokenFile, one.envPrefix()+"_TOKEN")
		f.secret(at("integration", i, "webhook_secret_file"), one.WebhookSecretFile, one.envPrefix()+"_WEBHOOK_SECRET")
		if token, err := one.Token(); one.Via == "api" && err == nil && token == "" {
			f.fault(at("integration", i, "via"), "there is no token for the API", "add token_file, or set "+one.envPrefix()+"_TOKEN")
		}
	}
	f.certificates()
	f.papers()
	if proxy, err := url.Parse(f.cfg.Uplink.Proxy); err == nil && proxy.User != nil {
		f.shared(f.name, "uplink.proxy")
	}
}

// secret checks a file that holds a secret.
func (f files) secret(key, file, env string) {
	if file == "" || os.Getenv(env) != "" {
		return
	}
	if _, err := readSecret("", file); err != nil {
		f.unreadable(key, file, err)
		return
	}
	f.shared(file, key)
}

func (f files) unreadable(key, file string, err error) {
	mend := "it must hold the secret, and nothing else, in one line"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err, mend = fmt.Errorf("there is no file %s", file), "write it, readable only for the user that Mostrador runs as"
	case errors.Is(err, fs.ErrPermission):
		err, mend = fmt.Errorf("%s may not be read", file), "let the user that Mostrador runs as read it"
	}
	f.fault(key, strings.TrimPrefix(err.Error(), "read a secret: "), mend)
}

// shared warns of a file with a secret that other users can read. Windows keeps
// its permissions elsewhere.
func (f files) shared(file, key string) {
	info, err := os.Stat(file)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return
	}
	if info.Mode().Perm()&0o007 == 0 {
		return // its group is meant to
	}
	f.warn(key, file+" holds a secret and every user can read it", "chmod 600 "+file)
}

func (f files) warn(key, problem, mend string) {
	place := decoder{at: f.at}
	place.fault(key, problem, mend)
	f.cfg.Warnings = sortFaults(append(f.cfg.Warnings, place.faults...))
}

// papers warns of a logo and of templates that tickets will be printed without.
func (f files) papers() {
	t := f.cfg.Tickets
	if t.Logo != "" && f.known.Logo != nil {
		png, err := readRegular(t.Logo)
		if err == nil {
			err = f.known.Logo(png)
		}
		if err != nil {
			f.warn("tickets.logo", err.Error(), "until then tickets print without it")
		}
	}
	if t.Templates == "" || f.known.Templates == nil {
		return
	}
	for _, err := range f.known.Templates(t.Templates) {
		f.warn("tickets.templates", err.Error(), "until then the shipped one is used")
	}
}

func (f files) certificates() {
	u := f.cfg.Uplink
	if u.CAFile != "" {
		pem, err := readRegular(u.CAFile)
		if err != nil {
			f.unreadable("uplink.ca_file", u.CAFile, err)
		} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			f.fault("uplink.ca_file", u.CAFile+" holds no certificate", "it must be PEM, beginning with BEGIN CERTIFICATE")
		}
	}
	if u.ClientCertFile == "" || u.ClientKeyFile == "" {
		return
	}
	cert, errCert := readRegular(u.ClientCertFile)
	if errCert != nil {
		f.unreadable("uplink.client_cert_file", u.ClientCertFile, errCert)
	}
	key, errKey := readRegular(u.ClientKeyFile)
	if errKey != nil {
		f.unreadable("uplink.client_key_file", u.ClientKeyFile, errKey)
	}
	if cmp.Or(errCert, errKey) != nil {
		return
	}
	f.shared(u.ClientKeyFile, "uplink.client_key_file")
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		f.fault("uplink.client_cert_file", strings.TrimPrefix(err.Error(), "tls: "), "certificate and key must be PEM and belong together")
	}
}

// warn collects what works but deserves a look, without the help of the disk.
func (c *Config) warn() {
	add := func(key, problem, mend string) {
		c.Warnings = append(c.Warnings, Fault{Key: key, Problem: problem, Mend: mend})
	}
	host, _, err := net.SplitHostPort(c.Web.Listen)
	if ip := net.ParseIP(host); err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		add("web.listen", "the page can be reached from the local network", "127.0.0.1:7080 keeps it on this machine")
	}
	broker, err := url.Parse(c.Uplink.Broker)
	if err == nil && (broker.Scheme == "mqtt" || broker.Scheme == "ws") && c.Uplink.Username != "" && !isLoopback(broker.Hostname()) {
		add("uplink.broker", "the password goes to the broker unencrypted", "use tls or wss")
	}
	if len(c.Integrations) > 0 && len(c.Printers) == 0 {
		add("integration", "orders come in and there is no printer", "add a [[printer]]")
	}
	for i, one := range c.Integrations {
		if one.Via == "relay" && c.Uplink.Broker == "" {
			add(at("integration", i, "via"), "the relay needs the line to the cloud", "add broker to [uplink]")
		}
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
