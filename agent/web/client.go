package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"mostrador/agent/command"
)

// ErrNotRunning: no daemon answers in that data folder.
var ErrNotRunning = errors.New("the agent is not running; start it with: mostrador service start, or mostrador run")

// A Client speaks with the running daemon of a data folder.
type Client struct {
	http *http.Client
	base string
	head http.Header
}

// NewClient makes a client for the daemon whose data folder this is.
func NewClient(dataDir string) (*Client, error) {
	if needsLoopback {
		return newLoopbackClient(dataDir)
	}
	socket := filepath.Join(dataDir, SocketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &Client{http: clientOver(dial), base: "http://mostrador"}, nil
}

func newLoopbackClient(dataDir string) (*Client, error) {
	a, err := readAccess(dataDir)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNotRunning, err)
	}
	return &Client{
		http: clientOver(new(net.Dialer).DialContext),
		base: "http://" + a.Address,
		head: http.Header{"Authorization": {"Bearer " + a.Token}},
	}, nil
}

func clientOver(dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	return &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
	}
}

// Get fetches a path of the API into out.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

// Post sends in to a path of the API and reads the answer into out.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, bytes.NewReader(body), out)
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader, out any) error {
	resp, err := c.ask(ctx, c.http, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

// ask sends one request; the answer's body is the caller's to close.
func (c *Client) ask(ctx context.Context, over *http.Client, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	for k, v := range c.head {
		req.Header[k] = v
	}
	resp, err := over.Do(req)
	if err != nil {
		return nil, notRunning(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, problemOf(resp)
	}
	return resp, nil
}

// notRunning tells a daemon that is not there from one that cannot be reached.
func notRunning(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w (%w)", ErrNotRunning, op.Err)
	}
	return err
}

// problemOf makes the daemon's refusal an error of the same meaning here.
func problemOf(resp *http.Response) error {
	var p problem
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&p); err != nil || p.Error == "" {
		p.Error = "the agent answered " + resp.Status
	}
	switch resp.StatusCode {
	case http.StatusNotFound:
		return &refusal{p.Error, command.ErrNotFound}
	case http.StatusBadRequest:
		return &refusal{p.Error, command.ErrWrong}
	case http.StatusConflict:
		return &refusal{p.Error, command.ErrRefused}
	}
	return errors.New(p.Error)
}

// A refusal has the daemon's words and a meaning of package command.
type refusal struct {
	text    string
	meaning error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.meaning }
