package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"mostrador/agent/command"
	"mostrador/store"
)

// maxBody bounds a request, in bytes.
const maxBody = 256 << 10

// api is the routes of the local API, version 1.
func (s *Server) api() http.Handler {
	c := s.commands
	mux := http.NewServeMux()
	answer(mux, "GET /v1/about", func(*http.Request) (any, error) { return c.About(), nil })
	answer(mux, "GET /v1/health", func(*http.Request) (any, error) { return c.Health(), nil })
	answer(mux, "GET /v1/doctor", func(*http.Request) (any, error) { return c.Doctor(), nil })
	answer(mux, "GET /v1/doctor/bundle", func(r *http.Request) (any, error) { return c.Bundle(r.Context()) })
	answer(mux, "GET /v1/uplink", func(*http.Request) (any, error) { return c.Uplink(), nil })
	asked(mux, "POST /v1/uplink/replay", func(_ *http.Request, in ReplayRequest) (any, error) {
		return c.Replay(in.Stream, in.Epoch, in.From, in.Who)
	})
	mux.HandleFunc("POST /v1/pair", s.pair)
	answer(mux, "POST /v1/uplink/renew", func(*http.Request) (any, error) { return c.Renew() })
	asked(mux, "POST /v1/restart", func(_ *http.Request, in ActionRequest) (any, error) { return c.Restart(in.Who) })
	asked(mux, "POST /v1/uplink/flush", func(_ *http.Request, in FlushRequest) (any, error) { return c.Flush(in.Through) })
	s.withheld(mux)
	listed(mux, "GET /v1/orders", func(_ *http.Request, page command.Page) (any, error) { return c.Orders(page) })
	answer(mux, "GET /v1/orders/{name}", func(r *http.Request) (any, error) { return c.Order(r.PathValue("name")) })
	answer(mux, "POST /v1/orders/{name}/{action}", s.actOnOrder)
	listed(mux, "GET /v1/tickets", func(r *http.Request, page command.Page) (any, error) {
		return c.Tickets(store.JobState(r.FormValue("state")), page)
	})
	answer(mux, "GET /v1/tickets/{name}", func(r *http.Request) (any, error) { return c.Ticket(r.PathValue("name")) })
	answer(mux, "POST /v1/tickets/{name}/{action}", s.actOnTicket)
	answer(mux, "GET /v1/printers", func(*http.Request) (any, error) { return c.Printers(), nil })
	answer(mux, "GET /v1/printers/{name}", func(r *http.Request) (any, error) { return c.Printer(r.PathValue("name")) })
	answer(mux, "POST /v1/printers/{name}/{action}", s.actOnPrinter)
	answer(mux, "GET /v1/devices", func(*http.Request) (any, error) { return c.Devices(), nil })
	answer(mux, "GET /v1/devices/{name}", func(r *http.Request) (any, error) { return c.Device(r.Context(), r.PathValue("name")) })
	mux.HandleFunc("GET /v1/devices/stream", s.streamDevices)
	answer(mux, "GET /v1/report", s.report)
	answer(mux, "POST /v1/report", s.printReport)
	listed(mux, "GET /v1/sales", func(_ *http.Request, page command.Page) (any, error) { return c.Sales(page) })
	listed(mux, "GET /v1/unread", func(r *http.Request, page command.Page) (any, error) {
		return c.Unread(r.FormValue("all") == "true", page)
	})
	answer(mux, "GET /v1/unread/{name}", func(r *http.Request) (any, error) { return c.UnreadReceipt(r.PathValue("name")) })
	asked(mux, "POST /v1/unread/{name}/dismiss", func(r *http.Request, in ActionRequest) (any, error) { return c.Dismiss(r.PathValue("name"), in.Who) })
	listed(mux, "GET /v1/events", func(_ *http.Request, page command.Page) (any, error) { return c.Events(page) })
	mux.HandleFunc("GET /v1/events/stream", s.streamEvents)
	asked(mux, "POST /v1/print", func(_ *http.Request, in PrintRequest) (any, error) { return c.Print(in.Printer, in.Markup) })
	return mux
}

// PrintRequest asks for a document on a printer.
type PrintRequest struct {
	Printer string `json:"printer"`
	Markup  string `json:"markup"`
}

// ReplayRequest asks for events to be sent again.
type ReplayRequest struct {
	Stream string `json:"stream"`
	// Epoch is the present one where it is empty; From is a sequence of it.
	Epoch string `json:"epoch,omitempty"`
	From  uint64 `json:"from"`
	// Who asks, for the log.
	Who string `json:"who"`
}

// FlushRequest asks what is left of the events up to some positions by stream,
// as the first answer named them; without any, of those that wait now.
type FlushRequest struct {
	Through map[string]uint64 `json:"through,omitempty"`
}

// ActionRequest goes with an action on an order or a ticket.
type ActionRequest struct {
	// Who did it, for the log.
	Who string `json:"who"`
	// Reason of a rejection, a pause or an opened drawer.
	Reason string `json:"reason,omitempty"`
	// To is the printer that tickets move to.
	To string `json:"to,omitempty"`
	// Printed is what a person saw (settle).
	Printed bool `json:"printed,omitempty"`
}

func (s *Server) actOnOrder(r *http.Request) (any, error) {
	var in ActionRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	switch action := r.PathValue("action"); action {
	case "accept":
		return s.commands.Accept(name, in.Who)
	case "reject":
		return s.commands.Reject(name, in.Reason, in.Who)
	case "release":
		return s.commands.Release(name, in.Who)
	case "ready":
		return s.commands.Ready(name, in.Who)
	case "dispatch":
		return s.commands.Dispatch(name, in.Who)
	case "precheck":
		return s.commands.Precheck(name, in.Who)
	case "reprint":
		return s.commands.ReprintOrder(name, in.Who)
	default:
		return nil, fmt.Errorf("%w: an order knows no %q", command.ErrNotFound, action)
	}
}

func (s *Server) actOnTicket(r *http.Request) (any, error) {
	var in ActionRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	switch action := r.PathValue("action"); action {
	case "retry":
		return s.commands.Retry(name, in.Who)
	case "reprint":
		return s.commands.Reprint(name, in.Who)
	case "settle":
		return s.commands.Settle(name, in.Printed, in.Who)
	case "cancel":
		return s.commands.Cancel(name, in.Who)
	default:
		return nil, fmt.Errorf("%w: a ticket knows no %q", command.ErrNotFound, action)
	}
}

// pageOf reads ?limit= and ?before= of a listing.
func pageOf(r *http.Request) (p command.Page, err error) {
	if text := r.FormValue("limit"); text != "" {
		if p.Limit, err = strconv.Atoi(text); err != nil {
			return p, fmt.Errorf("%w: limit %q is not a number", command.ErrWrong, text)
		}
	}
	if text := r.FormValue("before"); text != "" {
		if p.Before, err = strconv.ParseUint(text, 10, 64); err != nil {
			return p, fmt.Errorf("%w: before %q is not a number", command.ErrWrong, text)
		}
	}
	return p, nil
}

func decode(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", command.ErrWrong, err)
	}
	return nil
}

// answer adds a route that answers in JSON.
func answer(mux *http.ServeMux, pattern string, do func(*http.Request) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		out, err := do(r)
		if err != nil {
			fail(w, statusOf(err), err.Error())
			return
		}
		write(w, http.StatusOK, out)
	})
}

// listed is answer for a list, of which a request asks for a page.
func listed(mux *http.ServeMux, pattern string, do func(*http.Request, command.Page) (any, error)) {
	answer(mux, pattern, func(r *http.Request) (any, error) {
		page, err := pageOf(r)
		if err != nil {
			return nil, err
		}
		return do(r, page)
	})
}

// asked is answer for a request with a body.
func asked[Body any](mux *http.ServeMux, pattern string, do func(*http.Request, Body) (any, error)) {
	answer(mux, pattern, func(r *http.Request) (any, error) {
		var in Body
		if err := decode(r, &in); err != nil {
			return nil, err
		}
		return do(r, in)
	})
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, command.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, command.ErrWrong):
		return http.StatusBadRequest
	case errors.Is(err, command.ErrRefused):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// A problem is the body of every answer that is not 200.
type problem struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, status int, text string) { write(w, status, problem{text}) }

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
