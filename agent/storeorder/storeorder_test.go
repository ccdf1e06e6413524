package storeorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/claim"
	"mostrador/agent/order"
	"mostrador/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const takeover = 400 * time.Millisecond

// A counter is one terminal's Keeper over a real store, router and intake. The
// test is the broker.
type counter struct {
	*Keeper
	t    *testing.T
	path string
	st   *store.Store
	stop func()

	mu     sync.Mutex
	broken bool // intake stores nothing
	said   []claim.Message
	acked  int
	unread int
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{t: t, path: filepath.Join(t.TempDir(), "m.db")}
	c.open()
	t.Cleanup(c.close)
	return c
}

func (c *counter) open() {
	c.t.Helper()
	st, err := store.Open(c.path, store.Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		c.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	intake := order.NewIntake(st, order.Rules{Printers: []string{"caja"}}, nil, log)
	acks := order.NewAcks(st, log)
	c.st = st
	c.Keeper, err = New(st, Settings{Terminal: "caja-1", Role: claim.Holder, TakeoverAfter: takeover}, channel{intake, c}, acks, log)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
			c.t.Error(err)
		}
	})
	c.stop = func() { stop(); running.Wait() }
}

func (c *counter) close() {
	c.stop()
	c.st.Close()
}

// restart is a new life with what is on disk, without a line.
func (c *counter) restart() {
	c.close()
	c.open()
}

// A channel reads its own small orders, and hands them to a real intake, which
// may find no room.
type channel struct {
	*order.Intake
	c *counter
}

type said struct {
	ID, Note string
	Again    bool
}

func (ch channel) Which(payload []byte) (key, body string, again bool, err error) {
	var s said
	if err := json.Unmarshal(payload, &s); err != nil {
		return "", "", false, err
	}
	return "justo/" + s.ID, s.Note, s.Again, nil
}

func (ch channel) TakeShared(payload []byte, possibleDuplicate bool) (order.Taken, error) {
	ch.c.mu.Lock()
	broken := ch.c.broken
	ch.c.mu.Unlock()
	if broken {
		return order.Taken{}, errors.New("no room")
	}
	var s said
	if err := json.Unmarshal(payload, &s); err != nil {
		return order.Taken{}, err
	}
	one, err := store.ParseQuantity("1")
	if err != nil {
		return order.Taken{}, err
	}
	return ch.Take(order.Draft{PossibleDuplicate: possibleDuplicate, Raw: payload, Order: store.Order{
		Key: store.OrderKey{Provider: "justo", Nickname: "Centro", ChannelID: s.ID}, Number: "4471", Kind: store.Pickup,
		Currency: "PEN", Observations: s.Note, Lines: []store.Line{{ID: "1", Name: "Lomo", Quantity: one, Unit: 1000, Total: 1000}},
	}})
}

// Order gets what Which cannot read.
func (ch channel) Order(_ context.Context, _ []byte, ack func() error) error {
	ch.c.mu.Lock()
	ch.c.unread++
	ch.c.mu.Unlock()
	return ack()
}

func (c *counter) breaks(broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = broken
}

func (c *counter) connect() {
	c.Connected(func(text []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		m, err := decode(text)
		if err != nil {
			c.t.Errorf("says what it cannot read itself: %v", err)
		}
		c.said = append(c.said, m)
	})
	c.CaughtUp()
	c.Beat(time.Now())
}

// readBack brings back all that was said since the last time, and returns it.
func (c *counter) readBack() (words []string) {
	c.t.Helper()
	c.mu.Lock()
	said := c.said
	c.said = nil
	c.mu.Unlock()
	for _, m := range said {
		words = append(words, strings.TrimSpace(string(m.Word)+" "+m.To))
		c.hears(m)
	}
	return words
}

func (c *counter) hears(m claim.Message) {
	c.t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.Claim(c.t.Context(), text, c.ack); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) ack() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked++
	return nil
}

// comes is an order at the store's topic, in a state of its contents.
func (c *counter) comes(id, note string) {
	c.t.Helper()
	text := fmt.Sprintf(`{"id":%q,"note":%q}`, id, note)
	if err := c.StoreOrder(c.t.Context(), []byte(text), false, c.ack); err != nil {
		c.t.Fatal(err)
	}
}

// jobs are the tickets of an order, and whether each is marked.
func (c *counter) jobs(id string) (all []*store.Job) {
	c.t.Helper()
	err := c.st.View(func(tx *store.Tx) error {
		o, err := tx.OrderByKey(store.OrderKey{Provider: "justo", Nickname: "Centro", ChannelID: id})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			all, err = tx.JobsOf(o.Seq)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

func (c *counter) wants(id string, tickets int, marked bool) {
	c.t.Helper()
	c.eventually(func() bool { return len(c.jobs(id)) == tickets }, fmt.Sprintf("%d tickets of %s", tickets, id))
	for _, j := range c.jobs(id) {
		if slices.Contains(j.Marks, store.MarkPossibleDuplicate) != marked {
			c.t.Errorf("%s of %s has the marks %v", j.Kind, id, j.Marks)
		}
	}
}

func (c *counter) eventually(ok func() bool, what string) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited for %s", what)
		}
	}
}

// prints is what the spooler does in the end.
func (c *counter) prints(id string) {
	c.t.Helper()
	if _, err := c.st.UpdateVital(func(tx *store.Tx) error {
		for _, j := range c.jobs(id) {
			j.State = store.JobPrinted
			if err := tx.PutJob(j); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		c.t.Fatal(err)
	}
}

// A terminal alone claims, reads its claim back, prints unmarked, and says when
// it is on paper. What comes twice is nothing new; a change is handed on.
func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.connect()
		c.comes("a", "")
		if got := c.readBack(); !slices.Equal(got, []string{"claim"}) {
			t.Fatalf("says %v", got)
		}
		c.wants("a", 2, false)
		c.comes("a", "")
		c.prints("a")
		c.eventually(func() bool { return len(c.Status().Open) == 0 }, "the proof")
		if got := c.readBack(); !slices.Equal(got, []string{"mine", "proven"}) {
			t.Errorf("says %v", got)
		}
		c.comes("a", "sin cebolla")
		c.eventually(func() bool { return len(c.jobs("a")) == 4 }, "the papers of the change")
		if c.acked != 3+3 {
			t.Errorf("%d messages are acknowledged", c.acked)
		}
	})
}

// What was taken is printed, once, however the agent ends in between.
func TestKilledBeforeIntake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.connect()
		c.breaks(true)
		c.comes("a", "")
		c.readBack()
		if n := len(c.jobs("a")); n != 0 {
			t.Fatalf("%d tickets", n)
		}
		c.restart()
		c.breaks(false)
		c.wants("a", 2, false)
		// Nobody may take it for theirs any more.
		c.connect()
		c.hears(claim.Message{Order: "justo/a", Word: claim.Claim, By: "caja-2", Role: claim.StandIn})
		if got := c.readBack(); slices.Contains(got, "yours caja-2") || !slices.Contains(got, "mine") {
			t.Errorf("says %v", got)
		}
	})
}

// What was claimed and not settled is claimed again, and needs an answer.
func TestKilledAfterTheClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.Peer("caja-2", "stand-in", true, false)
		c.connect()
		c.comes("a", "")
		c.restart()
		c.connect()
		if got := c.readBack(); !slices.Contains(got, "claim") {
			t.Fatalf("says %v", got)
		}
		if n := len(c.jobs("a")); n != 0 {
			t.Fatalf("%d tickets without an answer", n)
		}
		c.hears(claim.Message{Order: "justo/a", Word: claim.Yours, By: "caja-2", Role: claim.StandIn, To: "caja-1"})
		c.wants("a", 2, false)
	})
}

// Without an answer the papers are marked, and people are told why.
func TestWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.Peer("caja-2", "stand-in", true, false)
		c.connect()
		c.comes("a", "")
		c.readBack()
		c.wants("a", 2, true)
		c.hasEntry("order.possible_duplicate", store.Warning)
		if n := len(c.jobs("a")); n != 2 {
			t.Errorf("%d tickets", n)
		}
	})
}

// What another had claimed and not proven is taken over with an alarm, with all
// that came of it, also where this terminal was restarted meanwhile.
func TestTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.connect()
		c.hears(claim.Message{Order: "justo/a", Word: claim.Claim, By: "caja-2", Role: claim.Holder})
		c.comes("a", "")
		if got := c.readBack(); !slices.Equal(got, []string{"yours caja-2"}) {
			t.Fatalf("says %v", got)
		}
		c.comes("a", "sin cebolla")
		c.restart()
		c.connect()
		c.eventually(func() bool { c.readBack(); return len(c.jobs("a")) > 0 }, "the papers")
		c.wants("a", 4, true) // those of before the change were taken back
		c.hasEntry("order.possible_duplicate", store.Alarm)
	})
}

// An answer that is given while the line is away goes with the next one; and
// where there is none, a kitchen does not wait.
func TestWithoutALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.hears(claim.Message{Order: "justo/b", Word: claim.Claim, By: "caja-2", Role: claim.Holder})
		c.comes("a", "")
		c.wants("a", 2, true)
		c.connect()
		if got := c.readBack(); !slices.Contains(got, "yours caja-2") || !slices.Contains(got, "mine") {
			t.Errorf("says %v", got)
		}
	})
}

func (c *counter) hasEntry(kind string, severity store.Severity) {
	c.t.Helper()
	found := false
	err := c.st.View(func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			found = found || e.Kind == kind && e.Severity == severity
		}
		return nil
	})
	if err != nil || !found {
		c.t.Errorf("no entry %s of severity %s: %v", kind, severity, err)
	}
}

// What cannot be read goes the way of a terminal's own orders.
func TestUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.connect()
		for _, payload := range []string{``, `{`, `7`} {
			if err := c.StoreOrder(t.Context(), []byte(payload), false, c.ack); err != nil {
				t.Errorf("%s: %v", payload, err)
			}
		}
		if c.acked != 3 || c.unread != 3 || len(c.Status().Open) != 0 {
			t.Errorf("%d acknowledged, %d unread, open: %v", c.acked, c.unread, c.Status().Open)
		}
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		c.Peer("caja-0", "holder", true, false)
		c.Peer("caja-2", "stand-in", false, true)
		c.Peer("caja-3", "stand-in", true, true)
		c.Peer("caja-3", "", true, false)
		c.connect()
		s := c.Status()
		if s.Holder != "caja-0" || !s.Listening || len(s.Others) != 2 || !s.Others[0].Heard || s.Others[1].Heard {
			t.Errorf("%+v", s)
		}
	})
}

// Whatever comes on the claims' topic is read or dropped, and never stops what
// is behind it.
func FuzzClaim(f *testing.F) {
	f.Add([]byte(`{"order":"justo/a","word":"claim","by":"caja-2","role":"holder"}`))
	f.Add([]byte(`{"order":"justo/a","word":"yours","by":"caja-2","role":"stand-in","to":"caja-1"}`))
	f.Add([]byte(`{"order":"","word":"mine"}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := decode(payload)
		if err != nil {
			return
		}
		taker := claim.New("caja-1", claim.StandIn, takeover, claim.Snapshot{})
		taker.Connected(0)
		taker.Arrived(0, m.Order, false)
		taker.Read(0, m)
		taker.Read(0, claim.Message{Order: m.Order, Word: claim.Claim, By: m.By, Role: m.Role})
		taker.Tick(time.Hour)
	})
}
