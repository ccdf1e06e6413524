package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/uplink/fleet"
)

func (a *app) fleetSimCommand() *cobra.Command {
	var set fleet.Settings
	var list bool
	var accounts int
	var backend fleet.Account
	var passwordFile, backendPasswordFile string
	c := &cobra.Command{
		Use: "fleet-sim", Short: "Run thousands of terminals' uplinks against a broker, and account for every event", Args: usage(cobra.NoArgs),
		Long: `Runs the uplinks of many terminals in this process, each with a store of its own
in memory, and subscribes as a backend would. Says how many events a second
arrived, how long they took, and whether any is missing. Its terminals are
sim-00001/caja-1 and so on; the broker keeps their sessions and last states.
Use a broker that is there for trying.`,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if accounts < 0 {
				return wrongUse("--accounts %d: wanted 0 or more", accounts)
			}
			if set.Password, err = passwordFrom(passwordFile); err != nil {
				return err
			}
			if list {
				return listSimulated(a.stdout, set, accounts)
			}
			if backend.Password, err = passwordFrom(backendPasswordFile); err != nil {
				return err
			}
			set.Backends = backendsIn(backend, accounts)
			return a.simulateFleet(c, set)
		},
	}
	f := c.Flags()
	f.StringSliceVar(&set.Brokers, "broker", []string{"mqtt://127.0.0.1:1883"}, "address of the broker; again for each node of a cluster")
	f.StringVar(&set.CAFile, "ca-file", "", "certificates that the broker's is signed by")
	f.IntVar(&set.Terminals, "terminals", 100, "how many terminals")
	f.Float64Var(&set.Rate, "rate", 10, "events a second of all terminals together")
	f.DurationVar(&set.Duration, "duration", time.Minute, "how long to emit")
	f.Float64Var(&set.Ramp, "ramp", 50, "terminals that connect in a second")
	f.DurationVar(&set.Patience, "patience", 2*time.Minute, "how long to wait for connections, and for what is late")
	f.Uint64Var(&set.Seed, "seed", 1, "which terminal emits when")
	f.StringVar(&set.Username, "username", "", "of each terminal; {store} and {terminal} stand for theirs")
	f.StringVar(&passwordFile, "password-file", "", "file with the password of the terminals; {store} and {terminal} stand for theirs")
	f.StringVar(&backend.Username, "backend-username", "", "of the subscriber that counts")
	f.StringVar(&backendPasswordFile, "backend-password-file", "", "file with its password")
	f.StringVar(&set.Dir, "dir", "", "folder for the stores (default: a new one in memory, where there is such)")
	f.IntVar(&accounts, "accounts", 0, "accounts that the broker divides the terminals into, with a subscriber in each (0: none)")
	f.BoolVar(&list, "list", false, "only print STORE TERMINAL PASSWORD of each, and ACCOUNT, for packaging/fleet/make-access")
	return c
}

func passwordFrom(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	return strings.TrimRight(string(text), "\r\n"), err
}

// backendsIn are the subscribers that count, with the users of make-access.
func backendsIn(user fleet.Account, accounts int) (backends []fleet.Account) {
	if accounts == 0 {
		return []fleet.Account{user}
	}
	for n := range accounts {
		backends = append(backends, fleet.Account{Username: user.Username + "." + fleet.AccountName(n, accounts), Password: user.Password})
	}
	return backends
}

func listSimulated(w io.Writer, set fleet.Settings, accounts int) error {
	if set.Password == "" {
		return wrongUse("--list needs --password-file: the access file is made with passwords")
	}
	for n := range set.Terminals {
		store, terminal := fleet.Name(n)
		password := strings.NewReplacer("{store}", store, "{terminal}", terminal).Replace(set.Password)
		line := []any{store, terminal, password}
		if accounts > 0 {
			line = append(line, fleet.AccountName(n, accounts))
		}
		if _, err := fmt.Fprintln(w, line...); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) simulateFleet(c *cobra.Command, set fleet.Settings) error {
	if set.Dir == "" {
		parent := os.TempDir()
		if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
			parent = "/dev/shm"
		}
		dir, err := os.MkdirTemp(parent, "mostrador-fleet-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		set.Dir = filepath.Join(dir, "stores")
	}
	set.Log = slog.New(slog.NewTextHandler(a.stderr, nil))
	set.Progress = func(r fleet.Report) {
		fmt.Fprintf(a.stderr, "%d of %d connected; %d emitted, %d arrived, %d under way, %d waiting\n",
			r.Connected, r.Terminals, r.Emitted, r.Arrived, r.Underway, r.Waiting)
		if r.Complaint != "" {
			fmt.Fprintln(a.stderr, "one that is away:", r.Complaint)
		}
	}
	report, err := fleet.Run(c.Context(), set)
	if report.Terminals > 0 {
		if shown := a.show(report, func(w io.Writer) { writeFleet(w, report) }); shown != nil {
			return shown
		}
	}
	if err != nil {
		return err
	}
	if n := report.Underway + report.Failed; n > 0 {
		return fmt.Errorf("%d events are missing: the broker acknowledged %d that have not arrived, and %d could not be stored", n, report.Underway, report.Failed)
	}
	return nil
}

func writeFleet(w io.Writer, r fleet.Report) {
	table(w, "", "WHAT\tCOUNT", []string{
		row("terminals", r.Terminals),
		row("connected after", fmt.Sprintf("%.0f s", r.ConnectSeconds)),
		row("fewest connected", r.Fewest),
		row("connections", r.Connections),
		row("events emitted", r.Emitted),
		row("arrived", r.Arrived),
		row("arrived twice", r.Twice),
		row("arrived late", r.Late),
		row("lost", r.Underway),
		row("waiting on terminals", r.Waiting),
		row("events a second", fmt.Sprintf("%.1f", r.Rate)),
		row("latency p50 / p90 / p99", fmt.Sprintf("%.1f / %.1f / %.1f ms", r.P50, r.P90, r.P99)),
		row("latency p99.9 / most", fmt.Sprintf("%.1f / %.1f ms", r.P999, r.Max)),
	})
}
