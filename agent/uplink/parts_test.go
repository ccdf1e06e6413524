package uplink

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/store"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "mostrador.db"), store.Options{Identity: "lima-01/caja-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func emitOn(t *testing.T, st *store.Store, s store.Stream, n int) {
	t.Helper()
	if err := st.Update(func(tx *store.Tx) error {
		for i := range n {
			if _, err := tx.Emit(s, "mostrador.test.v1", i); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func sentOf(t *testing.T, st *store.Store, s store.Stream) (position uint64) {
	t.Helper()
	if err := st.View(func(tx *store.Tx) error { position = tx.Sent(s); return nil }); err != nil {
		t.Fatal(err)
	}
	return position
}

func TestBackoffGrowsWithinItsBounds(t *testing.T) {
	b := backoff{min: time.Second, max: time.Minute}
	for round := range 3 {
		for i, bound := range []time.Duration{5, 10, 20, 40, 60, 60} {
			if got := b.next(); got < time.Second || got > bound*time.Second {
				t.Errorf("round %d, pause %d: %v", round, i, got)
			}
		}
		b.reset()
	}
	narrow := backoff{min: time.Second, max: time.Second}
	if got := narrow.next(); got != time.Second {
		t.Errorf("pause %v", got)
	}
}

// A fleet that has lost its broker at one moment comes back spread out.
func TestBackoffSpreads(t *testing.T) {
	perSecond := map[time.Duration]int{}
	for range 10_000 {
		b := backoff{min: time.Second, max: time.Minute}
		perSecond[b.next()/time.Second]++
	}
	for second, n := range perSecond {
		if n > 3000 {
			t.Errorf("%d of 10,000 terminals come back in second %d", n, second)
		}
	}
}

// Many acknowledgements are one transaction, after a moment or when they are many.
func TestMarksAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		emitOn(t, st, store.StreamSales, 5000)
		m := newMarks(st, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() { m.run(ctx) })

		m.acknowledged(store.StreamSales, 1)
		m.acknowledged(store.StreamSales, 2)
		synctest.Wait()
		if n := sentOf(t, st, store.StreamSales); n != 0 {
			t.Errorf("saved up to %d at once", n)
		}
		time.Sleep(markDelay)
		synctest.Wait()
		if n := sentOf(t, st, store.StreamSales); n != 2 {
			t.Errorf("saved up to %d after the delay", n)
		}
		for p := range uint64(markMany) {
			m.acknowledged(store.StreamSales, 3+p)
		}
		synctest.Wait()
		if n := sentOf(t, st, store.StreamSales); n != 2+markMany {
			t.Errorf("saved up to %d although many waited", n)
		}
		m.acknowledged(store.StreamSales, 4000)
		cancel()
		work.Wait()
		if n := sentOf(t, st, store.StreamSales); n != 4000 {
			t.Errorf("saved up to %d at the end", n)
		}
	})
}

// A store that fails is asked again with pauses, and nothing is forgotten.
func TestMarksOutliveAFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		m := newMarks(st, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go m.run(ctx)
		m.acknowledged(store.StreamSales, 3) // of which the store knows nothing: it refuses
		time.Sleep(time.Minute)
		emitOn(t, st, store.StreamSales, 3)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := sentOf(t, st, store.StreamSales); n != 3 {
			t.Errorf("saved up to %d", n)
		}
	})
}

// Streams share the line: the urgent ones first, none starves, each in order.
func TestOutboxShares(t *testing.T) {
	st := open(t)
	for _, s := range []store.Stream{store.StreamSales, store.StreamTimeline, store.StreamDevices} {
		emitOn(t, st, s, 200)
	}
	box, err := newOutbox(st, newMarks(st, slog.New(slog.DiscardHandler)), "p")
	if err != nil {
		t.Fatal(err)
	}
	count := map[store.Stream]int{}
	take := func(n int) {
		for range n {
			out, ok, err := box.next()
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			count[out.lane.stream]++
			if int(out.position) != count[out.lane.stream] {
				t.Fatalf("%s: position %d comes as number %d", out.lane.stream, out.position, count[out.lane.stream])
			}
		}
	}
	take(105)
	if s, l, d := count[store.StreamSales], count[store.StreamTimeline], count[store.StreamDevices]; s < 70 || l < 15 || d < 4 {
		t.Errorf("of 105: %d sales, %d of the log, %d of devices", s, l, d)
	}
	emitOn(t, st, store.StreamOrders, 20)
	box.wake()
	take(30)
	if n := count[store.StreamOrders]; n != 20 {
		t.Errorf("%d of 20 orders within the next 30 events", n)
	}
	take(600 + 20 - 135)
	if _, ok, err := box.next(); ok || err != nil {
		t.Errorf("more than there is: %v", err)
	}
}

// After a connection was lost the outbox begins behind what is acknowledged,
// also when the store does not know that yet.
func TestOutboxResumes(t *testing.T) {
	st := open(t)
	emitOn(t, st, store.StreamSales, 10)
	m := newMarks(st, slog.New(slog.DiscardHandler))
	m.acknowledged(store.StreamSales, 4)
	box, err := newOutbox(st, m, "p")
	if err != nil {
		t.Fatal(err)
	}
	if out, ok, err := box.next(); !ok || err != nil || out.position != 5 {
		t.Errorf("begins at %d: %v", out.position, err)
	}
}

// The gap that names dropped events stands behind all that waits: a backend that
// cannot acknowledge across the hole before it has come gets that far.
func TestOutboxCrossesAHole(t *testing.T) {
	st := open(t)
	const kept = aheadOfBackend + 100
	emitOn(t, st, store.StreamDevices, 50+kept)
	if err := st.Update(func(tx *store.Tx) error { return tx.MarkSent(store.StreamDevices, 50) }); err != nil {
		t.Fatal(err)
	}
	if n, err := st.Sweep(store.Moment{Wall: time.Now().Add(time.Hour)}, 0, 0); err != nil || n != 50 {
		t.Fatalf("%d swept: %v", n, err)
	}
	box, err := newOutbox(st, newMarks(st, slog.New(slog.DiscardHandler)), "p")
	if err != nil {
		t.Fatal(err)
	}
	box.backend, box.marks = true, newMarks(st, slog.New(slog.DiscardHandler)) // as if the backend had none of it
	for _, l := range box.lanes {
		l.after = 0
	}
	for n := range kept {
		if out, ok, err := box.next(); !ok || err != nil || out.position != uint64(51+n) {
			t.Fatalf("event %d: %v, %d, %v", n, ok, out.position, err)
		}
	}
	box.marks.acknowledged(store.StreamDevices, 50+kept)
	emitOn(t, st, store.StreamDevices, aheadOfBackend+1)
	box.wake()
	for range aheadOfBackend {
		if _, ok, err := box.next(); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if _, ok, _ := box.next(); ok {
		t.Error("behind the hole there is no bound any more")
	}
}

// A peer that takes nothing is noticed by the write's own deadline, and nothing
// that writes ever waits for it.
func TestLineStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		failed := make(chan error, 2)
		l := newLine(near, func(err error) { failed <- err })
		begun := time.Now()
		for range 100 {
			if _, err := l.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("writing took %v", took)
		}
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("failed with %v", err)
		}
		if took := time.Since(begun); took != writeTimeout+alertGrace {
			t.Errorf("noticed after %v", took)
		}
		if _, err := l.Write([]byte("x")); err == nil {
			t.Error("a broken line takes more")
		}
		l.Close()
		if len(failed) != 0 {
			t.Error("the failure was told twice")
		}
	})
}

// What was written leaves before the line closes; a dead peer delays that only
// by the grace.
func TestLineCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		l := newLine(near, func(err error) { t.Errorf("our own close was told as a failure: %v", err) })
		var got []byte
		var reader sync.WaitGroup
		reader.Go(func() { got, _ = io.ReadAll(far) })
		for _, s := range []string{"a", "b", "c"} {
			if _, err := l.Write([]byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
		reader.Wait()
		if string(got) != "abc" {
			t.Errorf("the peer got %q", got)
		}

		near, far = net.Pipe()
		defer far.Close()
		l = newLine(near, func(error) {})
		if _, err := l.Write([]byte("nobody reads this")); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		l.Close()
		if took := time.Since(begun); took != closeGrace {
			t.Errorf("close took %v", took)
		}
	})
}

type message struct {
	mqtt.Message
	payload []byte
}

func (m message) Payload() []byte { return m.payload }
func (m message) Topic() string   { return "mostrador/v1/lima-01/caja-1/down/" + downOrders }

// The inbox holds so many messages, or so many bytes, and no less than one; from
// the first that does not fit on it takes none.
func TestInboxBounds(t *testing.T) {
	in := newInbox()
	for range inboxMessages + 10 {
		in.put(message{payload: []byte("x")})
	}
	if len(in.queue) != inboxMessages || !in.overflow.Load() {
		t.Errorf("%d messages", len(in.queue))
	}
	<-in.queue
	in.put(message{payload: []byte("late")})
	if len(in.queue) != inboxMessages-1 {
		t.Error("a message was taken behind one that was not")
	}

	in = newInbox()
	in.put(message{payload: make([]byte, 2*inboxBytes)})
	if len(in.queue) != 1 || in.overflow.Load() {
		t.Error("a message that is larger than the inbox can never arrive")
	}
	in.put(message{payload: []byte("x")})
	if len(in.queue) != 1 || !in.overflow.Load() || in.bytes.Load() != 2*inboxBytes {
		t.Error("more bytes than the bound")
	}
}

// What was sent goes after its time, soon after it where that is short.
func TestSweep(t *testing.T) {
	for _, test := range []struct{ keep, before, after time.Duration }{
		{time.Hour, 30 * time.Minute, 80 * time.Minute},
		{0, 30 * time.Second, 2 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) { sweepsInTime(t, test.keep, test.before, test.after) })
	}
}

// sweepsInTime looks before the time of 15 events that were sent, and after it.
func sweepsInTime(t *testing.T, keep, before, after time.Duration) {
	st := open(t)
	emitOn(t, st, store.StreamSales, 20)
	u := New(Settings{Store: "lima-01", Terminal: "caja-1", KeepSent: keep}, st, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	var ended atomic.Bool
	work.Go(func() { _ = u.Run(ctx); ended.Store(true) })
	left := func() (n int) {
		if err := st.View(func(tx *store.Tx) error {
			n = 0
			for range tx.Unsent(store.StreamSales, 0) {
				n++
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	u.marks.acknowledged(store.StreamSales, 15)
	time.Sleep(before)
	if n := left(); n != 20 {
		t.Errorf("kept %v: %d left before their time", keep, n)
	}
	time.Sleep(after - before)
	if n := left(); n != 5 {
		t.Errorf("kept %v: %d left after it", keep, n)
	}
	cancel()
	work.Wait()
	if !ended.Load() {
		t.Error("Run does not end")
	}
}

func TestExplain(t *testing.T) {
	tests := []struct {
		err          error
		want, advice string
	}{
		{&plannedError{"to take the rest"}, "reconnecting to take the rest", "Nothing"},
		{&net.DNSError{Err: "server misbehaving", Name: "mqtt.example.com", IsTemporary: true}, "cannot be looked up", "DNS server"},
		{errors.New("pingresp not received, disconnecting"), "went dead", "internet"},
		{context.DeadlineExceeded, "no answer from", "firewall"},
		{os.ErrDeadlineExceeded, "no answer from", "firewall"},
		{errNoAnswer, "does not answer them", "overloaded"},
		{os.ErrPermission, "permission", "read the file"},
		{errors.New("something new"), "something new", "log"},
	}
	for _, test := range tests {
		what, advice := explain(test.err, Settings{Broker: "tls://mqtt.example.com:8883"}, time.Now())
		if !strings.Contains(what, test.want) || !strings.Contains(advice, test.advice) {
			t.Errorf("%v: %s. %s", test.err, what, advice)
		}
	}
}

func TestBrokerAddress(t *testing.T) {
	for in, want := range map[string]string{
		"mqtt://h": "mqtt://h:1883", "tls://h": "tls://h:8883", "tls://h:1": "tls://h:1",
		"ws://h/mqtt": "ws://h:80/mqtt", "wss://h": "wss://h:443", "mqtt://[::1]": "mqtt://[::1]:1883",
		"": "", "h:1883": "", "http://h": "", "mqtt://": "", "tls://h:x": "",
	} {
		u, err := broker(in)
		if (err == nil) != (want != "") || err == nil && u.String() != want {
			t.Errorf("%q: %v, %v", in, u, err)
		}
	}
}
