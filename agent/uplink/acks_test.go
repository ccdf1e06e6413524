package uplink_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

func backendSettings(broker string) uplink.Settings {
	set := settings(broker)
	set.AcknowledgedBy = "backend"
	return set
}

// acknowledge sends what a backend says of a stream.
func acknowledge(t *testing.T, backend *uplinktest.Consumer, stream, epoch string, through int, rejected map[int]string) {
	t.Helper()
	m := map[string]any{"stream": stream, "epoch": epoch, "through": fmt.Sprintf("%020d", through), "time": time.Now().UTC().Format(time.RFC3339Nano)}
	var list []map[string]string
	for n, reason := range rejected {
		list = append(list, map[string]string{"sequence": fmt.Sprintf("%020d", n), "reason": reason})
	}
	if list != nil {
		m["rejected"] = list
	}
	payload, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	topic := prefix + "/down/acks"
	uplinktest.Validate(t, topic, payload)
	backend.Publish(topic, payload)
}

// With the backend as the one who acknowledges, the broker's word settles
// nothing: what the backend does not answer goes again with each connection, as
// the same bytes, and what it answers does not.
func TestBackendAcknowledges(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	epoch := st.Opening().Epoch
	emit(t, st, 50)
	u, _ := start(t, backendSettings(line.URL()), st, newDesk())
	backend.WaitEvents("sales", 50, patience)
	backend.WaitEvents("timeline", 50, patience)
	if n := sent(t, st, store.StreamSales); n != 0 {
		t.Errorf("%d sales count as sent without a word of the backend", n)
	}
	acknowledge(t, backend, "timeline", epoch, 50, nil)
	acknowledge(t, backend, "sales", epoch, 30, nil)
	eventually(t, "the marks", nil, func() bool {
		return sent(t, st, store.StreamSales) == 30 && sent(t, st, store.StreamTimeline) == 50
	})
	line.Drop()
	backend.Wait(patience, "20 sales once more", func() bool { return backend.Duplicates() == 20 })
	acknowledge(t, backend, "sales", epoch, 20, nil) // an old one comes late
	acknowledge(t, backend, "sales", epoch, 50, nil)
	drained(t, st)
	backend.Check()
	if c := u.Status().ServerClock; c == nil || c.Offset().Abs() > c.Within+time.Second {
		t.Errorf("the clocks were compared to %+v", c)
	}
}

// What the backend rejects is kept, told once, and holds up nothing.
func TestRejectedEvents(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	epoch := st.Opening().Epoch
	emit(t, st, 10)
	u, _ := start(t, backendSettings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 10, patience)
	backend.WaitEvents("timeline", 10, patience)
	for range 2 {
		acknowledge(t, backend, "sales", epoch, 10, map[int]string{4: "la sucursal no existe"})
		acknowledge(t, backend, "timeline", epoch, 10, map[int]string{4: "no"})
	}
	backend.WaitEvents("timeline", 11, patience) // that one tells of the rejection
	acknowledge(t, backend, "timeline", epoch, 11, map[int]string{11: "no"})
	drained(t, st)
	var told []*store.Entry
	if err := st.View(func(tx *store.Tx) error {
		told = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Kind == "uplink.rejected" {
				told = append(told, e)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].Severity != store.Alarm || !strings.Contains(told[0].Text, "4 de sales: la sucursal no existe") {
		t.Fatalf("told: %+v", told)
	}
	if err := st.View(func(tx *store.Tx) error {
		kept, err := tx.Raw(told[0].Raw)
		if err != nil {
			return err
		}
		if want := string(backend.Events("sales")[3].Raw) + "\n"; string(kept.Body) != want {
			t.Errorf("kept %s, want %s", kept.Body, want)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if n := u.Status().Rejected; n[store.StreamSales] != 1 {
		t.Errorf("rejected: %v", n)
	}
	backend.Check()
}

// Acknowledgements that make no sense change nothing, and stop nothing.
func TestNonsenseAcknowledgements(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	epoch := st.Opening().Epoch
	emit(t, st, 5)
	start(t, backendSettings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 5, patience)
	for _, payload := range []string{
		``, `null`, `[]`, `{"stream":"sales","epoch":"` + epoch + `","through":-1}`,
		`{"stream":"sales","epoch":"` + epoch + `","through":"6"}`,
		`{"stream":"sales","epoch":"` + epoch + `","through":"18446744073709551615"}`,
		`{"stream":"nothing","epoch":"` + epoch + `","through":"1"}`,
		`{"stream":"sales","epoch":"0000000000000000","through":"1"}`,
		`{"stream":"sales","epoch":"` + epoch + `","through":"1","rejected":[{"sequence":"2"}]}`,
	} {
		backend.Publish(prefix+"/down/acks", []byte(payload))
	}
	acknowledge(t, backend, "timeline", epoch, 5, nil)
	eventually(t, "the good one", nil, func() bool { return sent(t, st, store.StreamTimeline) == 5 })
	if n := sent(t, st, store.StreamSales); n != 0 {
		t.Errorf("%d sales count as sent", n)
	}
}

// A backend that goes on being silent gets what it has not acknowledged only
// up to a bound; what is behind goes as it answers.
func TestAheadOfTheBackend(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	epoch := st.Opening().Epoch
	emit(t, st, 4200)
	start(t, backendSettings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 4096, patience)
	backend.WaitEvents("timeline", 4096, patience)
	acknowledge(t, backend, "sales", epoch, 1000, nil)
	backend.WaitEvents("sales", 4200, patience)
	if n := backend.Count("timeline"); n != 4096 {
		t.Errorf("%d events of a stream that was never answered", n)
	}
	backend.Check()
}

// Acknowledged events go again on command, as the same bytes, also over a
// restart, and beside what is new.
func TestReplay(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 3000)
	set := settings(broker.URL())
	set.KeepSent = time.Hour
	u, stop := start(t, set, st, newDesk())
	drained(t, st)
	r, err := u.Replay(store.StreamSales, "", 501, "ana")
	if err != nil {
		t.Fatal(err)
	}
	if r.Count != 2500 || r.From != 501 || r.Epoch != st.Opening().Epoch || r.Missing != 0 {
		t.Errorf("replay: %+v", r)
	}
	backend.Wait(patience, "the first repetitions", func() bool { return backend.Duplicates() > 100 })
	stop()
	emit(t, st, 10)
	u, _ = start(t, set, st, newDesk())
	backend.Wait(patience, "all repetitions", func() bool { return backend.Duplicates() >= 2500 })
	backend.WaitEvents("sales", 3010, patience)
	eventually(t, "the end of the replay", nil, func() bool { return len(u.Status().Replays) == 0 })
	drained(t, st)
	backend.Check()
	for _, x := range []struct {
		stream store.Stream
		from   uint64
		want   string
	}{{store.StreamSales, 3011, "never had"}, {store.StreamSales, 0, "never had"}, {"nothing", 1, "no stream"}, {store.StreamOrders, 1, "never had"}} {
		if _, err := u.Replay(x.stream, "", x.from, "ana"); !errors.Is(err, uplink.ErrNothing) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s from %d: %v", x.stream, x.from, err)
		}
	}
}
