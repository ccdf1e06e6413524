// Package agent supervises the parts of the daemon: it starts them in order,
// watches them, starts again the ones that fail, and stops them in reverse.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Part is one long-lived piece of the daemon.
type Part struct {
	// Name as the log and the status show it.
	Name string
	// Run works until ctx ends and returns then, soon. It may return nil
	// earlier when it has nothing more to do; every other return, and a panic,
	// is a failure, and Run is called again. What Run returns once ctx has
	// ended is a failure only when it is not ctx's own error.
	Run func(ctx context.Context) error
}

const (
	// firstPause and longestPause bound the time before a part that has failed
	// is started again. The actual one is random below the bound, so that parts
	// that fail for the same reason do not come back all at once.
	firstPause   = time.Second
	longestPause = time.Minute
	// steady is how long a part must run to count as running well again.
	steady = time.Minute

	// StopTimeout bounds how long Run takes to stop all parts.
	StopTimeout = 15 * time.Second
	// partTimeout is how long the parts that were started earlier wait for one
	// that does not stop, and allTimeout when they wait no more.
	partTimeout = 5 * time.Second
	allTimeout  = 10 * time.Second
)

// A Supervisor runs parts.
type Supervisor struct {
	log   *slog.Logger
	parts []*runner
}

// New makes a supervisor of parts. It starts nothing.
func New(log *slog.Logger, parts ...Part) *Supervisor {
	s := &Supervisor{log: log}
	for _, part := range parts {
		s.parts = append(s.parts, &runner{
			part: part,
			log:  log.With("part", part.Name),
			done: make(chan struct{}),
			seen: Status{Name: part.Name, State: Waiting},
		})
	}
	return s
}

// Run starts the parts in order, keeps them running until ctx ends, and stops
// them in reverse: a part is told to stop when those started after it have
// stopped. It returns within StopTimeout after ctx has ended, with an error
// that names the parts that hang and those that failed to stop well. It is
// called once.
func (s *Supervisor) Run(ctx context.Context) error {
	stops := make([]context.CancelFunc, len(s.parts))
	for i, r := range s.parts {
		// A part's end comes from here alone, so that the order holds.
		partCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		stops[i] = stop
		go r.keepRunning(partCtx)
	}
	<-ctx.Done()
	return s.stop(stops)
}

func (s *Supervisor) stop(stops []context.CancelFunc) error {
	start := time.Now()
	s.log.Info("stopping", "parts", len(s.parts))
	for i, r := range slices.Backward(s.parts) {
		stops[i]()
		patience := min(partTimeout, allTimeout-time.Since(start))
		if !r.waitFor(patience) {
			s.log.Warn("a part does not stop, going on without it", "part", r.part.Name, "after", patience)
		}
	}
	var hanging []string
	var errs []error
	for _, r := range s.parts {
		if !r.waitFor(StopTimeout - time.Since(start)) {
			r.set(func(seen *Status) { seen.State = Hanging })
			hanging = append(hanging, r.part.Name)
		} else if r.stopErr != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", r.part.Name, r.stopErr))
		}
	}
	if len(hanging) > 0 {
		errs = append(errs, fmt.Errorf("did not stop within %s: %s", StopTimeout, strings.Join(hanging, ", ")))
	}
	return errors.Join(errs...)
}

// Status tells how each part is, in the order of their start. It may be called
// at any time from any goroutine.
func (s *Supervisor) Status() []Status {
	all := make([]Status, len(s.parts))
	for i, r := range s.parts {
		all[i] = r.status()
	}
	return all
}

// runner keeps one part running.
type runner struct {
	part    Part
	log     *slog.Logger
	done    chan struct{}
	stopErr error // why it did not stop well; to be read after done

	mu   sync.Mutex
	seen Status
}

func (r *runner) keepRunning(ctx context.Context) {
	defer close(r.done)
	for failures := 0; ; {
		started := time.Now()
		r.set(func(seen *Status) { seen.State, seen.Since = Running, started })
		err := r.once(ctx)
		if ctx.Err() != nil {
			r.stopped(err)
			return
		}
		if err == nil {
			r.log.Info("finished")
			r.set(func(seen *Status) { seen.State, seen.Since = Finished, time.Now() })
			return
		}
		if time.Since(started) >= steady {
			failures = 0
		}
		failures++
		pause := pauseAfter(failures)
		r.failed(err, pause)
		select {
		case <-ctx.Done():
			r.stopped(nil)
			return
		case <-time.After(pause):
		}
	}
}

// errGone is what a part counts as that ended its goroutine.
var errGone = errors.New("the part ended its own goroutine")

// once calls the part once. Its goroutine is a new one, so that a part that
// calls runtime.Goexit ends only itself.
func (r *runner) once(ctx context.Context) (err error) {
	result := make(chan error, 1)
	go func() {
		err := errGone
		defer func() {
			if value := recover(); value != nil {
				err = &PanicError{Value: value, Stack: debug.Stack()}
			}
			result <- err
		}()
		err = r.part.Run(ctx)
	}()
	return <-result
}

func (r *runner) failed(err error, pause time.Duration) {
	now := time.Now()
	attributes := []any{"error", err, "again_in", pause}
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		attributes = append(attributes, "stack", string(panicked.Stack))
	}
	r.log.Error("failed", attributes...)
	r.set(func(seen *Status) {
		seen.State, seen.Since = Failing, now
		seen.Failures++
		seen.LastError, seen.LastFailure, seen.NextStart = err.Error(), now, now.Add(pause)
	})
}

// stopped notes the end of a part that was told to stop: its context's end is
// not a failure, anything else is.
func (r *runner) stopped(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		r.stopErr = err
		r.log.Error("did not stop well", "error", err)
		r.set(func(seen *Status) { seen.LastError, seen.LastFailure = err.Error(), time.Now() })
	}
	r.set(func(seen *Status) { seen.State, seen.Since = Stopped, time.Now() })
}

// waitFor waits until the part has ended, and says whether it has.
func (r *runner) waitFor(patience time.Duration) bool {
	select {
	case <-r.done:
		return true
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.done:
		return true
	case <-timer.C:
		return false
	}
}

func (r *runner) set(change func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.seen)
}

func (r *runner) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	if seen.State != Failing {
		seen.NextStart = time.Time{}
	}
	// A part that fails at every start is not shown as running in between.
	if seen.State == Running && seen.Failures > 0 && time.Since(seen.LastFailure) < steady {
		seen.State = Failing
	}
	return seen
}

// pauseAfter is the time before the next start after a number of failures in a
// row, from 1: full jitter below a bound that doubles.
func pauseAfter(failures int) time.Duration {
	bound := longestPause
	if doublings := failures - 1; doublings < 6 {
		bound = min(bound, firstPause<<doublings)
	}
	return rand.N(bound) + 1
}
