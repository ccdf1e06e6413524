package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mostrador/agent/command"
	"mostrador/store"
)

// streamEvents sends the transaction log as server-sent events (the HTML
// standard's text/event-stream) for as long as somebody listens: what comes
// from now on, or all after ?after= or the Last-Event-ID of a client that was
// cut off. An event's id is the entry's number.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	after, err := s.eventsFrom(r)
	if err != nil {
		fail(w, statusOf(err), err.Error())
		return
	}
	out, err := openStream(w)
	if err != nil {
		return
	}
	// It ends with the listener or the agent; nobody is left to hear why.
	_ = s.commands.Follow(r.Context(), after, func(e *store.Entry) error {
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", e.Seq, data); err != nil {
			return err
		}
		return out.Flush()
	})
}

// openStream begins an answer that does not end by itself.
func openStream(w http.ResponseWriter) (*http.ResponseController, error) {
	out := http.NewResponseController(w)
	// The server's own limits are for requests that end.
	_, _ = out.SetReadDeadline(time.Time{}), out.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	return out, out.Flush()
}

func (s *Server) eventsFrom(r *http.Request) (uint64, error) {
	text := r.FormValue("after")
	if text == "" {
		text = r.Header.Get("Last-Event-ID")
	}
	if text == "" {
		return s.commands.LastEvent()
	}
	after, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: after %q is not a number", command.ErrWrong, text)
	}
	return after, nil
}

// Events tells each entry of the log as it comes: from the one after number
// after, or from now on where that is nil. It ends with ctx, with an error of
// tell, or when the agent is gone.
func (c *Client) Events(ctx context.Context, after *uint64, tell func(store.Entry) error) error {
	path := "/v1/events/stream"
	if after != nil {
		path += "?after=" + strconv.FormatUint(*after, 10)
	}
	return stream(ctx, c, path, tell)
}

// stream tells each event of a stream, until ctx ends, tell fails, or the agent
// is gone.
func stream[T any](ctx context.Context, c *Client, path string, tell func(T) error) error {
	resp, err := c.ask(ctx, &http.Client{Transport: c.http.Transport}, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e T
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return fmt.Errorf("an event of the agent: %w", err)
		}
		if err := tell(e); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(ErrNotRunning, lines.Err())
}
