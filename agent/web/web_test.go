package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever lacks the token, comes from another page, or was sent here by
// another name, gets nothing.
func TestGuardTCP(t *testing.T) {
	reached := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "reached") })
	const address, token = "127.0.0.1:7080", "0123456789abcdef"
	guarded := guardTCP(access{Address: address, Token: token}, reached)
	tests := []struct {
		name, host, origin, auth string
		want                     int
	}{
		{"right", address, "", "Bearer " + token, 200},
		{"own page", address, "http://" + address, "Bearer " + token, 200},
		{"no token", address, "", "", 401},
		{"wrong token", address, "", "Bearer " + strings.Repeat("0", len(token)), 401},
		{"another site's page", address, "https://evil.example", "Bearer " + token, 403},
		{"a sandboxed page", address, "null", "Bearer " + token, 403},
		{"DNS rebinding", "evil.example:7080", "", "Bearer " + token, 421},
		{"another name of loopback", "localhost:7080", "", "Bearer " + token, 421},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/v1/orders", nil)
			r.Host = tt.host
			r.Header.Set("Origin", tt.origin)
			if tt.origin == "" {
				r.Header.Del("Origin")
			}
			r.Header.Set("Authorization", tt.auth)
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d: %s", w.Code, tt.want, w.Body)
			}
			if got := strings.Contains(w.Body.String(), "reached"); got != (tt.want == 200) {
				t.Errorf("the handler was reached: %v", got)
			}
		})
	}
}

func TestSocketReplacesThatOfADeadDaemon(t *testing.T) {
	name := filepath.Join(t.TempDir(), SocketName)
	dead, err := listenUnix(name)
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	alive, err := listenUnix(name)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o660 {
		t.Errorf("the socket's mode is %o, want 660", mode)
	}
}
