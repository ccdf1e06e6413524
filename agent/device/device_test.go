package device

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers"
	"mostrador/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "m.db"), store.Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		uplinktest.CheckStore(t, st)
		_ = st.Close()
	})
	return st
}

// lines is a device that says a record a line; one that begins with ? is none.
type lines struct{}

func (lines) Listen(ctx context.Context, port drivers.Port, partial []byte, keep func(drivers.Heard) error) error {
	stop := context.AfterFunc(ctx, func() { _ = port.Close() })
	defer stop()
	s := bufio.NewScanner(port)
	for s.Scan() {
		h := drivers.Heard{Record: &drivers.Record{Raw: []byte(s.Text())}}
		if strings.HasPrefix(s.Text(), "?") {
			h = drivers.Heard{Garbage: []byte(s.Text())}
		}
		if err := keep(h); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return drivers.ErrGone
}

// A ledger keeps what it is told, when there is room.
type ledger struct {
	mu      sync.Mutex
	full    bool
	refused int
	kept    []string
	resumed int
}

func (k *ledger) Resume() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.resumed++
	return nil, nil
}

func (k *ledger) Keep(h drivers.Heard) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.full {
		k.refused++
		return fmt.Errorf("keep: %w", store.ErrFull)
	}
	if h.Record != nil {
		k.kept = append(k.kept, string(h.Record.Raw))
	}
	return nil
}

func (k *ledger) all() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.kept)
}

func (k *ledger) refusals() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refused
}

// A socket is where the device is plugged in.
type socket struct {
	mu   sync.Mutex
	far  net.Conn // the device's end of the open line
	gone bool
}

func (s *socket) open(context.Context) (drivers.Port, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return nil, drivers.ErrAbsent
	}
	near, far := net.Pipe()
	s.far = far
	return near, nil
}

func (s *socket) say(t *testing.T, text string) {
	t.Helper()
	s.mu.Lock()
	far := s.far
	s.mu.Unlock()
	if _, err := far.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func (s *socket) unplug(gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = gone
	_ = s.far.Close()
}

// start runs one device named registradora.
func start(t *testing.T, st *store.Store, k Keeper, s *socket) (d *Devices, stop func()) {
	d = New(st, []Config{{Name: "registradora", Kind: "register", Open: s.open, Device: lines{}, Keeper: k}}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	synctest.Wait()
	return d, func() {
		t.Helper()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
	}
}

// told are the kinds of the log's entries, oldest first.
func told(t *testing.T, st *store.Store) []string {
	t.Helper()
	var out []string
	err := st.View(func(tx *store.Tx) error {
		out = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			out = append(out, e.Kind)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

func TestUnpluggedAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, k, s := openStore(t), &ledger{}, &socket{}
		d, stop := start(t, st, k, s)
		s.say(t, "a\nb\n")
		synctest.Wait()
		time.Sleep(time.Minute)
		s.unplug(true)
		time.Sleep(time.Minute)
		if got := d.Statuses()[0]; got.State != Absent || got.Cause == "" || got.Records != 2 {
			t.Errorf("status %+v", got)
		}
		s.mu.Lock()
		s.gone = false
		s.mu.Unlock()
		time.Sleep(time.Minute)
		s.say(t, "c\n")
		synctest.Wait()
		if got := d.Statuses()[0]; got.State != Ready || got.Cause != "" || got.Records != 3 || got.HeardAt.IsZero() {
			t.Errorf("status %+v", got)
		}
		if got := k.all(); !slices.Equal(got, []string{"a", "b", "c"}) || k.resumed != 2 {
			t.Errorf("kept %q, resumed %d times", got, k.resumed)
		}
		stop()
		if got := told(t, st); !slices.Equal(got, []string{"device.ready", "device.absent", "device.ready"}) {
			t.Errorf("told %q", got)
		}
		err := st.View(func(tx *store.Tx) error {
			if n := tx.Last(store.StreamDevices); n != 3 {
				t.Errorf("%d events", n)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A line that comes and goes is told once, not each time.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, k, s := openStore(t), &ledger{}, &socket{}
		_, stop := start(t, st, k, s)
		for range 60 {
			s.unplug(false)
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Minute)
		stop()
		if got := told(t, st); !slices.Equal(got, []string{"device.ready", "device.absent", "device.ready"}) {
			t.Errorf("told %q", got)
		}
		var last store.DeviceState
		err := st.View(func(tx *store.Tx) error {
			for e, err := range tx.Unsent(store.StreamDevices, 0) {
				if err != nil {
					return err
				}
				if err := json.Unmarshal(e.Data, &last); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || last.State != Ready || last.Flaps < 2 {
			t.Errorf("last event %+v: %v", last, err)
		}
	})
}

func TestGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, k, s := openStore(t), &ledger{}, &socket{}
		d, stop := start(t, st, k, s)
		for range 100 {
			s.say(t, "?x\n")
		}
		s.say(t, "a\n")
		synctest.Wait()
		time.Sleep(garbagePause)
		s.say(t, "?y\n")
		s.say(t, "?y\n")
		synctest.Wait()
		if got := d.Statuses()[0]; got.Garbage != 102 || got.Records != 1 {
			t.Errorf("status %+v", got)
		}
		stop()
		if got := told(t, st); !slices.Equal(got, []string{"device.ready", "device.garbage", "device.garbage", "device.garbage"}) {
			t.Errorf("told %q", got)
		}
	})
}

// Without room the device is not read any further; with room again nothing is
// missing.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, k, s := openStore(t), &ledger{full: true}, &socket{}
		d, stop := start(t, st, k, s)
		s.say(t, "a\n")
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			s.say(t, "b\n")
		}()
		time.Sleep(time.Minute)
		select {
		case <-wrote:
			t.Error("read on although nothing could be kept")
		default:
		}
		if got := d.Statuses()[0]; got.State != Failing || !strings.Contains(got.Cause, "espacio") || k.refusals() < 5 {
			t.Errorf("status %+v, refused %d times", got, k.refusals())
		}
		k.mu.Lock()
		k.full = false
		k.mu.Unlock()
		time.Sleep(fullRetry)
		<-wrote
		synctest.Wait()
		if got := k.all(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("kept %q", got)
		}
		if got := d.Statuses()[0]; got.State != Ready {
			t.Errorf("status %+v", got)
		}
		stop()
	})
}

// The end comes also while there is no room.
func TestFullAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, k, s := openStore(t), &ledger{full: true}, &socket{}
		_, stop := start(t, st, k, s)
		s.say(t, "a\n")
		synctest.Wait()
		stop()
	})
}

func TestStateOf(t *testing.T) {
	for _, c := range []struct {
		change drivers.Change
		want   string
	}{
		{drivers.Change{Up: true}, Ready},
		{drivers.Change{Err: fmt.Errorf("open: %w", drivers.ErrBusy)}, Failing},
		{drivers.Change{Err: drivers.ErrDenied}, Failing},
		{drivers.Change{Err: drivers.ErrGone}, Absent},
		{drivers.Change{Err: context.DeadlineExceeded}, Absent},
		{drivers.Change{Err: errors.New("frame error")}, Failing},
	} {
		state, cause := stateOf(c.change)
		if state != c.want || (cause == "") != c.change.Up {
			t.Errorf("%v: %s %q", c.change, state, cause)
		}
	}
}

// A wired socket counts what went wrong on its wire.
type wired struct {
	drivers.Port
	wrong drivers.LineErrors
}

func (w wired) LineErrors() drivers.LineErrors { return w.wrong }

// TestGarbles: a line at another speed is told as such, by its wire or by what
// it brings; garbage of another kind is not.
func TestGarbles(t *testing.T) {
	for name, test := range map[string]struct {
		wrong drivers.LineErrors
		said  string
		want  bool
	}{
		"a clean wire": {drivers.LineErrors{Bytes: 100}, "?una línea de texto cualquiera", false},
		"a bad wire":   {drivers.LineErrors{Bytes: 100, Framing: 30}, "?x", true},
		"bad bytes":    {drivers.LineErrors{Bytes: 100}, "?\x00\xf8\x80\x00\xf8\x80\x00\xf8\x80\x00\xf8\x80\x00\xf8\x80\x00\xf8\x80", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st, k, s := openStore(t), &ledger{}, &socket{}
				open := func(ctx context.Context) (drivers.Port, error) {
					port, err := s.open(ctx)
					return wired{port, test.wrong}, err
				}
				d := New(st, []Config{{Name: "caja", Kind: "register", Open: open, Device: lines{}, Keeper: k}}, slog.New(slog.DiscardHandler))
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() { _ = d.Run(ctx) })
				synctest.Wait()
				s.say(t, test.said+"\n")
				synctest.Wait()
				if got := d.Statuses()[0].Wire; got == nil || *got != test.wrong {
					t.Errorf("the wire is %v", got)
				}
				cancel()
				running.Wait()
				found := false
				err := st.View(func(tx *store.Tx) error {
					for e, err := range tx.Entries() {
						if err != nil {
							return err
						}
						found = found || e.Kind == "device.garbage" && strings.Contains(e.Text, "otra velocidad")
					}
					return nil
				})
				if err != nil || found != test.want {
					t.Errorf("told of another speed: %v, want %v (%v)", found, test.want, err)
				}
			})
		})
	}
}
