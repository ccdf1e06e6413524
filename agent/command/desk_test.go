package command

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers"
	"mostrador/store"
)

// A terminal is a Desk with what stands behind it; the process around it is
// told of, not there.
type terminal struct {
	*testing.T
	*Desk
	st       *store.Store
	path     string // of the store
	config   Configuration
	clock    *store.Clock
	restarts []string
	levels   []slog.Level
	up       atomic.Bool
	stop     func()
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	w := &terminal{T: t, path: filepath.Join(t.TempDir(), "db"), clock: store.NewClock()}
	w.boot()
	return w
}

// boot ends the process, if there is one, and starts the next over the same store.
func (w *terminal) boot() {
	w.Helper()
	if w.st != nil {
		w.no(w.st.Close())
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := store.Open(w.path, store.Options{Identity: "lima-01/caja-1", Log: quiet, Clock: w.clock})
	w.no(err)
	w.Cleanup(func() { st.Close() })
	var printers []spool.Printer
	for _, name := range []string{"cocina", "caja"} {
		printers = append(printers, spool.Printer{Name: name,
			Open: func(context.Context) (drivers.Port, error) { return nil, errors.New("unplugged") }})
	}
	sp, err := spool.New(st, spool.Settings{Printers: printers}, quiet)
	w.no(err)
	w.st = st
	w.Desk = NewDesk(New(st, nil, sp, nil, aLine{}, About{Store: "lima-01", Terminal: "caja-1"}), order.NewAcks(st, quiet), Machine{
		Restart:     func(why string) { w.restarts = append(w.restarts, why) },
		SetLogLevel: func(l slog.Level) { w.levels = append(w.levels, l) },
		Up:          func() (bool, string) { return w.up.Load(), "not connected" },
	}, w.config, quiet)
}

func (w *terminal) no(err error) {
	if err != nil {
		w.Helper()
		w.Fatal(err)
	}
}

// aLine is down, and has sent 40 sales.
type aLine struct{}

func (aLine) State() any { return map[string]bool{"connected": false} }

func (aLine) Replay(stream, epoch string, from uint64, _ string) (any, error) {
	if from > 40 {
		return nil, fmt.Errorf("%w: nothing to send again", ErrRefused)
	}
	return map[string]any{"stream": stream, "epoch": "9f86d081884c7d65", "from": from, "count": 41 - from, "missing": 0}, nil
}

// send hands a message down and wants it acknowledged once.
func (w *terminal) send(take func(context.Context, []byte, func() error) error, payload string) {
	w.Helper()
	acks := 0
	w.no(take(w.Context(), []byte(payload), func() error { acks++; return nil }))
	if acks != 1 {
		w.Fatalf("acknowledged %d times: %s", acks, payload)
	}
}

// command sends one that is in time, has it done, and returns the answer.
func (w *terminal) command(id, name, arguments string) Result {
	w.Helper()
	w.send(w.Command, w.written(id, name, arguments, time.Hour))
	w.work(w.Context())
	return w.last()
}

// written is a command as the cloud writes it now.
func (w *terminal) written(id, name, arguments string, ttl time.Duration) string {
	now := w.now().Wall
	return fmt.Sprintf(`{"id":%q,"command":%q,"issued_at":%q,"expires_at":%q,"by":"ana","arguments":%s}`,
		id, name, now.Format(time.RFC3339Nano), now.Add(ttl).Format(time.RFC3339Nano), arguments)
}

// results are all answers, which obey the contract.
func (w *terminal) results() (all []Result) {
	w.Helper()
	contract, err := uplinktest.LoadContract()
	w.no(err)
	w.no(w.st.View(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamResults, 0) {
			if err != nil {
				return err
			}
			if err := contract.Check(e.Type, e.Data); err != nil {
				w.Error(err)
			}
			var r Result
			if err := json.Unmarshal(e.Data, &r); err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	}))
	return all
}

func (w *terminal) last() Result {
	w.Helper()
	all := w.results()
	if len(all) == 0 {
		w.Fatal("there is no answer")
	}
	return all[len(all)-1]
}

// printedOrder is an order with one ticket that is on paper.
func (w *terminal) printedOrder(number string) {
	w.Helper()
	_, err := w.st.UpdateVital(func(tx *store.Tx) error {
		o := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "Centro", ChannelID: "c-" + number}, Number: number, Revision: 1, Status: store.Accepted, Currency: "PEN"}
		if err := tx.PutOrder(o); err != nil {
			return err
		}
		return tx.PutJob(&store.Job{Kind: store.ComandaTicket, Order: o.Seq, OrderID: o.ID, Revision: 1, Printer: "cocina", MeantFor: "cocina",
			Copy: 1, State: store.JobPrinted, QueuedAt: tx.Now()})
	})
	w.no(err)
}

func (w *terminal) jobs() int {
	w.Helper()
	jobs, err := w.commands.Tickets("", Page{})
	w.no(err)
	return len(jobs)
}

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
		want    Outcome
		clock   string
	}{
		{"in time", moment(at, 0, true), at.Add(time.Minute), at, Done, ""},
		{"late", moment(at, 0, true), at.Add(-time.Second), at.Add(-time.Hour), Expired, ""},
		{"wrong clock, in time", moment(long, time.Minute, false), at.Add(time.Hour), at, Done, "unconfirmed"},
		{"wrong clock, late by what came since", moment(long, 2*time.Hour, false), at.Add(time.Hour), at, Expired, ""},
		{"clock far ahead", moment(at.AddDate(6, 0, 0), 0, false), at.Add(time.Hour), at, Done, "unconfirmed"},
	}
	for _, tt := range tests {
		w := newTerminal(t)
		w.cloud.heard(tt.heard, moment(long, 0, false))
		w.now = func() store.Moment { return tt.now }
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

// goodConfig is a file for the terminal, with a broker.
func goodConfig(w *terminal, dir string, more string) string {
	return fmt.Sprintf("[terminal]\nstore = \"lima-01\"\nid = \"caja-1\"\nlocale = \"es-PE\"\ncurrency = \"PEN\"\ntimezone = \"America/Lima\"\ndata_dir = %q\n\n[uplink]\nbroker = \"mqtt://127.0.0.1:1883\"\n%s", dir, more)
}

// configured gives the terminal a file.
func (w *terminal) configured() (dir string) {
	w.Helper()
	dir = w.TempDir()
	path := filepath.Join(dir, "mostrador.toml")
	text := goodConfig(w, dir, "")
	w.no(os.WriteFile(path, []byte(text), 0o600))
	cfg, err := config.Parse(path, []byte(text), config.Known{})
	w.no(err)
	w.config = Configuration{Path: path, Running: cfg}
	w.boot()
	return dir
}

func pushed(version int, file string) string {
	text, _ := json.Marshal(file)
	return fmt.Sprintf(`{"version":%d,"confirm_within_seconds":60,"file":%s}`, version, text)
}

// A configuration is tried, and kept once the terminal is up with it.
func TestConfigurationIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTerminal(t)
		dir := w.configured()
		file := goodConfig(w, dir, "# the new one\n")
		w.send(w.Config, pushed(7, file))
		w.work(t.Context())
		if len(w.restarts) != 1 || w.read() != file || len(w.results()) != 0 {
			t.Fatalf("restarts %v, the file is\n%s", w.restarts, w.read())
		}
		w.start()
		time.Sleep(30 * time.Second)
		if len(w.results()) != 0 {
			t.Errorf("confirmed before it was up: %+v", w.last())
		}
		w.up.Store(true)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.halt()
		if r := w.last(); r.Result != Done || r.ID != "7" || r.Of != "config" {
			t.Errorf("%+v", r)
		}
		if desired, reported, result, edited, ok := w.ConfigState(); desired != 7 || reported != 7 || result != "done" || edited || !ok {
			t.Error(desired, reported, result, edited, ok)
		}
		w.no(os.WriteFile(w.config.Path, []byte(file+"# by hand\n"), 0o600))
		if _, _, _, edited, _ := w.ConfigState(); !edited {
			t.Error("a change by hand is not seen")
		}
		if left, _ := filepath.Glob(w.config.Path + ".*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		w.send(w.Config, pushed(7, file)) // the broker has it retained
		if all := w.results(); len(all) != 2 || all[1].Result != Done || len(w.restarts) != 1 {
			t.Errorf("the same again: %+v, restarts %v", all, w.restarts)
		}
	})
}

// One with which the terminal does not come up in time is taken back.
func TestConfigurationIsRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTerminal(t)
		dir := w.configured()
		before := w.read()
		w.send(w.Config, pushed(8, goodConfig(w, dir, "# bad\n")))
		w.work(t.Context())
		w.start()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if w.read() == before {
			t.Error("taken back too early")
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		w.halt()
		if w.read() != before || len(w.restarts) != 2 {
			t.Fatalf("restarts %v, the file is\n%s", w.restarts, w.read())
		}
		w.start()
		synctest.Wait()
		w.halt()
		if r := w.last(); r.Result != RolledBack || !strings.Contains(r.Reason, "not connected") {
			t.Errorf("%+v", r)
		}
		if desired, reported, result, _, _ := w.ConfigState(); desired != 8 || reported != 0 || result != "rolled_back" {
			t.Error(desired, reported, result)
		}
	})
}

// What cannot be right is refused and changes nothing.
func TestConfigurationIsRefused(t *testing.T) {
	w := newTerminal(t)
	dir := w.configured()
	before := w.read()
	tests := []struct{ name, payload, want string }{
		{"faults", pushed(1, goodConfig(w, dir, "windo = 3\n")), "windo"},
		{"another terminal", pushed(2, strings.Replace(goodConfig(w, dir, ""), "caja-1", "caja-2", 1)), "a push cannot change it"},
		{"another folder", pushed(3, goodConfig(w, dir+"x", "")), "data_dir"},
		{"no broker", pushed(4, strings.Replace(goodConfig(w, dir, ""), "broker", "# broker", 1)), "never be heard of again"},
		{"older", pushed(3, goodConfig(w, dir, "")), "send a higher one"},
		{"other content", pushed(4, goodConfig(w, dir, "# x\n")), "send a higher one"},
		{"no TOML", pushed(5, "{"), "faults"},
	}
	for _, tt := range tests {
		w.send(w.Config, tt.payload)
		w.work(t.Context())
		r := w.last()
		text := r.Reason
		if r.Output != nil {
			text += strings.Join(r.Output.Faults, "\n")
		}
		if r.Result != Refused || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %+v %s", tt.name, r, text)
		}
	}
	for _, payload := range []string{`{"version":"7"}`, `x`, `{}`} {
		w.send(w.Config, payload)
		if r := w.last(); r.Result != Refused || r.ID != "" {
			t.Errorf("%s: %+v", payload, r)
		}
	}
	if len(w.restarts) > 0 || w.read() != before {
		t.Errorf("restarts %v, the file is\n%s", w.restarts, w.read())
	}
	w.send(w.Config, pushed(6, before))
	w.work(t.Context())
	if r := w.last(); r.Result != Done || len(w.restarts) > 0 {
		t.Errorf("the file that is there: %+v, restarts %v", r, w.restarts)
	}
}
