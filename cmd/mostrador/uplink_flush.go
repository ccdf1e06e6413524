package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/uplink"
	"mostrador/agent/web"
	"mostrador/store"
)

// flushLook is how often flush asks how far things are.
const flushLook = 250 * time.Millisecond

func (a *app) flushCommand() *cobra.Command {
	var timeout time.Duration
	flush := &cobra.Command{
		Use: "flush", Short: "Wait until everything that waits now has gone up and is acknowledged",
		Long: "Wait until everything that waits for the cloud now is acknowledged, by the broker or the backend as\n" +
			"[uplink] acknowledged_by says, for instance before the terminal is taken away. A connection that would be\n" +
			"tried later is tried at once. What comes in the meantime is not waited for. Nothing is lost when the time\n" +
			"runs out (exit code 1): what is left goes up by itself.",
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.flush(c, timeout) },
	}
	flush.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "how long to wait at most")
	return flush
}

// A flushed is what flush has to say at its end.
type flushed struct {
	uplink.Flush
	// Waited is how many events there were to wait for.
	Waited uint64 `json:"waited"`
}

func (a *app) flush(c *cobra.Command, timeout time.Duration) error {
	if timeout <= 0 {
		return wrongUse("--timeout %v leaves no time; use 30s or 5m", timeout)
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), timeout)
	defer cancel()
	progress := func(string) {}
	if !a.json {
		progress = a.progressLine()
	}
	out, err := waitFlushed(ctx, client, progress)
	progress("")
	if err != nil {
		return err
	}
	if shown := a.show(out, func(w io.Writer) {
		switch {
		case out.Waited == 0:
			fmt.Fprintln(w, "No espera nada.")
		case out.Left == 0:
			fmt.Fprintf(w, "Todo subió: %d eventos.\n", out.Waited)
		default:
			fmt.Fprintf(w, "Subieron %d de %d eventos.\n", out.Waited-out.Left, out.Waited)
		}
	}); shown != nil || out.Left == 0 {
		return shown
	}
	return unflushed(out, timeout)
}

// waitFlushed asks until nothing is left, there is nobody to go to, or the time
// is over.
func waitFlushed(ctx context.Context, client *web.Client, progress func(string)) (out flushed, err error) {
	tick := time.NewTicker(flushLook)
	defer tick.Stop()
	var through map[store.Stream]uint64
	told := uint64(0)
	for {
		var now uplink.Flush
		switch err := client.Post(ctx, "/v1/uplink/flush", web.FlushRequest{Through: streamNames(through)}, &now); {
		case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && through != nil:
			return out, nil
		case err != nil:
			return out, exitOf(err)
		}
		if through == nil {
			through, out.Waited = now.Through, now.Left
		}
		out.Flush = now
		if now.Left == 0 || now.Broker == "" {
			return out, nil
		}
		if now.Left != told {
			progress(fmt.Sprintf("Quedan %d de %d eventos", now.Left, out.Waited))
			told = now.Left
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return out, nil
			}
			return out, ctx.Err()
		}
	}
}

// unflushed says what is left, why, and what to do.
func unflushed(out flushed, timeout time.Duration) error {
	var left []string
	for _, s := range store.Streams() {
		if n := out.Waiting[s]; n > 0 {
			left = append(left, fmt.Sprintf("%d of %s", n, s))
		}
	}
	what := strings.Join(left, ", ") + " still wait"
	switch {
	case out.Broker == "":
		return fmt.Errorf("%s: there is no broker to go to; set broker in [uplink]", what)
	case !out.Connected:
		return fmt.Errorf("%s after %v: no connection to %s: %s. %s They stay on this terminal and go up by themselves",
			what, timeout, out.Broker, out.LastError, out.Advice)
	}
	return fmt.Errorf("%s after %v, although the line is up; give it more time with --timeout, or look at mostrador uplink status", what, timeout)
}

// streamNames are streams as the local API has them.
func streamNames(through map[store.Stream]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(through))
	for s, n := range through {
		out[string(s)] = n
	}
	return out
}
