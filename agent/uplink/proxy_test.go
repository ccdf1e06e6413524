package uplink_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// A gate is an HTTP proxy that knows CONNECT and nothing else.
type gate struct {
	login   string // user:password it wants, empty: none
	refuse  int    // the status it gives instead of a way
	through atomic.Int64
	pumps   sync.WaitGroup
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := proxyLogin(r)
	switch {
	case r.Method != http.MethodConnect:
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	case g.refuse != 0:
		w.WriteHeader(g.refuse)
		return
	case g.login != "" && g.login != user+":"+password:
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	far, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		far.Close()
		return
	}
	g.through.Add(1)
	g.pumps.Go(func() { defer near.Close(); _, _ = io.Copy(near, far) })
	g.pumps.Go(func() { defer far.Close(); _, _ = io.Copy(far, near) })
	_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
}

func proxyLogin(r *http.Request) (user, password string, ok bool) {
	r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
	return r.BasicAuth()
}

func (g *gate) listen(t *testing.T) (address string) {
	server := httptest.NewServer(g)
	t.Cleanup(func() { server.Close(); g.pumps.Wait() })
	return strings.TrimPrefix(server.URL, "http://")
}

// Events reach the broker through a proxy, with every scheme.
func TestThroughAProxy(t *testing.T) {
	certs := uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour))
	for _, scheme := range []string{"mqtt", "tls", "ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			opts := uplinktest.BrokerOptions{}
			if scheme == "tls" {
				opts = tlsBroker(certs)
			}
			broker := uplinktest.Mosquitto(t, opts)
			set := settings(broker.URL())
			set.CAFile = certs.CA
			switch scheme {
			case "ws":
				set.Broker = bridge(t, broker.URL(), nil)
			case "wss":
				set.Broker = bridge(t, broker.URL(), &certs)
			}
			g := &gate{login: "caja:se:creto"}
			set.Proxy = "http://caja:se%3Acreto@" + g.listen(t)
			st := openStore(t)
			emit(t, st, 10)
			start(t, set, st, newDesk())
			drained(t, st)
			if g.through.Load() == 0 {
				t.Error("nothing went through the proxy")
			}
		})
	}
}

// What a proxy refuses is said in words, without its password.
func TestProxyRefusals(t *testing.T) {
	tests := []struct {
		name         string
		gate         *gate
		want, advice string
	}{
		{"login", &gate{login: "a:b"}, "wants a user name", "user:password"},
		{"forbidden", &gate{refuse: http.StatusForbidden}, "does not let this terminal through", "CONNECT"},
		{"unreachable", &gate{}, "cannot reach the broker", "Check broker"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := settings("mqtt://" + uplinktest.FreeAddress(t)) // where nothing listens
			set.Proxy = "http://caja:secreto@" + test.gate.listen(t)
			u, _ := start(t, set, openStore(t), newDesk())
			eventually(t, "an error", nil, func() bool { return u.Status().LastError != "" })
			s := u.Status()
			if !strings.Contains(s.LastError, test.want) || !strings.Contains(s.Advice, test.advice) || strings.Contains(s.LastError, "secreto") {
				t.Errorf("%s. %s", s.LastError, s.Advice)
			}
		})
	}
	set := settings("mqtt://127.0.0.1:1")
	set.Proxy = "http://" + uplinktest.FreeAddress(t)
	u, _ := start(t, set, openStore(t), newDesk())
	eventually(t, "an error", nil, func() bool { return u.Status().LastError != "" })
	if s := u.Status(); !strings.Contains(s.LastError, "proxy") || s.Advice == "" {
		t.Errorf("a proxy that is not there: %s. %s", s.LastError, s.Advice)
	}
}
