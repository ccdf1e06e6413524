package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/uplink"
	"mostrador/agent/web"
	"mostrador/store"
)

// A withheldCall is what is asked about the events that are too large to go up.
type withheldCall struct{ export, discard, epoch string }

func (a *app) withheldCommand() *cobra.Command {
	var in withheldCall
	withheld := &cobra.Command{
		Use: "withheld", Short: "List, export or give up the events that are too large for the broker",
		Long: "List the events whose message is larger than [uplink] max_payload and that stay on this terminal.\n" +
			"--export writes them to a new file, one CloudEvents JSON to a line, as the very bytes that would go up.\n" +
			"--discard gives them up: they go up no more, and nobody is told of them. It needs --export, so that\n" +
			"nothing is given up without a copy, and only what is in that file is.",
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.withheld(c, in) },
	}
	withheld.Flags().StringVar(&in.export, "export", "", "write them to the new `FILE`; - is the standard output")
	withheld.Flags().StringVar(&in.discard, "discard", "", "give up `STREAM/SEQUENCE`, or all; needs --export FILE")
	withheld.Flags().StringVar(&in.epoch, "epoch", "", "the `EPOCH` of the sequence, where several have it")
	return withheld
}

// A withheldDone is what has become of them.
type withheldDone struct {
	File     string `json:"file"`
	Exported int    `json:"exported"`
	// Discarded were given up; Gone went up by themselves meanwhile, or are not
	// there any more.
	Discarded int `json:"discarded"`
	Gone      int `json:"gone"`
}

func (in withheldCall) check() error {
	switch {
	case in.discard != "" && (in.export == "" || in.export == "-"):
		return wrongUse("--discard gives events up for good: name a file for their copy with --export FILE")
	case in.epoch != "" && in.discard == "":
		return wrongUse("--epoch goes with --discard STREAM/SEQUENCE")
	}
	return nil
}

func (a *app) withheld(c *cobra.Command, in withheldCall) error {
	if err := in.check(); err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	held := []uplink.WithheldEvent{}
	if err := client.Get(c.Context(), "/v1/uplink/withheld", &held); err != nil {
		return exitOf(err)
	}
	if held, err = in.choose(held); err != nil {
		return err
	}
	if in.export == "-" {
		out := bufio.NewWriter(a.stdout)
		_, _, err := exportWithheld(c.Context(), client, held, out)
		return errors.Join(err, out.Flush())
	}
	if in.export == "" || len(held) == 0 {
		return a.show(held, func(w io.Writer) { a.writeWithheld(w, held) })
	}
	return a.takeOutWithheld(c.Context(), client, held, in)
}

// choose picks the events that are to be given up; all where none is named.
func (in withheldCall) choose(held []uplink.WithheldEvent) ([]uplink.WithheldEvent, error) {
	if in.discard == "" || in.discard == "all" {
		return held, nil
	}
	stream, number, _ := strings.Cut(in.discard, "/")
	sequence, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, wrongUse("--discard %q: write STREAM/SEQUENCE as mostrador uplink withheld lists them, for instance sales/120, or all", in.discard)
	}
	var chosen []uplink.WithheldEvent
	var epochs []string
	for _, x := range held {
		if x.Stream == store.Stream(stream) && x.Sequence == sequence && (in.epoch == "" || x.Epoch == in.epoch) {
			chosen, epochs = append(chosen, x), append(epochs, x.Epoch)
		}
	}
	switch {
	case len(chosen) == 0:
		return nil, &exitError{exitNotFound, fmt.Errorf("%s is not withheld (any more); mostrador uplink withheld lists what is", in.discard)}
	case len(chosen) > 1:
		return nil, wrongUse("several epochs have %s: add --epoch %s", in.discard, strings.Join(epochs, " or --epoch "))
	}
	return chosen, nil
}

// takeOutWithheld writes events to a new file and, where asked to, gives up
// those that stand in it.
func (a *app) takeOutWithheld(ctx context.Context, client *web.Client, held []uplink.WithheldEvent, in withheldCall) error {
	done := withheldDone{File: in.export}
	var safe []uplink.WithheldEvent
	err := writeNewFile(in.export, func(w io.Writer) (err error) {
		safe, done.Exported, err = exportWithheld(ctx, client, held, w)
		return err
	})
	if err != nil {
		return err
	}
	if in.discard != "" {
		if done.Discarded, err = discardWithheld(ctx, client, safe, in.export); err != nil {
			return exitOf(fmt.Errorf("%d of %d events were given up, their copy is in %s: %w", done.Discarded, len(held), in.export, err))
		}
		done.Gone = len(held) - done.Discarded
	}
	return a.show(done, func(w io.Writer) {
		fmt.Fprintf(w, "Copiados a %s: %d eventos.\n", printable(done.File), done.Exported)
		switch {
		case in.discard == "":
		case done.Gone > 0:
			fmt.Fprintf(w, "Ya no esperan para subir: %d. Mientras tanto subieron solos: %d.\n", done.Discarded, done.Gone)
		default:
			fmt.Fprintf(w, "Ya no esperan para subir: %d.\n", done.Discarded)
		}
	})
}

// exportWithheld writes events one to a line, but those that have gone up
// meanwhile, and tells which may be given up: those it has written, and those of
// which nothing is left to write.
func exportWithheld(ctx context.Context, client *web.Client, held []uplink.WithheldEvent, w io.Writer) (safe []uplink.WithheldEvent, n int, err error) {
	for _, x := range held {
		if x.ID == "" {
			safe = append(safe, x)
			continue
		}
		var of command.WithheldMessage
		switch err := client.Get(ctx, withheldPath(x), &of); {
		case errors.Is(err, command.ErrNotFound):
			continue
		case err != nil:
			return nil, n, exitOf(err)
		}
		if _, err := w.Write(append(of.Message, '\n')); err != nil {
			return nil, n, err
		}
		safe = append(safe, x)
		n++
	}
	return safe, n, nil
}

func discardWithheld(ctx context.Context, client *web.Client, safe []uplink.WithheldEvent, file string) (n int, err error) {
	if full, err := filepath.Abs(file); err == nil {
		file = full
	}
	for _, x := range safe {
		var out any
		switch err := client.Post(ctx, withheldPath(x)+"/discard", web.DiscardRequest{Copy: file, Who: whoami()}, &out); {
		case errors.Is(err, command.ErrNotFound): // it has gone up by itself
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	return n, nil
}

func withheldPath(x uplink.WithheldEvent) string {
	return fmt.Sprintf("/v1/uplink/withheld/%s/%d", x.Stream, x.Position)
}

func (a *app) writeWithheld(w io.Writer, held []uplink.WithheldEvent) {
	rows := make([]string, len(held))
	for i, x := range held {
		rows[i] = row(x.Stream, x.Sequence, orDash(x.ID), x.Type, x.Bytes, a.when(x.At.Wall))
	}
	table(w, "No hay eventos demasiado grandes para el corredor.", "FLUJO\tNÚMERO\tID\tTIPO\tBYTES\tDESDE", rows)
}
