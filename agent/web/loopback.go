package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// An access is what a client needs to reach the API over loopback. It lies in
// the data folder, readable by the owner only.
type access struct {
	Address string `json:"address"` // 127.0.0.1:port
	Token   string `json:"token"`
}

func (s *Server) listenLoopback() (net.Listener, http.Handler, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		listener.Close()
		return nil, nil, err
	}
	a := access{Address: listener.Addr().String(), Token: hex.EncodeToString(secret)}
	if err := a.write(s.dataDir); err != nil {
		listener.Close()
		return nil, nil, err
	}
	return listener, guardTCP(a, s.api()), nil
}

func (a access) write(dir string) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, TokenName)
	if err := os.WriteFile(name+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

func readAccess(dir string) (a access, err error) {
	b, err := os.ReadFile(filepath.Join(dir, TokenName))
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%s: %w", TokenName, err)
	}
	return a, nil
}

// guardTCP lets through only who can read the token file. Any web page open in
// a browser of this machine can send requests to loopback: its Host (DNS
// rebinding) and its Origin give it away.
func guardTCP(a access, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case r.Host != a.Address:
			fail(w, http.StatusMisdirectedRequest, fmt.Sprintf("this is not %q", r.Host))
		case r.Header.Get("Origin") != "" && r.Header.Get("Origin") != "http://"+a.Address:
			fail(w, http.StatusForbidden, "pages of other sites may not speak with the agent")
		case subtle.ConstantTimeCompare([]byte(token), []byte(a.Token)) != 1:
			fail(w, http.StatusUnauthorized, "the token of "+TokenName+" is missing or old")
		default:
			next.ServeHTTP(w, r)
		}
	})
}
