package drivers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
)

// A bench is a device for Keep: script says what each attempt meets.
type bench struct {
	script   []attempt
	attempts []time.Time
	open     int // ports open now
	changes  []string
}

// An attempt is one try to open: it fails, or the port is used for so long.
type attempt struct {
	openErr error
	useFor  time.Duration
	useErr  error
}

type benchPort struct {
	drivers.Port
	b *bench
}

func (p benchPort) Close() error { p.b.open--; return nil }

// keep runs the script, and ends the context when it is played.
func (b *bench) keep(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	next := attempt{}
	open := func(ctx context.Context) (drivers.Port, error) {
		b.attempts = append(b.attempts, time.Now())
		if len(b.attempts) > len(b.script) {
			cancel()
			return nil, ctx.Err()
		}
		next = b.script[len(b.attempts)-1]
		if next.openErr != nil {
			return nil, next.openErr
		}
		b.open++
		if b.open > 1 {
			t.Errorf("%d ports are open at once", b.open)
		}
		return benchPort{b: b}, nil
	}
	use := func(ctx context.Context, port drivers.Port) error {
		time.Sleep(next.useFor)
		return next.useErr
	}
	report := func(c drivers.Change) {
		word := "up"
		if !c.Up {
			word = "down: " + c.Err.Error()
		}
		b.changes = append(b.changes, fmt.Sprintf("%s, %d flaps", word, c.Flaps))
	}
	err := drivers.Keep(ctx, open, use, report)
	if b.open != 0 {
		t.Errorf("%d ports are still open after Keep", b.open)
	}
	return err
}

func (b *bench) want(t *testing.T, changes ...string) {
	t.Helper()
	if !slices.Equal(b.changes, changes) {
		t.Errorf("reported:\n%q\nwant:\n%q", b.changes, changes)
	}
}

func TestKeepReports(t *testing.T) {
	gone := fmt.Errorf("read: %w", drivers.ErrGone)
	absent := fmt.Errorf("open: %w", drivers.ErrAbsent)
	denied := fmt.Errorf("open: %w", drivers.ErrDenied)
	flap := attempt{useFor: time.Second, useErr: gone}
	steady := attempt{useFor: time.Hour, useErr: gone}
	for _, test := range []struct {
		name   string
		script []attempt
		want   []string
	}{
		{"comes and stays", []attempt{{openErr: absent}, {openErr: absent}, steady},
			[]string{"down: " + absent.Error() + ", 0 flaps", "up, 0 flaps", "down: " + gone.Error() + ", 0 flaps"}},
		{"unplugged for a while", []attempt{steady, {openErr: absent}, {openErr: absent}, steady},
			[]string{"up, 0 flaps", "down: " + gone.Error() + ", 0 flaps", "up, 0 flaps", "down: " + gone.Error() + ", 0 flaps"}},
		{"another reason is news", []attempt{{openErr: absent}, {openErr: denied}, {openErr: denied}},
			[]string{"down: " + absent.Error() + ", 0 flaps", "down: " + denied.Error() + ", 0 flaps"}},
		{"flaps", []attempt{flap, flap, {openErr: absent}, flap, steady},
			[]string{"up, 0 flaps", "down: " + gone.Error() + ", 1 flaps", "up, 3 flaps", "down: " + gone.Error() + ", 0 flaps"}},
		{"closed at will is no news", []attempt{{useFor: time.Second}, {useFor: time.Second}, {useFor: time.Second}},
			[]string{"up, 0 flaps"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := bench{script: test.script}
				if err := b.keep(t); !errors.Is(err, context.Canceled) {
					t.Errorf("Keep returned %v, want the context's error", err)
				}
				b.want(t, test.want...)
			})
		})
	}
}

func TestKeepPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := slices.Repeat([]attempt{{openErr: drivers.ErrAbsent}}, 40)
		b := bench{script: slices.Concat(fails, []attempt{
			{useFor: time.Minute, useErr: drivers.ErrGone}, // starts the window over
			{useFor: time.Second},                          // nil: no pause
		})}
		b.keep(t)
		window := 250 * time.Millisecond
		longest := time.Duration(0)
		for i := range fails {
			window = min(2*window, 30*time.Second)
			paused := b.attempts[i+1].Sub(b.attempts[i])
			longest = max(longest, paused)
			if paused < 250*time.Millisecond || paused > window {
				t.Errorf("pause %d took %v, want 250ms to %v", i, paused, window)
			}
		}
		if longest < 10*time.Second {
			t.Errorf("the longest of 40 pauses took %v: the window does not grow", longest)
		}
		n := len(fails)
		if paused := b.attempts[n+1].Sub(b.attempts[n]) - time.Minute; paused > 500*time.Millisecond {
			t.Errorf("paused for %v after a minute of service, want at most 500ms", paused)
		}
		if paused := b.attempts[n+2].Sub(b.attempts[n+1]) - time.Second; paused != 0 {
			t.Errorf("paused for %v after use had returned nil", paused)
		}
	})
}

// A deadline of the port's own, or of the attempt to open, is a failure; only
// the end of Keep's context ends Keep.
func TestKeepTellsItsContextFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bench{script: []attempt{{openErr: context.DeadlineExceeded}, {useErr: context.Canceled}, {useErr: context.DeadlineExceeded}}}
		b.keep(t)
		if len(b.attempts) != len(b.script)+1 {
			t.Errorf("tried %d times, want %d", len(b.attempts), len(b.script)+1)
		}
	})
}

func TestKeepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var changes []drivers.Change
		b := &bench{}
		err := drivers.Keep(ctx,
			func(context.Context) (drivers.Port, error) { return benchPort{b: b}, nil },
			func(ctx context.Context, _ drivers.Port) error { <-ctx.Done(); return ctx.Err() },
			func(c drivers.Change) { changes = append(changes, c) })
		if !errors.Is(err, context.DeadlineExceeded) || len(changes) != 1 || !changes[0].Up {
			t.Errorf("Keep returned %v after %v, want the context's error after up alone", err, changes)
		}
	})
}

// An attempt to open that hangs ends after ten seconds.
func TestKeepBoundsOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tried := 0
		drivers.Keep(ctx, func(ctx context.Context) (drivers.Port, error) {
			tried++
			<-ctx.Done()
			return nil, ctx.Err()
		}, nil, func(drivers.Change) {})
		if tried < 3 {
			t.Errorf("tried %d times in a minute", tried)
		}
	})
}
