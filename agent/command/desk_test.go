package command

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// A command is done once, however often it comes, and its answer comes again.
func TestACommandIsDoneOnce(t *testing.T) {
	w := newTerminal(t)
	w.printedOrder("4471")
	r := w.command("a1", "reprint", `{"order":"4471"}`)
	if r.Result != Done || r.Output == nil || len(r.Output.Tickets) != 1 || w.jobs() != 2 {
		t.Fatalf("%+v, %d tickets", r, w.jobs())
	}
	for range 2 {
		again := w.command("a1", "reprint", `{"order":"4471"}`)
		if !again.FinishedAt.Wall.Equal(r.FinishedAt.Wall) || again.Result != Done || len(again.Output.Tickets) != 1 {
			t.Errorf("the answer again: %+v", again)
		}
		w.boot()
	}
	if w.jobs() != 2 || len(w.results()) != 3 {
		t.Errorf("%d tickets, %d answers", w.jobs(), len(w.results()))
	}
}

// Each command does what it says, and is refused where that is not possible.
func TestCommands(t *testing.T) {
	w := newTerminal(t)
	w.printedOrder("4471")
	tests := []struct {
		name, arguments string
		want            Outcome
		reason          string
	}{
		{"reprint", `{"ticket":"1"}`, Done, ""},
		{"reprint", `{"order":"99"}`, Refused, "not found"},
		{"reprint", `{"order":"99","ticket":"1"}`, Refused, "either"},
		{"pause", `{"printer":"cocina","reason":"Cambian el cabezal"}`, Done, ""},
		{"pause", `{"printer":"terraza"}`, Refused, "not found"},
		{"resume", `{"printer":"cocina"}`, Done, ""},
		{"message", `{"text":"Hoy cerramos a las 22:00","severity":"warning"}`, Done, ""},
		{"message", `{"text":"a\n{img:x} \\\\ ^^b","printer":"caja"}`, Done, ""},
		{"message", `{"text":"x","printer":"terraza"}`, Refused, "not found"},
		{"message", `{"text":""}`, Refused, "1 to 1000"},
		{"diagnostics", `{}`, Done, ""},
		{"log_level", `{"level":"debug"}`, Done, ""},
		{"log_level", `{"level":"loud"}`, Refused, "one of"},
		{"replay", `{"stream":"gossip","from":"00000000000000000001"}`, Refused, "one of"},
		{"replay", `{"stream":"sales","from":"00000000000000000007"}`, Done, ""},
		{"replay", `{"stream":"sales","from":"00000000000000000041"}`, Refused, "nothing to send again"},
		{"explode", `{}`, Refused, "knows no command"},
		{"resume", `{"printer":"cocina","force":true}`, Refused, "unknown field"},
	}
	for i, tt := range tests {
		r := w.command(fmt.Sprint("c", i), tt.name, tt.arguments)
		if r.Result != tt.want || !strings.Contains(r.Reason, tt.reason) || r.Command != tt.name || r.ID != fmt.Sprint("c", i) {
			t.Errorf("%s %s: %+v", tt.name, tt.arguments, r)
		}
	}
	if !slices.Equal(w.levels, []slog.Level{slog.LevelDebug}) {
		t.Errorf("log levels: %v", w.levels)
	}
	if p, err := w.commands.Printer("cocina"); err != nil || p.State == spool.Paused {
		t.Errorf("the printer: %+v, %v", p, err)
	}
}

// The bundle is whole, bounded, and holds nothing of customers.
func TestDiagnosticsBundle(t *testing.T) {
	w := newTerminal(t)
	w.printedOrder("4471")
	w.commands.Knows(
		Source{Name: "log.txt", Read: func() (any, error) { return "a line\n", nil }, Check: func() []Check { return []Check{{Name: "x", State: Fault}} }},
		Source{Name: "broken.txt", Read: func() (any, error) { return nil, errors.New("no such thing") }},
		Source{Name: "some.bin", Read: func() (any, error) { return randomBytes(20 << 10), nil }},
		Source{Name: "huge.bin", Read: func() (any, error) { return randomBytes(2 * maxBundle), nil }},
	)
	b := w.command("d1", "diagnostics", `{}`).Output.Bundle
	sum := sha256.Sum256(b.Base64)
	if b.Size != len(b.Base64) || b.Size > maxBundle || hex.EncodeToString(sum[:]) != b.SHA256 {
		t.Errorf("%d bytes of %d, %s", len(b.Base64), b.Size, b.SHA256)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Base64), int64(b.Size))
	w.no(err)
	for name, want := range map[string]string{
		"contents.txt": "huge.bin: left out", "log.txt": "a line", "broken.txt": "no such thing", "about.json": `"lima-01"`,
		"doctor.json": `"fault"`, "uplink.json": `"connected": false`, "tickets.json": `"comanda"`, "events.txt": "command.received",
	} {
		text, err := fs.ReadFile(z, name)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %s", name, err, text)
		}
	}
	if again := w.command("d1", "diagnostics", `{}`); again.Result != Done || again.Output != nil {
		t.Errorf("the same again: %+v", again)
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// What the process ended in is answered as interrupted and not done again; a
// restart is done by the start that follows.
func TestInterruptedCommands(t *testing.T) {
	w := newTerminal(t)
	w.printedOrder("4471")
	w.send(w.Command, w.written("a1", "reprint", `{"order":"4471"}`, time.Hour))
	n, c, err := w.oldest()
	w.no(err)
	w.no(w.begin(n, c))
	w.boot()
	w.no(w.settleBegun())
	w.work(t.Context())
	if r := w.last(); r.Result != Interrupted || r.ID != "a1" || w.jobs() != 1 {
		t.Errorf("%+v, %d tickets", r, w.jobs())
	}
	if r := w.command("a1", "reprint", `{"order":"4471"}`); r.Result != Interrupted || w.jobs() != 1 {
		t.Errorf("the same again: %+v, %d tickets", r, w.jobs())
	}

	answers := len(w.results())
	w.send(w.Command, w.written("a2", "restart", `{}`, time.Hour))
	w.work(t.Context())
	w.work(t.Context())
	w.no(w.settleBegun()) // the part failed and was started again in the same process
	if len(w.restarts) != 1 || len(w.results()) != answers {
		t.Errorf("restarts %v, %d answers", w.restarts, len(w.results()))
	}
	w.boot()
	w.no(w.settleBegun())
	w.work(t.Context())
	if r := w.last(); r.Result != Done || r.ID != "a2" || len(w.restarts) != 1 {
		t.Errorf("%+v, restarts %v", r, w.restarts)
	}
}

// What is late is not done. Without a synchronised clock only what the cloud
// itself has written shows that something is.
func TestLateCommands(t *testing.T) {
	at := time.Date(2026, 3, 14, 18, 0, 0, 0, time.UTC)
	moment := func(wall time.Time, uptime time.Duration, synced bool) store.Moment {
		return store.Moment{Wall: wall, Boot: "b", Uptime: uptime, Synced: synced}
	}
	long := at.AddDate(-6, 0, 0) // a clock without a battery
	tests := []struct {
		name    string
		now     store.Moment // when it is done
		expires time.Time
		heard   time.Time // when the cloud wrote something that came at uptime 0
		cloud   time.Time // by its clock, where that was compared
		want    Outcome
		clock   string
	}{
		{"in time", moment(at, 0, true), at.Add(time.Minute), at, time.Time{}, Done, ""},
		{"late", moment(at, 0, true), at.Add(-time.Second), at.Add(-time.Hour), time.Time{}, Expired, ""},
		{"wrong clock, in time", moment(long, time.Minute, false), at.Add(time.Hour), at, time.Time{}, Done, "unconfirmed"},
		{"wrong clock, late by what came since", moment(long, 2*time.Hour, false), at.Add(time.Hour), at, time.Time{}, Expired, ""},
		{"late by the cloud's clock", moment(long, 0, false), at.Add(time.Hour), at, at.Add(2 * time.Hour), Expired, ""},
		{"in time by the cloud's clock", moment(long, 2*time.Hour, false), at.Add(time.Hour), at, at, Done, ""},
		{"clock far ahead", moment(at.AddDate(6, 0, 0), 0, false), at.Add(time.Hour), at, time.Time{}, Done, "unconfirmed"},
	}
	for _, tt := range tests {
		w := newTerminal(t)
		w.cloud.heard(tt.heard, moment(long, 0, false))
		w.now = func() store.Moment { return tt.now }
		w.machine.CloudTime = func(store.Moment) (time.Time, bool) { return tt.cloud, !tt.cloud.IsZero() }
		w.send(w.Command, fmt.Sprintf(`{"id":"a","command":"log_level","issued_at":%q,"expires_at":%q,"arguments":{"level":"info"}}`,
			tt.heard.Format(time.RFC3339), tt.expires.Format(time.RFC3339)))
		w.cloud = cloudClock{tt.heard, moment(long, 0, false)}
		w.work(t.Context())
		if r := w.last(); r.Result != tt.want || r.Clock != tt.clock || (len(w.levels) == 1) != (tt.want == Done) {
			t.Errorf("%s: %+v, %v", tt.name, r, w.levels)
		}
	}
}

// Of more commands than are kept the oldest are forgotten, of more than may wait
// the newest are refused.
func TestManyCommands(t *testing.T) {
	w := newTerminal(t)
	for i := range maxWaiting + 1 {
		w.send(w.Command, w.written(fmt.Sprint("a", i), "log_level", `{"level":"info"}`, time.Hour))
	}
	if r := w.last(); r.Result != Refused || r.ID != fmt.Sprint("a", maxWaiting) {
		t.Errorf("%+v", r)
	}
	w.work(t.Context())
	if len(w.levels) != maxWaiting {
		t.Errorf("%d done", len(w.levels))
	}
	var known int
	w.no(w.st.Update(func(tx *store.Tx) error {
		for i := range 2 * keptCommands {
			if err := keep(tx, &taken{ID: fmt.Sprint("b", i), Answer: &Result{}}, uint64(maxWaiting+2+i)); err != nil {
				return err
			}
		}
		for i := range 2 * keptCommands {
			if numberIn(tx.Cursor(cursorOf(fmt.Sprint("b", i)))) != 0 {
				known++
			}
		}
		return nil
	}))
	if known != keptCommands {
		t.Errorf("%d are known", known)
	}
}

// The desk takes what the schema allows, and refuses what it does not: every
// fault that is planted into an example.
func TestTheDeskAndTheSchemasAgree(t *testing.T) {
	contract, err := uplinktest.LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]func([]byte) error{
		"down.commands.v1": func(b []byte) error { _, err := readCommand(b); return err },
		"down.config.v1": func(b []byte) error {
			var m configMessage
			return errors.Join(strict(b, 2*maxConfig, &m), m.check())
		},
		"down.catalogue.v1": func(b []byte) error {
			var c order.Catalogue
			return errors.Join(strict(b, maxCatalogue, &c), c.Check())
		},
	}
	planted := 0
	for schema, read := range reads {
		for _, example := range uplinktest.Examples(t, schema) {
			for _, variant := range uplinktest.Faults(t, example) {
				byContract, byDesk := contract.Check(schema, variant), read(variant)
				if byContract == nil && strings.Contains(fmt.Sprint(byDesk), "no product has the external_id") {
					continue // no schema can say that
				}
				if (byContract == nil) != (byDesk == nil) {
					t.Errorf("%s: the schema says %v, the desk %v: %s", schema, byContract, byDesk, variant)
				}
				planted++
			}
		}
	}
	if planted < 300 {
		t.Errorf("only %d variants", planted)
	}
	t.Logf("%d variants", planted)
}

func FuzzReadCommand(f *testing.F) {
	f.Add([]byte(`{"id":"a","command":"restart","issued_at":"2026-03-14T18:20:00Z","expires_at":"2026-03-14T18:30:00Z"}`))
	f.Add([]byte(`{"id":"a","command":"reprint","arguments":{"order":null}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := readCommand(payload)
		if err == nil && (c.ID == "" || c.ExpiresAt.IsZero() && c.IssuedAt.IsZero()) && !strings.Contains(string(payload), "0001-01-01") {
			t.Errorf("taken: %+v", c)
		}
	})
}
