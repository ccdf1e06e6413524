package spool

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// overABoot dates a ticket from an earlier boot whose clock nobody had set.
func overABoot(off time.Duration) func(*store.Job) {
	return func(j *store.Job) {
		j.QueuedAt.Boot, j.QueuedAt.Synced = "an earlier one", false
		j.QueuedAt.Wall = j.QueuedAt.Wall.Add(off)
	}
}

// Where nobody knows the hour, a ticket's wait counts from when it was seen: it
// is neither told at once, as of decades, nor never.
func TestWaitOverABoot(t *testing.T) {
	set := func(s *Settings) { s.AlarmAfter[store.ComandaTicket] = 3 * time.Minute }
	inTime(t, []string{"cocina"}, set, func(c *counter) {
		c.machines["cocina"].unplug()
		c.queue("cocina", store.ComandaTicket, "lomo", overABoot(time.Hour))
		c.queue("cocina", store.ComandaTicket, "arroz", overABoot(-30*365*24*time.Hour))
		c.pass(2 * time.Minute)
		c.wantEntries("ticket.waiting", 0)
		c.pass(2 * time.Minute)
		for _, e := range c.wantEntries("ticket.waiting", 2) {
			if !strings.Contains(e.Text, "desde hace al menos 3 min en cocina") {
				t.Errorf("staff are told %q", e.Text)
			}
		}
		c.pass(time.Hour)
		c.wantEntries("ticket.waiting", 2)
	})
}

// What waited over a boot whose clock nobody had set is in the digest, without
// an age that nobody knows.
func TestDigestOverABoot(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.machines["cocina"].unplug()
		c.pass(time.Second)
		c.queue("cocina", store.ComandaTicket, "lomo", overABoot(time.Hour), maxAge(time.Hour))
		c.queue("cocina", store.ComandaTicket, "arroz", overABoot(-30*365*24*time.Hour), maxAge(time.Hour))
		c.pass(5 * time.Minute)
		c.machines["cocina"].plug()
		c.pass(time.Minute)
		papers := c.papers("cocina")
		if len(papers) != 3 || !strings.Contains(papers[1], "HORASINCONFIRMAR") {
			t.Fatalf("papers %q", papers)
		}
		if strings.Count(papers[0], "comanda") != 2 || strings.Contains(papers[0], "d1") || strings.Contains(papers[0], "0min") {
			t.Errorf("the digest says %q", papers[0])
		}
	})
}

// A printer that comes and goes makes one digest of an outage, however often it
// catches up.
func TestOneDigestPerOutage(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.pass(time.Second)
		c.machines["cocina"].unplug()
		seq := c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(10 * time.Minute)
		for range 3 {
			if err := c.catchUp(c.unit("cocina")); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.state("cocina").Waiting; n != 2 || c.job(seq+1).Kind != store.DigestTicket {
			t.Errorf("%d tickets wait, want one and its digest", n)
		}
	})
}

// A notice that has not come out when its printer prints again is taken back.
func TestNoticeIsTakenBack(t *testing.T) {
	set := func(s *Settings) { s.Printers[0].AlarmsTo = []string{"caja"} }
	inTime(t, []string{"cocina", "caja"}, set, func(c *counter) {
		c.pass(time.Second)
		if err := c.Pause("caja", "Ana", ""); err != nil {
			t.Fatal(err)
		}
		notice := c.queue("caja", store.ReportTicket, "cocina no imprime")
		if err := c.restand(c.unit("cocina"), func(tx *store.Tx, st *standing) error {
			st.Outage = &outage{From: before(tx.Now(), time.Minute), Notice: notice}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Minute)
		c.wantState(notice, store.JobCancelled)
	})
}

// All that expires on one printer does so in one transaction: each takes the
// disk its time, and the keeper has other printers to watch over.
func TestManyExpireAtOnce(t *testing.T) {
	commits := 0
	st, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{Identity: "s/t", Log: quiet(), OnCommit: func(done bool) {
		if done {
			commits++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s := newSpool(t, st, newMachine(t, "cocina", virtual.Options{}))
	if _, err := st.UpdateVital(func(tx *store.Tx) error {
		for range 50 {
			if err := tx.PutJob(&store.Job{Kind: store.ComandaTicket, Printer: "cocina", State: store.JobQueued,
				QueuedAt: before(tx.Now(), time.Hour), MaxAge: time.Minute}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	queue, now, err := s.queue()
	if err != nil {
		t.Fatal(err)
	}
	commits = 0
	k := keeper{spool: s}
	if left := k.expire(queue, now); len(left["cocina"]) != 0 || commits != 1 {
		t.Errorf("%d are left after %d commits", len(left["cocina"]), commits)
	}
	if queue, _, err := s.queue(); err != nil || len(queue) != 0 {
		t.Errorf("what waits: %v, %v", queue, err)
	}
}

// One damaged record holds up neither what else is of its order nor the start.
func TestUnreadableFamily(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.pass(time.Second)
		c.halt()
		order := c.order(store.Order{Number: "7", Status: store.Preparing})
		lost := c.order(store.Order{Number: "LOST", Status: store.Preparing})
		c.queue("cocina", store.ComandaTicket, "DAMAGED", ofOrder(order, "7"), func(j *store.Job) { j.State = store.JobPrinted })
		torn := c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(order, "7"), func(j *store.Job) {
			j.State, j.Attempts = store.JobSending, []store.Attempt{{Printer: "cocina", Bytes: 10}}
		})
		stale := c.queue("cocina", store.ComandaTicket, "ayer", ofOrder(lost, "8"), maxAge(time.Minute))
		next := c.queue("cocina", store.TestTicket, "otro")
		c.stop()
		file, err := os.ReadFile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, damage := range [][2]string{{`"markup":"DAMAGED`, `"markup":{DAMAGED`}, {`"number":"LOST`, `"number":{LOST`}} {
			file = bytes.ReplaceAll(file, []byte(damage[0]), []byte(damage[1]))
		}
		if err := os.WriteFile(c.path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Hour)
		c.boot()
		c.pass(time.Minute)
		c.wantState(torn, store.JobUnknown)
		c.wantState(stale, store.JobExpired)
		c.wantEntries("ticket.decide", 1)
		c.wantState(next, store.JobPrinted)
	})
}
