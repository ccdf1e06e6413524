package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/uplink"
	"mostrador/agent/web"
	"mostrador/store"
)

func (a *app) uplinkCommand() *cobra.Command {
	line := &cobra.Command{Use: "uplink", Short: "The line to the cloud", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	line.AddCommand(&cobra.Command{
		Use: "status", Short: "Say how the line stands and what waits for it", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.showUplink(c) },
	})
	line.AddCommand(a.replayCommand(), a.flushCommand(), a.withheldCommand())
	return line
}

func (a *app) replayCommand() *cobra.Command {
	var in web.ReplayRequest
	replay := &cobra.Command{
		Use: "replay --stream NAME --from N", Short: "Send acknowledged events again, from a sequence on",
		Long: "Send the events of a stream again that were acknowledged already, from a sequence on, as the same bytes.\n" +
			"They go beside what is new. [buffer] keep_sent says how long they are kept for this.",
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.replay(c, in) },
	}
	replay.Flags().StringVar(&in.Stream, "stream", "", "`NAME` of the stream: sales, orders, tickets, timeline, requests, devices or results")
	replay.Flags().Uint64Var(&in.From, "from", 0, "the sequence `N` to begin with; 1 is the first")
	replay.Flags().StringVar(&in.Epoch, "epoch", "", "the `EPOCH` of the sequence; the present one where it is not given")
	return replay
}

func (a *app) replay(c *cobra.Command, in web.ReplayRequest) error {
	if in.Stream == "" || in.From == 0 {
		return wrongUse("replay needs --stream and --from; %s --help shows how", c.CommandPath())
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	in.Who = whoami()
	var out uplink.Replay
	if err := client.Post(c.Context(), "/v1/uplink/replay", in, &out); err != nil {
		return exitOf(err)
	}
	return a.show(out, func(w io.Writer) {
		fmt.Fprintf(w, "Se envían otra vez %d eventos de %s, desde el %d (época %s).\n", out.Count, out.Stream, out.From, out.Epoch)
		if out.Missing > 0 {
			fmt.Fprintf(w, "Los %d anteriores ya no se conservan ([buffer] keep_sent).\n", out.Missing)
		}
	})
}

// A cloudLine is the line as the commands know it.
type cloudLine struct {
	*uplink.Uplink
	shared shared
}

func (l cloudLine) State() any { return lineStatus{l.Status(), l.shared.status()} }

func (l cloudLine) Replay(stream, epoch string, from uint64, who string) (any, error) {
	r, err := l.Uplink.Replay(store.Stream(stream), epoch, from, who)
	if errors.Is(err, uplink.ErrNothing) {
		return nil, fmt.Errorf("%w: %w", command.ErrRefused, err)
	}
	return r, err
}

func (l cloudLine) Flush(through map[string]uint64) (any, error) {
	streams := make(map[store.Stream]uint64, len(through))
	for name, n := range through {
		streams[store.Stream(name)] = n
	}
	return l.Uplink.Flush(streams)
}

func (l cloudLine) Withheld() (any, error) { return l.Uplink.WithheldEvents() }

func (l cloudLine) WithheldMessage(stream string, position uint64) ([]byte, error) {
	message, err := l.Uplink.WithheldMessage(store.Stream(stream), position)
	return message, heldError(err)
}

func (l cloudLine) Discard(stream string, position uint64, copied, who string) error {
	return heldError(l.Uplink.Discard(store.Stream(stream), position, copied, who))
}

func heldError(err error) error {
	switch {
	case errors.Is(err, uplink.ErrNotWithheld):
		return fmt.Errorf("%w: %w", command.ErrNotFound, err)
	case errors.Is(err, uplink.ErrTooSoon):
		return fmt.Errorf("%w: %w", command.ErrRefused, err)
	}
	return err
}

func (l cloudLine) Renew() (any, error) {
	r, err := l.Uplink.Renew()
	if errors.Is(err, uplink.ErrNoRenewal) {
		return nil, fmt.Errorf("%w: %w", command.ErrRefused, err)
	}
	return r, err
}

func (a *app) showUplink(c *cobra.Command) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var s lineStatus
	if err := client.Get(c.Context(), "/v1/uplink", &s); err != nil {
		return exitOf(err)
	}
	return a.show(s, func(w io.Writer) {
		a.writeUplink(w, s.Status)
		if s.StoreOrders != nil {
			writeHolder(w, s.StoreOrders)
		}
	})
}

func (a *app) writeUplink(w io.Writer, s uplink.Status) {
	switch {
	case s.Broker == "":
		fmt.Fprintln(w, "Sin corredor configurado ([uplink] broker): todo queda en este terminal.")
	case s.Connected:
		fmt.Fprintf(w, "Conectado a %s desde %s\n", printable(s.Broker), a.when(s.Since))
	default:
		fmt.Fprintf(w, "Sin conexión con %s: %s\n", printable(s.Broker), printable(s.LastError))
		if s.Advice != "" {
			fmt.Fprintln(w, " ", printable(s.Advice))
		}
	}
	if r := s.Renewal; r != nil {
		fmt.Fprintf(w, "Certificado hasta el %s; se renueva solo desde el %s\n", a.when(r.Until), a.when(r.Due))
	}
	rows := make([]string, len(s.Waiting))
	for i, x := range s.Waiting {
		rows[i] = row(x.Stream, x.Count, orDash(a.when(x.Oldest)))
	}
	table(w, "No espera nada.", "FLUJO\tESPERAN\tDESDE", rows)
	writeRejected(w, s)
	for _, n := range s.Notices {
		fmt.Fprintln(w, "Aviso:", printable(n))
	}
}

// withheldAdvice is what to do about an event that is larger than max_payload.
const withheldAdvice = "Suba [uplink] max_payload si el corredor lo admite, o ponga batch = true: entonces sube solo. Para verlo o sacarlo: mostrador uplink withheld"

// writeRejected tells what the backend has refused, what still goes once more,
// and by how much the clock is wrong.
func writeRejected(w io.Writer, s uplink.Status) {
	for _, stream := range store.Streams() {
		if n := s.Rejected[stream]; n > 0 {
			fmt.Fprintf(w, "El sistema central rechazó %d de %s: vea mostrador events\n", n, stream)
		}
	}
	for _, x := range s.Withheld {
		fmt.Fprintf(w, "Demasiado grande para el corredor: %s %d (%s, %d bytes); queda aquí. %s\n", x.Stream, x.Sequence, x.Type, x.Bytes, withheldAdvice)
	}
	for _, r := range s.Replays {
		fmt.Fprintf(w, "Se envían otra vez: quedan %d de %s\n", r.Left, r.Stream)
	}
	if c := s.ServerClock; c != nil && c.Offset().Abs() > c.Within+time.Minute {
		fmt.Fprintf(w, "El reloj de este terminal está %v errado respecto del sistema central\n", c.Offset().Round(time.Second))
	}
}
