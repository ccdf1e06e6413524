package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/spool/ticket"
	"mostrador/store"
)

// templateCommand writes a shipped template, for an installer to begin with.
func (a *app) templateCommand() *cobra.Command {
	var names []string
	for _, k := range ticket.Kinds() {
		names = append(names, string(k))
	}
	return &cobra.Command{
		Use: "template KIND", Short: "Write a shipped template, to begin your own with: " + strings.Join(names, ", "),
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := ticket.Shipped(store.TicketKind(args[0]))
			if err != nil {
				return &exitError{exitNotFound, err}
			}
			_, err = io.WriteString(a.stdout, text)
			return err
		},
	}
}
