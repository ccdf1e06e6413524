package uplink_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

func TestDrainsInOrder(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 2500) // of each of two streams
	start(t, settings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 2500, patience)
	backend.WaitEvents("timeline", 2500, patience)
	drained(t, st)
	backend.Check()
	if n := backend.Report().Duplicates; n != 0 {
		t.Errorf("%d events came twice on a good line", n)
	}
	for i, e := range backend.Events("timeline") {
		var entry store.Entry
		if e.Into(t, &entry); entry.Text != fmt.Sprint(i) {
			t.Fatalf("event %d tells of %s", i, entry.Text)
		}
	}
}

// The broker comes long after the first event; what was sent before a stop is
// not sent again.
func TestBrokerAwayAtStart(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})
	consumer(t, broker).Close() // leaves its session, so that it misses nothing
	broker.Stop()
	st := openStore(t)
	emit(t, st, 100)
	u, stop := start(t, settings(broker.URL()), st, newDesk())
	eventually(t, "an error in words", nil, func() bool {
		s := u.Status()
		return strings.Contains(s.LastError, "nothing listens") && s.Advice != "" && !s.NextTry.IsZero()
	})
	if w := u.Status().Waiting; len(w) != 2 || w[0].Count != 100 || w[0].Oldest.IsZero() {
		t.Errorf("waiting: %+v", w)
	}
	broker.Start()
	backend := consumer(t, broker)
	backend.WaitEvents("sales", 100, patience)
	backend.WaitEvents("timeline", 100, patience)
	stop()
	start(t, settings(broker.URL()), st, newDesk())
	emit(t, st, 1)
	backend.WaitEvents("sales", 101, patience)
	backend.WaitEvents("timeline", 101, patience)
	backend.Check()
	if r := backend.Report(); r.Duplicates != 0 {
		t.Errorf("%d events came twice although the stop was in order", r.Duplicates)
	}
}

// A line that is cut again and again in the middle of the window, after odd
// numbers of bytes, with lost acknowledgements before the cut.
func TestLineCutInTheWindow(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	start(t, settings(line.URL()), st, newDesk())
	for round := range 12 {
		line.CutAfter(int64(3000 + 1331*round)) // less than a window
		if round%3 == 2 {
			line.SetFlow(uplinktest.Through, uplinktest.Lost) // PUBACKs
		}
		emit(t, st, 200)
		eventually(t, "the cut", nil, line.IsCut)
		line.Restore()
		backend.WaitEvents("sales", 200*(round+1), patience)
		backend.WaitEvents("timeline", 200*(round+1), patience)
		drained(t, st) // nothing in flight, so that the next round has a whole window
	}
	backend.Check()
	if backend.Report().Duplicates == 0 {
		t.Error("nothing was sent again: the cuts did not hit the window")
	}
}

// A PUBACK that never arrives is no acknowledgement, however the token of the
// library may end; the same bytes go again.
func TestLostAcknowledgement(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	u, _ := start(t, settings(line.URL()), st, newDesk())
	connected(t, u)
	line.SetFlow(uplinktest.Through, uplinktest.Lost)
	emit(t, st, 10)
	backend.WaitEvents("sales", 10, patience)
	backend.WaitEvents("timeline", 10, patience)
	if sent(t, st, store.StreamSales) != 0 {
		t.Error("the store says that unacknowledged events were sent")
	}
	line.Drop()
	line.Restore()
	drained(t, st)
	backend.Wait(patience, "the repetition", func() bool { return backend.Report().Duplicates >= 20 })
	backend.Check()
}

// Kill -9 of the broker in the middle of a drain. What it had acknowledged is
// its own to keep; every event behind that arrives, in order.
func TestBrokerKilled(t *testing.T) {
	for _, persistent := range []bool{false, true} {
		t.Run(fmt.Sprintf("persistent=%v", persistent), func(t *testing.T) {
			broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: persistent})
			line := uplinktest.NewLine(t, broker.Addr())
			st := openStore(t)
			emit(t, st, 2000)
			set := settings(line.URL())
			set.Rate = 1000 // not through before it is killed
			u, _ := start(t, set, st, newDesk())
			eventually(t, "the first acknowledgement", nil, func() bool { return !u.Status().LastAcked.IsZero() })
			broker.Kill()
			line.Cut()
			eventually(t, "the loss", nil, func() bool { return !u.Status().Connected })
			acked := sent(t, st, store.StreamSales)
			if acked == 2000 {
				t.Fatal("the kill came too late to show anything")
			}
			broker.Start()
			backend := consumer(t, broker) // before the uplink is back
			line.Restore()
			drained(t, st)
			backend.Wait(patience, "the last sale", func() bool {
				n := backend.Count("sales")
				return n > 0 && backend.Events("sales")[n-1].Sequence == fmt.Sprintf("%020d", 2000)
			})
			have := map[string]bool{}
			for _, e := range backend.Events("sales") {
				have[e.Sequence] = true
			}
			for n := acked + 1; n <= 2000; n++ {
				if !have[fmt.Sprintf("%020d", n)] {
					t.Errorf("sale %d is missing although only %d were acknowledged", n, acked)
				}
			}
			if r := backend.Report(); len(r.Changed)+len(r.Disorder)+len(r.Invalid) != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func sent(t *testing.T, st *store.Store, s store.Stream) (position uint64) {
	t.Helper()
	if err := st.View(func(tx *store.Tx) error { position = tx.Sent(s); return nil }); err != nil {
		t.Fatal(err)
	}
	return position
}

// A broker that is restarted in order, with the backend away: it keeps what it
// has acknowledged, and nothing is missing.
func TestBrokerRestarts(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})
	consumer(t, broker).Close() // leaves its session
	st := openStore(t)
	start(t, settings(broker.URL()), st, newDesk())
	for range 3 {
		emit(t, st, 100)
		broker.Stop()
		emit(t, st, 100)
		broker.Start()
	}
	drained(t, st)
	backend := consumer(t, broker)
	backend.WaitEvents("sales", 600, patience)
	backend.WaitEvents("timeline", 600, patience)
	backend.Check()
}

// The terminal's process ends in the middle; the next one goes on.
func TestAgentRestarts(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	path := filepath.Join(t.TempDir(), "mostrador.db")
	for range 5 {
		st := openStoreAt(t, path)
		u, stop := start(t, settings(broker.URL()), st, newDesk())
		emit(t, st, 500)
		eventually(t, "something acknowledged", nil, func() bool { return !u.Status().LastAcked.IsZero() })
		stop()
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	st := openStoreAt(t, path)
	start(t, settings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 2500, patience)
	backend.WaitEvents("timeline", 2500, patience)
	backend.Check()
}

// A half-open line: everything looks connected and nothing arrives. It is
// noticed by the missing ping answer.
func TestHalfOpenLine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the 25 s that the keep-alive needs")
	}
	t.Parallel()
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	u, _ := start(t, settings(line.URL()), st, newDesk())
	connected(t, u)
	line.SetFlow(uplinktest.Lost, uplinktest.Lost)
	begun, emitted := time.Now(), false
	eventually(t, "the loss", nil, func() bool {
		if !emitted && time.Since(begun) > 15*time.Second { // the library gives up from 20 s on
			emit(t, st, 50)
			emitted = true
		}
		return !u.Status().Connected
	})
	if !emitted {
		t.Fatal("the loss was noticed before anything could be lost")
	}
	if took := time.Since(begun); took > 35*time.Second { // 25 s, and a busy machine
		t.Errorf("a half-open line was noticed after %v", took)
	} else {
		t.Logf("noticed after %v", took)
	}
	if s := u.Status(); !strings.Contains(s.LastError, "went dead") {
		t.Errorf("last error: %s", s.LastError)
	}
	line.Restore()
	backend.WaitEvents("sales", 50, patience)
	backend.WaitEvents("timeline", 50, patience)
	backend.Check()
}

// An order's event does not wait behind a backlog of sales.
func TestUrgentStreamsGoFirst(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 2000)
	if err := st.Update(func(tx *store.Tx) error {
		for range 20 {
			if _, err := tx.Emit(store.StreamRequests, "mostrador.request.v1", json.RawMessage(request)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	start(t, settings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 2000, patience)
	backend.WaitEvents("timeline", 2000, patience)
	backend.WaitEvents("requests", 20, patience)
	backend.Check()
	count := map[string]int{}
	for i, topic := range backend.Arrivals() {
		count[topic]++
		if count[prefix+"/up/requests"] == 20 {
			if i > 40 {
				t.Errorf("the 20 requests were through only after %d events", i+1)
			}
			break
		}
	}
	if count[prefix+"/up/sales"] == 0 {
		t.Error("sales starved behind the requests")
	}
}

const request = `{"id":"019580a0-6c3e-7b1a-9a55-3f1f8f0c2b14","expires_at":"2026-03-14T18:30:05Z",` +
	`"integration":{"provider":"justo","nickname":"Justo"},"order":{"id":"019580a0-6c3e-7b1a-9a55-3f1f8f0c2b12","channel_id":"x","number":"1"},"action":"accept"}`

// 1 MB goes as it is and blocks nothing.
func TestLargeEvent(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	if err := st.Update(func(tx *store.Tx) error {
		return tx.Log(store.Entry{Kind: "test.large", Text: strings.Repeat("ñ", 500_000), Severity: store.Info})
	}); err != nil {
		t.Fatal(err)
	}
	emit(t, st, 3)
	start(t, settings(broker.URL()), st, newDesk())
	backend.WaitEvents("timeline", 4, patience)
	drained(t, st)
	backend.Check()
}

func TestNoBroker(t *testing.T) {
	st := openStore(t)
	emit(t, st, 3)
	set := settings("")
	set.AcknowledgedBy, set.Rate, set.Batch = "backend", 5, true
	u, stop := start(t, set, st, newDesk())
	if s := u.Status(); s.Connected || len(s.Waiting) != 2 || len(s.Notices) != 0 {
		t.Errorf("status without a broker: %+v", s)
	}
	stop()
}

var _ uplink.Handler = (*desk)(nil)
