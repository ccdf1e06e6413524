package ticket

import (
	"fmt"
	"slices"

	"mostrador/printer/receipt"
	"mostrador/store"
)

// Kinds are the kinds of tickets that have a template.
func Kinds() []store.TicketKind { return kinds() }

// Shipped is the template of a kind as it ships, for an installer to begin with.
func Shipped(kind store.TicketKind) (string, error) {
	if !slices.Contains(kinds(), kind) {
		return "", fmt.Errorf("there is no kind of ticket %q: there are %v", kind, kinds())
	}
	return shippedText(string(kind))
}

// Preview fills a template of a kind with an example, so that an installer sees
// what it prints. The shared blocks are the shipped ones.
func Preview(s Settings, kind store.TicketKind, template, paper string) (receipt.Document, error) {
	if _, err := Shipped(kind); err != nil {
		return receipt.Document{}, err
	}
	r, err := New(s)
	if err != nil {
		return receipt.Document{}, err
	}
	parts, err := shippedText(partsName)
	if err != nil {
		return receipt.Document{}, err
	}
	t, err := compile(string(kind), template, parts)
	if err != nil {
		return receipt.Document{}, err
	}
	in := examples(kind)[0]
	in.Job.Marks, in.Job.Copy, in.Job.Follows, in.Paper, in.Printer.Paper = nil, 1, 0, paper, paper
	view, err := r.view(in)
	if err != nil {
		return receipt.Document{}, err
	}
	return t.Execute(view)
}
