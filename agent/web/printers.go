package web

import (
	"fmt"
	"net/http"
	"time"

	"mostrador/agent/command"
)

func (s *Server) actOnPrinter(r *http.Request) (any, error) {
	var in ActionRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	c, name := s.commands, r.PathValue("name")
	switch action := r.PathValue("action"); action {
	case "pause":
		return c.Pause(name, in.Reason, in.Who)
	case "resume":
		return c.Resume(name, in.Who)
	case "move":
		return c.Move(name, in.To, in.Who)
	case "test":
		return c.TestPrint(name, in.Who)
	case "forget":
		return c.Forget(name, in.Who)
	case "drawer":
		return c.OpenDrawer(r.Context(), name, in.Reason, in.Who)
	default:
		return nil, fmt.Errorf("%w: a printer knows no %q", command.ErrNotFound, action)
	}
}

// report is the balance of ?from= until ?to=, in RFC 3339; without them, of the
// business day until now.
func (s *Server) report(r *http.Request) (any, error) {
	from, err := timeOf(r.FormValue("from"))
	if err != nil {
		return nil, err
	}
	to, err := timeOf(r.FormValue("to"))
	if err != nil {
		return nil, err
	}
	return s.commands.Report(from, to)
}

func timeOf(text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.RFC3339, text); err != nil {
		return t, fmt.Errorf("%w: %q is not a time such as 2026-03-02T18:00:00-05:00", command.ErrWrong, text)
	}
	return t, nil
}

// ReportRequest asks for the balance on paper.
type ReportRequest struct {
	Printer string    `json:"printer"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Who     string    `json:"who"`
}

func (s *Server) printReport(r *http.Request) (any, error) {
	var in ReportRequest
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	return s.commands.PrintReport(in.Printer, in.From, in.To, in.Who)
}
