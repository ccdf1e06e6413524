package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/web"
)

// client reaches the daemon that runs by this configuration.
func (a *app) client() (*web.Client, error) {
	cfg, err := a.parseConfig()
	if err != nil {
		return nil, err
	}
	a.terminal = cfg.Terminal
	c, err := web.NewClient(cfg.Terminal.DataDir)
	return c, exitOf(err)
}

// exitOf gives what the daemon answered its exit code.
func exitOf(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission):
		return notAllowed(err)
	case errors.Is(err, web.ErrNotRunning):
		return &exitError{exitNotRunning, err}
	case errors.Is(err, command.ErrNotFound):
		return &exitError{exitNotFound, err}
	case errors.Is(err, command.ErrWrong):
		return &exitError{exitWrongUse, err}
	}
	return err
}

// notAllowed says how a person may do what the system has just refused.
func notAllowed(err error) error {
	if runtime.GOOS == "windows" {
		return fmt.Errorf("%w: try it as an administrator", err)
	}
	return fmt.Errorf("%w: try it with sudo, or as a member of the group %s", err, serviceName)
}

// show writes what a verb has to say: as JSON when asked, else as text.
func (a *app) show(v any, text func(io.Writer)) error {
	if !a.json {
		text(a.stdout)
		return nil
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// table writes rows under a head, in columns; empty is said where there is none.
func table(w io.Writer, empty, head string, rows []string) {
	if len(rows) == 0 {
		fmt.Fprintln(w, empty)
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	for _, row := range rows {
		fmt.Fprintln(t, row)
	}
	t.Flush()
}

// row joins cells for table. Text from outside cannot move the terminal's
// cursor or break the columns.
func row(cells ...any) string {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = printable(fmt.Sprint(c))
	}
	return strings.Join(texts, "\t")
}

// printable replaces everything that is not a plain character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

// short cuts a text for a column.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// whoami names the person at the keyboard, for the log.
func whoami() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "terminal"
}

// A page is the part of a listing that a person asks for.
type page struct {
	limit  int
	before uint64
}

// flags adds the flags of a listing.
func (p *page) flags(c *cobra.Command) {
	p.limit = 50
	c.Flags().IntVarP(&p.limit, "limit", "n", p.limit, fmt.Sprintf("how many, at most %d", command.MaxList))
	c.Flags().Uint64Var(&p.before, "before", 0, "only those before this `NUMBER` on this terminal")
}

// query is the page as the local API has it, with further parameters.
func (p *page) query(more url.Values) string {
	q := url.Values{"limit": {strconv.Itoa(p.limit)}}
	if p.before != 0 {
		q.Set("before", strconv.FormatUint(p.before, 10))
	}
	for k, v := range more {
		q[k] = v
	}
	return "?" + q.Encode()
}
