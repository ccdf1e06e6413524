package agent

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// notes are what parts did, in order.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

// good is a part that works until it is stopped, and takes a while for that.
func (n *notes) good(name string, takes time.Duration) Part {
	return Part{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		n.add("told " + name)
		time.Sleep(takes)
		n.add("ended " + name)
		return ctx.Err()
	}}
}

// start runs parts in the background; stop ends them and returns what Run did.
func start(t *testing.T, log *slog.Logger, parts ...Part) (s *Supervisor, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s = New(log, parts...)
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx) }()
	synctest.Wait()
	return s, func() error { cancel(); return <-result }
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func states(s *Supervisor) string {
	var all []string
	for _, status := range s.Status() {
		all = append(all, string(status.State))
	}
	return strings.Join(all, " ")
}

func TestPartsStopInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n notes
		s, stop := start(t, quiet(), n.good("store", time.Second), n.good("spool", time.Second), n.good("uplink", time.Second))
		if got := states(s); got != "running running running" {
			t.Error(got)
		}
		if err := stop(); err != nil {
			t.Errorf("a part's ended context is not a failure: %v", err)
		}
		want := []string{"told uplink", "ended uplink", "told spool", "ended spool", "told store", "ended store"}
		if !slices.Equal(n.lines, want) {
			t.Errorf("got %v", n.lines)
		}
		if got := states(s); got != "stopped stopped stopped" {
			t.Error(got)
		}
	})
}

func TestAFailingPartStartsAgainAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n notes
		var log bytes.Buffer
		calls := 0
		failing := Part{Name: "uplink", Run: func(ctx context.Context) error {
			calls++
			switch calls {
			case 1:
				return errors.New("no route")
			case 2:
				panic(errors.New("a bug"))
			case 3:
				runtime.Goexit()
			case 4:
				return context.Canceled // of something else than its own context
			}
			<-ctx.Done()
			return nil
		}}
		s, stop := start(t, slog.New(slog.NewTextHandler(&log, nil)), n.good("store", 0), failing)
		status := s.Status()[1]
		if status.State != Failing || status.LastError != "no route" || status.Failures != 1 || status.NextStart.IsZero() {
			t.Errorf("%+v", status)
		}
		time.Sleep(firstPause + 2*firstPause + 4*firstPause + 8*firstPause)
		synctest.Wait()
		if calls != 5 {
			t.Errorf("%d calls", calls)
		}
		if status = s.Status()[1]; status.State != Failing || status.Failures != 4 || !status.NextStart.IsZero() {
			t.Errorf("a part that failed just now runs well already: %+v", status)
		}
		time.Sleep(steady)
		if got := states(s); got != "running running" {
			t.Error(got)
		}
		if len(n.lines) != 0 {
			t.Errorf("the other part noticed: %v", n.lines)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"error=\"no route\"", "panic: a bug", "supervisor_test.go", "again_in="} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s is not in the log:\n%s", want, log.String())
			}
		}
	})
}

// startsOf runs a part that fails each time after running for a while, and
// returns when it was started.
func startsOf(t *testing.T, runsFor, watched time.Duration) []time.Time {
	t.Helper()
	var mu sync.Mutex
	var starts []time.Time
	_, stop := start(t, quiet(), Part{Name: "p", Run: func(ctx context.Context) error {
		mu.Lock()
		starts = append(starts, time.Now())
		mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(runsFor):
			return errors.New("no")
		}
	}})
	time.Sleep(watched)
	if err := stop(); err != nil {
		t.Error(err)
	}
	return starts
}

func TestThePauseGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := startsOf(t, 0, time.Hour)
		if len(starts) < 60 || len(starts) > 240 { // 120 on average
			t.Errorf("%d starts in an hour", len(starts))
		}
		for i, at := range starts[1:] {
			if pause := at.Sub(starts[i]); pause > longestPause || pause > firstPause<<min(i, 6) {
				t.Errorf("pause %d lasted %s", i, pause)
			}
		}
	})
}

func TestThePauseIsShortAgainAfterAGoodRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := startsOf(t, steady, time.Hour)
		for i, at := range starts[1:] {
			if pause := at.Sub(starts[i]) - steady; pause > firstPause {
				t.Errorf("pause %d lasted %s", i, pause)
			}
		}
	})
}

func TestAPartMayFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		once := Part{Name: "migrate", Run: func(context.Context) error { calls++; return nil }}
		s, stop := start(t, quiet(), once)
		time.Sleep(time.Hour)
		if got := states(s); got != "finished" || calls != 1 {
			t.Errorf("%s after %d calls", got, calls)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAStopDuringThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := start(t, quiet(), Part{Name: "p", Run: func(context.Context) error { return errors.New("no") }})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		before := time.Now()
		if err := stop(); err != nil || time.Since(before) > 0 {
			t.Errorf("%v after %s", err, time.Since(before))
		}
		if got := states(s); got != "stopped" {
			t.Error(got)
		}
	})
}

func TestAFailureToStopIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		_, stop := start(t, quiet(), Part{Name: "store", Run: func(ctx context.Context) error {
			<-ctx.Done()
			return full
		}})
		if err := stop(); !errors.Is(err, full) || !strings.Contains(err.Error(), "stop store") {
			t.Errorf("got %v", err)
		}
	})
}

func TestPartsThatHangAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hangs []string // of a, b, c, d in the order of their start
		takes time.Duration
	}{
		{"none", nil, 0},
		{"the last", []string{"d"}, StopTimeout},
		{"all", []string{"a", "b", "c", "d"}, StopTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n notes
				release := make(chan struct{})
				var parts []Part
				for _, name := range []string{"a", "b", "c", "d"} {
					part := n.good(name, 0)
					if slices.Contains(tt.hangs, name) {
						part.Run = func(ctx context.Context) error { <-ctx.Done(); n.add("told " + name); <-release; return nil }
					}
					parts = append(parts, part)
				}
				s, stop := start(t, quiet(), parts...)
				before := time.Now()
				err := stop()
				if took := time.Since(before); took != tt.takes {
					t.Errorf("took %s", took)
				}
				synctest.Wait()
				for _, name := range []string{"a", "b", "c", "d"} {
					if !slices.Contains(n.lines, "told "+name) {
						t.Errorf("%s was never told to stop", name)
					}
				}
				if names := strings.Join(tt.hangs, ", "); names == "" && err != nil || names != "" && (err == nil || !strings.HasSuffix(err.Error(), ": "+names)) {
					t.Errorf("got %v", err)
				}
				if got := strings.Count(states(s), "hanging"); got != len(tt.hangs) {
					t.Errorf("%s", states(s))
				}
				close(release)
				synctest.Wait()
			})
		})
	}
}
