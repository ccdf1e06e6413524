package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"mostrador/agent/device"
)

// streamDevices sends how the POS devices are as server-sent events, one for
// each device and again whenever one changes: what a scale weighs, what a
// scanner read, what a display shows. Where a reader is slow, it gets the last.
func (s *Server) streamDevices(w http.ResponseWriter, r *http.Request) {
	out, err := openStream(w)
	if err != nil {
		return
	}
	// It ends with the listener or the agent; nobody is left to hear why.
	_ = s.commands.FollowDevices(r.Context(), func(d device.Status) error {
		data, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
			return err
		}
		return out.Flush()
	})
}

// Devices tells how each POS device is, and again each that changes, until ctx
// ends, tell fails, or the agent is gone.
func (c *Client) Devices(ctx context.Context, tell func(device.Status) error) error {
	return stream(ctx, c, "/v1/devices/stream", tell)
}
