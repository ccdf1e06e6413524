// Package fleet runs the uplinks of many terminals in one process against any
// broker, each with a store of its own and the very code that a terminal runs,
// and accounts for every event: how many a second, how long they took, and
// whether any is missing.
package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mostrador/agent/uplink"
)

// MaxTerminals bounds a fleet: each has a connection and several open files.
const MaxTerminals = 9000

// Settings say what is simulated, and where.
type Settings struct {
	// Brokers are addresses as for [uplink] broker, of one broker or of the
	// nodes of one cluster. Terminal n begins with the n-th, counted round, and
	// goes on to the next when that does not answer.
	Brokers []string
	// CAFile holds the certificates of the brokers' authority; empty: the system's.
	CAFile string
	// Terminals, 1 to MaxTerminals.
	Terminals int
	// Rate is how many events a second the whole fleet emits, above 0.
	Rate float64
	// Duration of emitting, after all terminals have connected.
	Duration time.Duration
	// Ramp is how many terminals start a second.
	Ramp float64
	// Patience is how long the fleet may take to connect once all have started,
	// and how long what waits may take to arrive once nothing is emitted any more.
	Patience time.Duration
	// Seed decides which terminal emits when.
	Seed uint64
	// Username and Password of the terminals; {store} and {terminal} stand for
	// theirs. Backends are those of the subscriber that counts: one, or several
	// where the broker divides its terminals into accounts and none sees all.
	Username, Password string
	Backends           []Account
	// Dir is where the stores are, best in memory (/dev/shm). It must be empty
	// or not exist, and is removed at the end.
	Dir string
	// Progress is told how things stand, every few seconds; nil: nobody.
	Progress func(Report)
	Log      *slog.Logger
}

// An Account is who logs in.
type Account struct{ Username, Password string }

// Name gives store and terminal of the n-th simulated terminal, from 0.
func Name(n int) (store, terminal string) { return fmt.Sprintf("sim-%05d", n+1), "caja-1" }

// AccountName is the account of the n-th simulated terminal, from 0, where the
// broker divides its terminals into so many accounts.
func AccountName(n, accounts int) string { return fmt.Sprintf("sim-%02d", n%accounts+1) }

func (set *Settings) check() error {
	switch {
	case len(set.Brokers) == 0:
		return errors.New("a fleet needs a broker")
	case len(set.Backends) == 0:
		return errors.New("a fleet needs a backend that counts")
	case set.Terminals < 1 || set.Terminals > MaxTerminals:
		return fmt.Errorf("%d terminals: a process simulates 1 to %d; run several for more", set.Terminals, MaxTerminals)
	case set.Rate <= 0 || set.Rate > 100_000:
		return fmt.Errorf("%v events a second: wanted more than 0, up to 100000", set.Rate)
	case set.Ramp <= 0:
		return fmt.Errorf("a ramp of %v terminals a second: wanted more than 0", set.Ramp)
	case set.Duration <= 0 || set.Patience <= 0:
		return errors.New("duration and patience must be longer than 0")
	}
	return nil
}

// A fleet at work.
type fleet struct {
	set       Settings
	terminals []*terminal
	bySource  map[string]*terminal
	started   time.Time
	ledger    ledger
}

// Run simulates until Duration is over and everything has arrived, Patience has
// run out, or ctx ends, and says what came of it. The error tells what kept the
// simulation from running; lost events are in the Report.
func Run(ctx context.Context, set Settings) (Report, error) {
	if err := set.check(); err != nil {
		return Report{}, err
	}
	if err := allowFiles(set.Terminals); err != nil {
		return Report{}, err
	}
	if err := os.MkdirAll(set.Dir, 0o700); err != nil {
		return Report{}, err
	}
	if left, err := os.ReadDir(set.Dir); err != nil || len(left) > 0 {
		return Report{}, errors.Join(err, fmt.Errorf("%s is not empty: name a folder that is, or none yet", set.Dir))
	}
	defer os.RemoveAll(set.Dir)
	f := &fleet{set: set, bySource: map[string]*terminal{}, started: time.Now()}
	if set.Log == nil {
		f.set.Log = slog.New(slog.DiscardHandler)
	}
	return f.run(ctx)
}

func (f *fleet) run(ctx context.Context) (Report, error) {
	for n := range f.set.Terminals {
		t := f.newTerminal(n)
		f.terminals = append(f.terminals, t)
		f.bySource[t.source] = t
	}
	backend, err := f.listen(ctx)
	if err != nil {
		return Report{}, err
	}
	defer backend.close()

	var parts sync.WaitGroup
	lines, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	watch, stopWatching := context.WithCancel(ctx)
	defer parts.Wait()
	defer stopWatching()
	defer hangUp()
	parts.Go(func() { f.watch(watch) })
	err = f.connect(ctx, lines, &parts)
	if err == nil {
		f.emit(ctx)
		f.settle(ctx)
	}
	report := f.report()
	return report, errors.Join(err, ctx.Err())
}

// connect starts the terminals at the ramp's pace and waits until all are there.
func (f *fleet) connect(ctx, lines context.Context, parts *sync.WaitGroup) error {
	pace := time.NewTicker(max(time.Duration(float64(time.Second)/f.set.Ramp), 50*time.Microsecond))
	defer pace.Stop()
	for _, t := range f.terminals {
		select {
		case <-pace.C:
		case <-ctx.Done():
			return nil
		}
		if err := t.open(f.set.Dir); err != nil {
			return fmt.Errorf("terminal %s: %w", t.source, err)
		}
		parts.Go(func() { t.run(lines) })
	}
	limit := time.Now().Add(f.set.Patience)
	for ctx.Err() == nil {
		r := f.report()
		if r.Connected == f.set.Terminals {
			f.ledger.ready(time.Since(f.started))
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("only %d of %d terminals have connected %v after the last has started: %s",
				r.Connected, f.set.Terminals, f.set.Patience, cmp.Or(r.Complaint, "the broker takes its time"))
		}
		sleep(ctx, time.Second)
	}
	return nil
}

// emitters commit at the same time, so that one slow commit holds up no other.
const emitters = 8

// emit has random terminals emit at the rate, each event due at its moment
// whether or not those before it are through.
func (f *fleet) emit(ctx context.Context) {
	type duty struct {
		t   *terminal
		due time.Time
	}
	duties := make(chan duty, 10_000)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer close(duties)
	for range emitters {
		workers.Go(func() {
			for d := range duties {
				if err := d.t.emit(d.due); err != nil {
					f.ledger.failed()
					f.set.Log.Error("a terminal cannot emit", "terminal", d.t.source, "error", err)
				}
			}
		})
	}
	chance := rand.New(rand.NewPCG(f.set.Seed, 1))
	begin := time.Now()
	f.ledger.emitting(begin, f.set.Duration)
	for n := 0; ; n++ {
		after := time.Duration(float64(n) / f.set.Rate * float64(time.Second))
		if after >= f.set.Duration || !sleep(ctx, time.Until(begin.Add(after))) {
			return
		}
		select {
		case duties <- duty{f.terminals[chance.IntN(len(f.terminals))], begin.Add(after)}:
		case <-ctx.Done():
			return
		}
	}
}

// settle waits for what is under way.
func (f *fleet) settle(ctx context.Context) {
	for limit := time.Now().Add(f.set.Patience); time.Now().Before(limit); {
		if r := f.report(); r.Arrived == r.Emitted {
			return
		}
		if !sleep(ctx, time.Second) {
			return
		}
	}
}

// watchEvery is the time between two looks at the fleet.
const watchEvery = 5 * time.Second

func (f *fleet) watch(ctx context.Context) {
	for sleep(ctx, watchEvery) {
		r := f.report()
		f.ledger.seen(r.Connected)
		if f.set.Progress != nil {
			f.set.Progress(r)
		}
	}
}

// sleep waits for d or for the end of ctx, and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func fill(text, store, terminal string) string {
	return strings.NewReplacer("{store}", store, "{terminal}", terminal).Replace(text)
}

func (f *fleet) newTerminal(n int) *terminal {
	store, name := Name(n)
	return &terminal{
		fleet: f, source: "/mostrador/" + store + "/" + name + "/sales", file: store + ".db",
		set: uplink.Settings{
			Store: store, Terminal: name, Version: "fleet-sim", CAFile: f.set.CAFile,
			Broker: f.set.Brokers[n%len(f.set.Brokers)], Dial: dialer(f.set.Brokers),
			Username: fill(f.set.Username, store, name), Password: fill(f.set.Password, store, name),
		},
	}
}

func (t *terminal) path(dir string) string { return filepath.Join(dir, t.file) }
