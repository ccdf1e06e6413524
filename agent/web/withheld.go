package web

import (
	"fmt"
	"net/http"
	"strconv"

	"mostrador/agent/command"
)

// DiscardRequest gives an event up that is too large to go up.
type DiscardRequest struct {
	// Copy is where a copy of it is, and Who gives it up, for the log.
	Copy string `json:"copy"`
	Who  string `json:"who"`
}

// withheld adds the routes of the events that are too large to go up.
func (s *Server) withheld(mux *http.ServeMux) {
	c := s.commands
	answer(mux, "GET /v1/uplink/withheld", func(*http.Request) (any, error) { return c.Withheld() })
	answer(mux, "GET /v1/uplink/withheld/{stream}/{position}", func(r *http.Request) (any, error) {
		position, err := positionOf(r)
		if err != nil {
			return nil, err
		}
		return c.WithheldMessage(r.PathValue("stream"), position)
	})
	asked(mux, "POST /v1/uplink/withheld/{stream}/{position}/discard", func(r *http.Request, in DiscardRequest) (any, error) {
		position, err := positionOf(r)
		if err != nil {
			return nil, err
		}
		return c.Discard(r.PathValue("stream"), position, in.Copy, in.Who)
	})
}

// positionOf is the {position} of an event in its stream.
func positionOf(r *http.Request) (uint64, error) {
	position, err := strconv.ParseUint(r.PathValue("position"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: position %q is not a number", command.ErrWrong, r.PathValue("position"))
	}
	return position, nil
}
