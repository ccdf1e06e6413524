package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"mostrador/agent/command"
)

// pair turns a code into credentials, which may take minutes.
func (s *Server) pair(w http.ResponseWriter, r *http.Request) {
	var in command.PairRequest
	if err := decode(r, &in); err != nil {
		fail(w, statusOf(err), err.Error())
		return
	}
	// The server's own limit is for requests that are answered at once.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	out, err := s.commands.Pair(r.Context(), in)
	if err != nil {
		fail(w, statusOf(err), err.Error())
		return
	}
	write(w, http.StatusOK, out)
}

// Pair has the daemon turn a code into its own credentials; ctx bounds it.
func (c *Client) Pair(ctx context.Context, in command.PairRequest) (*command.Paired, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	resp, err := c.ask(ctx, &http.Client{Transport: c.http.Transport}, http.MethodPost, "/v1/pair", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out := &command.Paired{}
	return out, json.NewDecoder(resp.Body).Decode(out)
}
