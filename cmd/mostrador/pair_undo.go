package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"mostrador/agent/config"
)

// An undonePairing is what --undo answers with --json.
type undonePairing struct {
	Config   string `json:"config"`
	Broker   string `json:"broker,omitempty"`
	Store    string `json:"store"`
	Terminal string `json:"terminal"`
	// Connected: an agent that runs has connected with it; false also where none
	// runs.
	Connected bool `json:"connected"`
}

// undo puts the configuration of before the pairing in place again, and has an
// agent that runs start with it. The credentials stay in the data folder, so
// that the same code brings them back.
func (p *pairCall) undo(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return wrongUse("--undo needs no code")
	}
	before := p.lineStatus(ctx)
	switch err := config.TakeBack(p.configPath); {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is nothing to undo: no configuration of before a pairing stands beside %s", p.configPath)
	case err != nil:
		return p.failed(err)
	}
	conf, err := p.loadConfig()
	if err != nil {
		return err
	}
	out := undonePairing{Config: p.configPath, Broker: conf.Uplink.Broker, Store: conf.Terminal.Store, Terminal: conf.Terminal.ID}
	if before != nil {
		if err := p.restart(ctx); err != nil {
			return fmt.Errorf("the configuration of before is in place again, and the agent that runs does not start by itself: mostrador service restart: %w", err)
		}
		fmt.Fprintln(p.stderr, "Conectando…")
		s := p.awaitLine(ctx, out.Broker, before.Since)
		out.Connected = s != nil && s.Connected
	}
	if err := p.show(out, func(w io.Writer) { writeUndone(w, out) }); err != nil {
		return err
	}
	if before != nil && !out.Connected && out.Broker != "" {
		return errors.New("the configuration of before is in place again, and the terminal is not connected with it yet: mostrador uplink status tells why")
	}
	return nil
}

func writeUndone(w io.Writer, out undonePairing) {
	fmt.Fprintf(w, "Se deshizo el emparejamiento: este terminal es otra vez %s del local %s.\n", out.Terminal, out.Store)
	if out.Connected {
		fmt.Fprintf(w, "Conectado a %s\n", printable(out.Broker))
	}
}
