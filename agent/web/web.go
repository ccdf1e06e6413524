// Package web is the agent's local API: JSON over a unix socket in the data
// folder, or over loopback with a token where there are no unix sockets to
// trust (Windows). The counter's page will be served from here too.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"mostrador/agent/command"
)

// SocketName and TokenName are the files of the local API in the data folder.
const (
	SocketName = "mostrador.sock"
	TokenName  = "api-token.json"
)

// A Server serves the local API.
type Server struct {
	commands *command.Commands
	dataDir  string
	log      *slog.Logger
	// loopback: listen on 127.0.0.1 with a token instead of a unix socket.
	loopback bool
}

// New makes a server for the data folder; Run starts it.
func New(c *command.Commands, dataDir string, log *slog.Logger) *Server {
	return &Server{commands: c, dataDir: dataDir, log: log, loopback: needsLoopback}
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	listener, handler, err := s.listen()
	if err != nil {
		return fmt.Errorf("local API: %w", err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("local API: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ctx.Err()
}

func (s *Server) listen() (net.Listener, http.Handler, error) {
	if s.loopback {
		return s.listenLoopback()
	}
	listener, err := listenUnix(filepath.Join(s.dataDir, SocketName))
	return listener, s.api(), err
}

// listenUnix takes over the socket of a daemon that died; one that lives keeps
// the store locked, so that this is never reached beside it.
func listenUnix(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}
