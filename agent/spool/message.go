package spool

import (
	"strings"

	"mostrador/printer/receipt"
	"mostrador/store"
)

// Tell queues a message for staff on one printer: plain text, of which no byte
// is a command or markup.
func (s *Spool) Tell(printer, from, text string) (*store.Job, error) {
	markup := "{text:words}\n^^`" + " MENSAJE " + "`\n\n"
	for line := range strings.Lines(text) {
		markup += receipt.Escape(strings.TrimRight(line, "\r\n")) + "\n"
	}
	if !strings.HasSuffix(markup, "\n\n") {
		markup += "\n"
	}
	return s.ask(&store.Job{Kind: store.ReportTicket, Printer: printer, By: from, Markup: markup + "\"" + receipt.Escape(from) + "\"\n="})
}
