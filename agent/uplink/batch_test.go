package uplink_test

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"testing"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

func batchSettings(broker string) uplink.Settings {
	set := settings(broker)
	set.Batch = true
	return set
}

// A backlog goes in few messages, as the same events in the same order; what
// comes when nothing waits goes plain.
func TestBacklogGoesInBatches(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 600) // of each of two streams
	u, _ := start(t, batchSettings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 600, patience)
	backend.WaitEvents("timeline", 600, patience)
	drained(t, st)
	r := backend.Report()
	if r.Batches == 0 || r.Messages > 30 {
		t.Errorf("%d messages, %d of them batches", r.Messages, r.Batches)
	}
	for i := range 5 {
		emit(t, st, 1)
		backend.WaitEvents("sales", 601+i, patience)
		backend.WaitEvents("timeline", 601+i, patience)
	}
	if n := backend.Report().Batches; n != r.Batches {
		t.Errorf("%d batches although nothing waited", n-r.Batches)
	}
	if backend.Check(); backend.Report().Duplicates != 0 {
		t.Error("events came twice on a good line")
	}
	eventually(t, "an empty outbox", nil, func() bool { return len(waitingOf(u)) == 0 })
}

// Tools that are not ours read a batch, as docs/mqtt.md shows.
func TestBatchesAreReadByOtherTools(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	host, port, _ := net.SplitHostPort(broker.Addr())
	listen := []string{"-h", host, "-p", port, "-i", "tools", "-c", "-q", "1", "-t", "mostrador/v1/+/+/up/+"}
	if out, err := exec.Command("mosquitto_sub", append(listen, "-E")...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_sub: %v: run packaging/install-tools\n%s", err, out)
	}
	st := openStore(t)
	emitSales(t, st, 500)
	start(t, batchSettings(broker.URL()), st, newDesk())
	drained(t, st)
	batch, err := exec.Command("mosquitto_sub", append(listen, "-C", "1", "-N", "-W", "30")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	unpack := exec.Command("zstd", "-d", "-c")
	unpack.Stdin = bytes.NewReader(batch)
	text, err := unpack.Output()
	if err != nil {
		t.Fatalf("zstd: %v: run packaging/install-tools\n%x", err, batch)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	uplinktest.Validate(t, prefix+"/up/sales", line)
	if n := bytes.Count(text, []byte("\n")); n < 100 {
		t.Errorf("%d events in %d bytes", n, len(batch))
	}
}

// A batch settles nothing as a whole: the backend answers to the event, and
// what it has not answered goes again, cut anew, as the same bytes.
func TestBackendAcknowledgesWithinABatch(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	epoch := st.Opening().Epoch
	emit(t, st, 100)
	set := batchSettings(line.URL())
	set.AcknowledgedBy = "backend"
	u, _ := start(t, set, st, newDesk())
	backend.WaitEvents("sales", 100, patience)
	backend.WaitEvents("timeline", 100, patience)
	acknowledge(t, backend, "sales", epoch, 40, map[int]string{30: "la sucursal no existe"})
	acknowledge(t, backend, "timeline", epoch, 100, nil)
	eventually(t, "the marks", nil, func() bool {
		return sent(t, st, store.StreamSales) == 40 && sent(t, st, store.StreamTimeline) == 100
	})
	if n := u.Status().Rejected[store.StreamSales]; n != 1 {
		t.Errorf("%d are rejected", n)
	}
	backend.WaitEvents("timeline", 101, patience) // tells of the rejection
	acknowledge(t, backend, "timeline", epoch, 101, nil)
	eventually(t, "the mark", nil, func() bool { return sent(t, st, store.StreamTimeline) == 101 })
	line.Drop()
	backend.Wait(patience, "60 sales once more", func() bool { return backend.Duplicates() == 60 })
	acknowledge(t, backend, "sales", epoch, 100, nil)
	drained(t, st)
	backend.Check()
}

// What a backend leaves unanswered stops a batch where it would stop events.
func TestBatchesStopAheadOfTheBackend(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emitSales(t, st, 5000)
	set := batchSettings(broker.URL())
	set.AcknowledgedBy = "backend"
	start(t, set, st, newDesk())
	backend.WaitEvents("sales", 4096, patience)
	acknowledge(t, backend, "sales", st.Opening().Epoch, 100, nil)
	backend.WaitEvents("sales", 4196, patience)
	if n := backend.Count("sales"); n != 4196 {
		t.Errorf("%d sales are at the backend, which has answered 100", n)
	}
	acknowledge(t, backend, "sales", st.Opening().Epoch, 4196, nil)
	backend.WaitEvents("sales", 5000, patience)
	backend.Check()
}

// What is sent again on command goes in batches, too, and to its end.
func TestReplayInBatches(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emit(t, st, 600)
	u, _ := start(t, batchSettings(broker.URL()), st, newDesk())
	backend.WaitEvents("sales", 600, patience)
	drained(t, st)
	before := backend.Report().Messages
	if _, err := u.Replay(store.StreamSales, "", 101, "the test"); err != nil {
		t.Fatal(err)
	}
	backend.Wait(patience, "500 sales once more", func() bool { return backend.Duplicates() == 500 })
	eventually(t, "the end of it", nil, func() bool { return len(u.Status().Replays) == 0 })
	if n := backend.Report().Messages - before; n > 20 {
		t.Errorf("500 events took %d messages", n)
	}
	backend.Check()
}

// The rate counts messages: a batch is one of them.
func TestRateCountsBatches(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st := openStore(t)
	emitSales(t, st, 2000)
	set := batchSettings(broker.URL())
	set.Rate = 5 // two thousand one by one would take 400 s
	start(t, set, st, newDesk())
	backend.WaitEvents("sales", 2000, patience)
	backend.Check()
}

// A line that breaks in the middle of a batch, or after batches whose
// acknowledgements were lost.
func TestLineCutInABatch(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	start(t, batchSettings(line.URL()), st, newDesk())
	for round := range 6 {
		if round%3 == 2 {
			line.SetFlow(uplinktest.Through, uplinktest.Lost)
			emit(t, st, 200)
			backend.WaitEvents("sales", 200*round+1, patience)
			line.Cut()
		} else {
			line.CutAfter(int64(500 + 331*round))
			emit(t, st, 200)
		}
		eventually(t, fmt.Sprintf("cut %d", round), nil, line.IsCut)
		line.Restore()
		backend.WaitEvents("sales", 200*(round+1), patience)
		backend.WaitEvents("timeline", 200*(round+1), patience)
		drained(t, st)
	}
	backend.Check()
	if r := backend.Report(); r.Duplicates == 0 || r.Batches == 0 {
		t.Errorf("%d came again, %d batches: the cuts hit nothing", r.Duplicates, r.Batches)
	}
}
