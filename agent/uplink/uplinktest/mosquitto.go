package uplinktest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// BrokerOptions say how a mosquitto is set up. The zero value is plain TCP on
// loopback, no persistence, nobody needs to log in.
type BrokerOptions struct {
	// Persistent: sessions, queues and retained messages are saved, also on a
	// kill -9, as well as mosquitto can (after every change, once a second).
	Persistent bool
	// Users (name to password) that alone may log in.
	Users map[string]string
	// ACL is the text of an acl_file.
	ACL string
	// CAFile, CertFile and KeyFile make the listener speak TLS. ClientCerts:
	// only clients with a certificate of that CA get in.
	CAFile, CertFile, KeyFile string
	ClientCerts               bool
	// Bare: none of the limits is raised that mosquitto has by default.
	Bare bool
	// Lines of configuration besides.
	Lines []string
}

// A Broker is a real mosquitto on a free port of loopback. It keeps its port
// over Stop, Kill and Start, and ends with the test.
type Broker struct {
	process
	addr string
	opts BrokerOptions
}

// Mosquitto starts a broker. Without mosquitto on this machine the test fails.
func Mosquitto(t testing.TB, opts BrokerOptions) *Broker {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto" // not on every user's PATH
		if _, err := os.Stat(path); err != nil {
			t.Fatal("this test needs mosquitto: run packaging/install-tools (make test does), or apt-get install mosquitto")
		}
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "mosquitto.conf")
	b := &Broker{process: process{t: t, path: path, name: "mosquitto", args: []string{"-c", conf}}, addr: FreeAddress(t), opts: opts}
	b.must(os.WriteFile(conf, []byte(b.config(dir)), 0o600))
	b.Start()
	t.Cleanup(b.Kill)
	return b
}

// given counts the ports that this process was given, so that none is given twice,
// also while its server is down.
var given atomic.Uint32

// FreeAddress is a host and port of loopback where nothing listens now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	// Below the ports that systems give to connections, one of which could take it
	// before the server does, or while the server is down.
	const first, count, tries = 10_000, 20_000, 100
	const apart = 257 // the processes of one run begin far from each other
	var err error
	for range tries {
		var l net.Listener
		port := first + (os.Getpid()*apart+int(given.Add(1)))%count
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatalf("no port is free: %v", err)
	return ""
}

func (b *Broker) config(dir string) string {
	host, port, _ := net.SplitHostPort(b.addr)
	lines := []string{
		"per_listener_settings false", "log_dest stderr", "log_type all", "connection_messages true",
	}
	if !b.opts.Bare {
		lines = append(lines, "max_queued_messages 0", "max_keepalive 65535")
	}
	if os.Getuid() == 0 {
		lines = append(lines, "user root") // it would leave for a user that cannot read this folder
	}
	lines = append(lines, "persistence_location "+dir+"/")
	if b.opts.Persistent {
		lines = append(lines, "persistence true",
			"autosave_on_changes true", "autosave_interval 1")
	}
	lines = append(lines, b.access(dir)...)
	lines = append(lines, "listener "+port+" "+host)
	if b.opts.CertFile != "" {
		lines = append(lines, "cafile "+b.opts.CAFile, "certfile "+b.opts.CertFile, "keyfile "+b.opts.KeyFile,
			fmt.Sprintf("require_certificate %v", b.opts.ClientCerts))
	}
	return strings.Join(append(lines, b.opts.Lines...), "\n") + "\n"
}

// access writes the password and ACL files.
func (b *Broker) access(dir string) []string {
	lines := []string{fmt.Sprintf("allow_anonymous %v", len(b.opts.Users) == 0)}
	if len(b.opts.Users) > 0 {
		file := filepath.Join(dir, "passwords")
		b.must(os.WriteFile(file, nil, 0o600))
		for name, password := range b.opts.Users {
			out, err := exec.Command("mosquitto_passwd", "-b", file, name, password).CombinedOutput()
			if err != nil {
				b.t.Fatalf("mosquitto_passwd: %v: %s", err, out)
			}
		}
		lines = append(lines, "password_file "+file)
	}
	if b.opts.ACL != "" {
		file := filepath.Join(dir, "acl")
		b.must(os.WriteFile(file, []byte(b.opts.ACL), 0o600))
		lines = append(lines, "acl_file "+file)
	}
	return lines
}

// Addr is host:port, URL the address for [uplink] broker.
func (b *Broker) Addr() string { return b.addr }

// URL is the address for [uplink] broker.
func (b *Broker) URL() string {
	if b.opts.CertFile != "" {
		return "tls://" + b.addr
	}
	return "mqtt://" + b.addr
}

// Start starts the broker again on its port, and waits until it listens.
func (b *Broker) Start() {
	b.t.Helper()
	b.start(b.addr)
}
