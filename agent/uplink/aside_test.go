package uplink_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// logLarge makes an entry of the timeline of about so many bytes.
func logLarge(t *testing.T, st *store.Store, text string) {
	t.Helper()
	if err := st.Update(func(tx *store.Tx) error {
		return tx.Log(store.Entry{Kind: "test.large", Text: text, Severity: store.Info})
	}); err != nil {
		t.Fatal(err)
	}
}

// noise is text that does not compress to less than half.
func noise(t *testing.T, bytes int) string {
	t.Helper()
	b := make([]byte, bytes/2)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

// An event that is too large for the broker blocks nothing and leaves no gap:
// another goes in its place, people are told, and it stays, whatever is swept.
// When the bound is raised it goes by itself, and the backend has it whole.
func TestTooLargeIsWithheld(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Lines: []string{"message_size_limit 8192"}})
	backend := consumer(t, broker)
	path := filepath.Join(t.TempDir(), "mostrador.db")
	st := openStoreAt(t, path)
	emit(t, st, 3)
	logLarge(t, st, strings.Repeat("ñ", 10_000))
	emit(t, st, 3)
	set := settings(broker.URL())
	set.MaxPayload = 8192
	u, stop := start(t, set, st, newDesk())
	events := backend.WaitEvents("timeline", 8, patience) // one tells of it
	drained(t, st)
	backend.Check()
	var instead uplink.Withheld
	if e := events[3]; e.Type != uplink.WithheldType || e.Sequence != "00000000000000000004" {
		t.Fatalf("in its place went %s", e.Raw)
	}
	events[3].Into(t, &instead)
	if instead.Type != "mostrador.log.v1" || instead.Bytes < 20_000 {
		t.Errorf("it tells of %+v", instead)
	}
	if !strings.Contains(string(events[7].Raw), "uplink.withheld") {
		t.Errorf("nobody is told: %s", events[7].Raw)
	}
	if n, err := st.Sweep(store.Moment{Wall: time.Now().Add(time.Hour)}, 0, 0); err != nil || n == 0 {
		t.Fatalf("%d swept: %v", n, err)
	}
	if held := u.Status().Withheld; len(held) != 1 || held[0].Sequence != 4 || held[0].Bytes != instead.Bytes {
		t.Fatalf("held back: %+v", held)
	}
	stop()

	// The same settings again: nothing goes twice, nobody is told twice.
	_, stop = start(t, set, st, newDesk())
	emit(t, st, 1)
	backend.WaitEvents("timeline", 9, patience)
	drained(t, st)
	stop()
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	st = openStoreAt(t, path)
	set.Batch = true // the other way to make it fit
	u, _ = start(t, set, st, newDesk())
	events = backend.WaitEvents("timeline", 10, patience)
	whole := events[9]
	if sum := sha256.Sum256(whole.Raw); whole.Sequence != events[3].Sequence || whole.ID != instead.ID || hex.EncodeToString(sum[:]) != instead.SHA256 {
		t.Errorf("what came is not what was held back: %s", whole.Raw)
	}
	eventually(t, "nothing held back", nil, func() bool { s := u.Status(); return len(s.Withheld) == 0 && len(s.Replays) == 0 })
	backend.Check()
	if _, err := st.Sweep(store.Moment{Wall: time.Now().Add(time.Hour)}, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Replay(store.StreamTimeline, "", 4, "the test"); err == nil {
		t.Error("it is kept although it has gone")
	}
}

// A broker that ends the connection over a large message, with no bound set: the
// advice names it.
func TestTooLargeForTheBroker(t *testing.T) {
	st := openStore(t)
	logLarge(t, st, strings.Repeat("ñ", 100_000))
	u, _ := start(t, settings(stubborn{suback: 1, most: 150_000}.listen(t)), st, newDesk())
	eventually(t, "the advice", nil, func() bool { return strings.Contains(u.Status().Advice, "set max_payload in [uplink]") })
}

// With batches, one that fits when it is compressed goes so; one that does not
// fit even so is held back, and those about it go in batches all the same.
func TestTooLargeInBatches(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Lines: []string{"message_size_limit 8192"}})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 60)
	logLarge(t, st, strings.Repeat("ñ", 50_000))
	logLarge(t, st, noise(t, 40_000))
	logLarge(t, st, noise(t, 60_000))
	emit(t, st, 60)
	set := batchSettings(broker.URL())
	set.MaxPayload, set.AcknowledgedBy = 8192, "backend"
	backend.Answer()
	u, _ := start(t, set, st, newDesk())
	events := backend.WaitEvents("timeline", 125, patience)
	drained(t, st)
	backend.Check()
	if r := backend.Report(); r.Batches == 0 || r.Messages > 60 {
		t.Errorf("%d messages, %d of them batches", r.Messages, r.Batches)
	}
	if len(events[60].Raw) < 100_000 || events[61].Type != uplink.WithheldType || events[62].Type != uplink.WithheldType {
		t.Errorf("%d bytes, then %s, %s", len(events[60].Raw), events[61].Type, events[62].Type)
	}
	if held := u.Status().Withheld; len(held) != 2 {
		t.Errorf("held back: %+v", held)
	}
}
