package uplink_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// What is set aside can be listed and read as the bytes that go up later, and be
// given up: then it never goes, nobody is told of it, and it is swept; the other
// goes when it may.
func TestWithheldIsGivenUp(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 3)
	logLarge(t, st, strings.Repeat("ñ", 10_000))
	logLarge(t, st, strings.Repeat("<&", 10_000))
	set := settings(broker.URL())
	set.MaxPayload, set.AcknowledgedBy = 8192, "backend"
	u, stop := start(t, set, st, newDesk())
	backend.WaitEvents("timeline", 7, patience) // two tell of it
	held, err := u.WithheldEvents()
	if err != nil || len(held) != 2 || held[0].Sequence != 4 || held[1].Sequence != 5 || held[0].ID == "" || held[0].At.IsZero() {
		t.Fatalf("set aside: %+v, %v", held, err)
	}
	if err := u.Discard(held[0].Stream, held[0].Position, "a.jsonl", "Ana"); !errors.Is(err, uplink.ErrTooSoon) {
		t.Errorf("given up before anything stood in its place: %v", err)
	}
	backend.Answer()
	drained(t, st)
	message, err := u.WithheldMessage(held[1].Stream, held[1].Position)
	if err != nil || len(message) != held[1].Bytes {
		t.Fatalf("%d bytes, of %d: %v", len(message), held[1].Bytes, err)
	}

	if err := u.Discard(held[0].Stream, held[0].Position, "a.jsonl", "Ana"); err != nil {
		t.Fatal(err)
	}
	if now := u.Status().Withheld; len(now) != 1 || now[0].Sequence != 5 {
		t.Errorf("still told of: %+v", now)
	}
	if err := u.Discard(held[0].Stream, held[0].Position, "a.jsonl", "Ana"); !errors.Is(err, uplink.ErrNotWithheld) {
		t.Errorf("given up twice: %v", err)
	}
	if _, err := u.WithheldMessage(held[0].Stream, held[0].Position); !errors.Is(err, uplink.ErrNotWithheld) {
		t.Errorf("there is a message of what was given up: %v", err)
	}
	told := backend.WaitEvents("timeline", 8, patience)[7]
	for _, what := range []string{"uplink.discarded", "Ana", "a.jsonl", "evento 4 de timeline"} {
		if !strings.Contains(string(told.Raw), what) {
			t.Errorf("the timeline does not say %s: %s", what, told.Raw)
		}
	}
	drained(t, st)
	stop()

	set.MaxPayload = 0
	u, _ = start(t, set, st, newDesk())
	whole := backend.WaitEvents("timeline", 9, patience)[8]
	if !bytes.Equal(whole.Raw, message) {
		t.Errorf("what was read is not what goes up: %.200s", whole.Raw)
	}
	eventually(t, "nothing set aside", nil, func() bool { s := u.Status(); return len(s.Withheld) == 0 && len(s.Replays) == 0 })
	emit(t, st, 1)
	for _, e := range backend.WaitEvents("timeline", 10, patience) {
		if e.ID == held[0].ID {
			t.Error("what was given up has gone up")
		}
	}
	drained(t, st)
	backend.Check()
	if _, err := st.Sweep(store.Moment{Wall: time.Now().Add(time.Hour)}, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Replay(store.StreamTimeline, "", 4, "the test"); !errors.Is(err, uplink.ErrNothing) {
		t.Errorf("it is kept although it was given up: %v", err)
	}
}
