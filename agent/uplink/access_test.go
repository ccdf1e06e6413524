package uplink_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
)

// Every way to be let in, and an order and a sale over it.
func TestWaysIn(t *testing.T) {
	certs := uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour))
	secured := uplinktest.BrokerOptions{CAFile: certs.CA, CertFile: certs.ServerCert, KeyFile: certs.ServerKey}
	mutual := secured
	mutual.ClientCerts = true
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secreto ñ\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		broker uplinktest.BrokerOptions
		change func(*uplink.Settings)
	}{
		{"password", uplinktest.BrokerOptions{Users: map[string]string{"caja-1": "secreto ñ"}}, func(s *uplink.Settings) {
			s.Username, s.PasswordFile = "caja-1", password
		}},
		{"tls", secured, func(s *uplink.Settings) { s.CAFile = certs.CA }},
		{"mutual tls", mutual, func(s *uplink.Settings) {
			s.CAFile, s.ClientCertFile, s.ClientKeyFile = certs.CA, certs.ClientCert, certs.ClientKey
		}},
		{"ws", uplinktest.BrokerOptions{}, func(s *uplink.Settings) { s.Broker = bridge(t, s.Broker, nil) }},
		{"wss", uplinktest.BrokerOptions{}, func(s *uplink.Settings) {
			s.CAFile, s.Broker = certs.CA, bridge(t, s.Broker, &certs)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			broker := uplinktest.Mosquitto(t, test.broker)
			set := settings(broker.URL())
			test.change(&set)
			st, d := openStore(t), newDesk()
			u, stop := start(t, set, st, d)
			connected(t, u)
			emit(t, st, 100)
			drained(t, st)
			stop()
			eventually(t, "an orderly end", nil, func() bool {
				return strings.Contains(broker.Log(), "Received DISCONNECT from lima-01_caja-1")
			})
		})
	}
}

// What keeps a terminal out is said in words that help.
func TestRefusalsInWords(t *testing.T) {
	good := uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour))
	early := uplinktest.MakeCertificates(t, time.Now().Add(48*time.Hour))
	late := uplinktest.MakeCertificates(t, time.Now().Add(-48*time.Hour))
	tests := []struct {
		name   string
		broker uplinktest.BrokerOptions
		change func(*uplink.Settings)
		want   string
		advice string
	}{
		{"wrong password", uplinktest.BrokerOptions{Users: map[string]string{"a": "b"}},
			func(s *uplink.Settings) { s.Username, s.Password = "a", "c" }, "does not let this terminal in", "password_file"},
		{"no such file", uplinktest.BrokerOptions{},
			func(s *uplink.Settings) { s.PasswordFile = "/nowhere/password" }, "/nowhere/password", "Put the file there"},
		{"no such host", uplinktest.BrokerOptions{},
			func(s *uplink.Settings) { s.Broker = "mqtt://broker.invalid:1883" }, "broker.invalid", "DNS"},
		{"no broker address", uplinktest.BrokerOptions{},
			func(s *uplink.Settings) { s.Broker = "http://x" }, "must look like", "log"},
		{"tls to a plain port", uplinktest.BrokerOptions{},
			func(s *uplink.Settings) { s.Broker = strings.Replace(s.Broker, "mqtt:", "tls:", 1) }, "closed the connection", "belong together"},
		{"no mqtt at this path", uplinktest.BrokerOptions{},
			func(s *uplink.Settings) { s.Broker = strings.TrimSuffix(bridge(t, s.Broker, nil), "/mqtt") }, "does not offer MQTT over WebSocket", "path"},
		{"unknown authority", tlsBroker(good), func(*uplink.Settings) {}, "nobody that this terminal trusts", "ca_file"},
		{"clock behind", tlsBroker(early), func(s *uplink.Settings) { s.CAFile = early.CA }, "this terminal's clock says", "clock is wrong"},
		{"certificate expired", tlsBroker(late), func(s *uplink.Settings) { s.CAFile = late.CA }, "was valid until", "new certificate"},
		{"no client certificate", mutualBroker(good), func(s *uplink.Settings) { s.CAFile = good.CA }, "", "client_cert_file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			broker := uplinktest.Mosquitto(t, test.broker)
			set := settings(broker.URL())
			test.change(&set)
			u, _ := start(t, set, openStore(t), newDesk())
			eventually(t, "an error", nil, func() bool { return u.Status().LastError != "" })
			s := u.Status()
			t.Logf("%s. %s", s.LastError, s.Advice)
			if !strings.Contains(s.LastError, test.want) || !strings.Contains(s.Advice, test.advice) || s.Advice == "" {
				t.Errorf("wanted %q and %q", test.want, test.advice)
			}
			if s.Connected {
				t.Error("connected all the same")
			}
		})
	}
}

func tlsBroker(c uplinktest.Certificates) uplinktest.BrokerOptions {
	return uplinktest.BrokerOptions{CAFile: c.CA, CertFile: c.ServerCert, KeyFile: c.ServerKey}
}

func mutualBroker(c uplinktest.Certificates) uplinktest.BrokerOptions {
	o := tlsBroker(c)
	o.ClientCerts = true
	return o
}

// bridge is a server that carries WebSocket messages to a broker, as the ones in
// front of brokers do; it returns its address.
func bridge(t *testing.T, broker string, certs *uplinktest.Certificates) string {
	t.Helper()
	upgrade := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	var pumps sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mqtt" {
			http.NotFound(w, r)
			return
		}
		ws, err := upgrade.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer ws.Close()
		tcp, err := net.Dial("tcp", strings.TrimPrefix(broker, "mqtt://"))
		if err != nil {
			t.Error(err)
			return
		}
		pumps.Go(func() { defer ws.Close(); copyDown(ws, tcp) })
		defer tcp.Close()
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			if _, err := tcp.Write(message); err != nil {
				return
			}
		}
	}))
	t.Cleanup(func() { server.Close(); pumps.Wait() })
	if certs == nil {
		server.Start()
		return strings.Replace(server.URL, "http:", "ws:", 1) + "/mqtt"
	}
	pair, err := tls.LoadX509KeyPair(certs.ServerCert, certs.ServerKey)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	return strings.Replace(server.URL, "https:", "wss:", 1) + "/mqtt"
}

func copyDown(ws *websocket.Conn, tcp net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := tcp.Read(buf)
		if err != nil {
			return
		}
		if err := ws.WriteMessage(websocket.BinaryMessage, buf[:n]); err != nil {
			return
		}
	}
}
