package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/web"
	"mostrador/store"
)

func (a *app) reportCommand() *cobra.Command {
	from, to, printer := "", "", ""
	cmd := &cobra.Command{
		Use: "report", Short: "Balance the tickets of a business day: what was asked for, and what became of each", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := a.client()
			if err != nil {
				return err
			}
			in := web.ReportRequest{Printer: printer, Who: whoami()}
			if in.From, err = a.timeFlag("from", from); err != nil {
				return err
			}
			if in.To, err = a.timeFlag("to", to); err != nil {
				return err
			}
			if printer != "" {
				var j store.Job
				if err := client.Post(c.Context(), "/v1/report", in, &j); err != nil {
					return exitOf(err)
				}
				return a.show(&j, func(w io.Writer) { writeTicket(w, &j) })
			}
			var r command.Report
			if err := client.Get(c.Context(), "/v1/report?"+span(in.From, in.To), &r); err != nil {
				return exitOf(err)
			}
			return a.show(r, func(w io.Writer) { a.writeReport(w, r.Words) })
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "from this `TIME` on, such as 2026-03-02T18:00; the start of the business day by default")
	cmd.Flags().StringVar(&to, "to", "", "until before this `TIME`; now by default")
	cmd.Flags().StringVar(&printer, "print", "", "print it on this `PRINTER`")
	return cmd
}

// timeFlag reads a time by the terminal's own clock.
func (a *app) timeFlag(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, a.terminal.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrongUse("--%s %q is not a time: write one such as 2026-03-02T18:00", name, text)
}

func span(from, to time.Time) string {
	q := url.Values{}
	if !from.IsZero() {
		q.Set("from", from.Format(time.RFC3339Nano))
	}
	if !to.IsZero() {
		q.Set("to", to.Format(time.RFC3339Nano))
	}
	return q.Encode()
}

// reportWidth is where a report's figures end.
const reportWidth = 64

func (a *app) writeReport(w io.Writer, r store.Report) {
	fmt.Fprintf(w, "%s, %s a %s\n", r.Title, a.when(r.From), a.when(r.To))
	for _, part := range r.Parts {
		fmt.Fprintln(w)
		if part.Title != "" {
			fmt.Fprintln(w, printable(part.Title))
		}
		for _, l := range part.Lines {
			name := strings.ReplaceAll(printable(l.Name), "\u00a0", " ")
			if l.Under {
				name = "  " + name
			}
			if l.Count == "" {
				fmt.Fprintln(w, name)
				continue
			}
			fmt.Fprintf(w, "%s %*s\n", name, max(reportWidth-utf8.RuneCountInString(name), len(l.Count)), l.Count)
		}
	}
}
