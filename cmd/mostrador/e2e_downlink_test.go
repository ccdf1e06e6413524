//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/uplink"
	"mostrador/store"
)

// command sends one down that is in time.
func (c *counter) command(id, name, arguments string) {
	c.t.Helper()
	now := time.Now().UTC()
	c.cloud.Publish("mostrador/v1/lima-01/caja-1/down/commands", fmt.Appendf(nil,
		`{"id":%q,"command":%q,"issued_at":%q,"expires_at":%q,"by":"ana@example.com","arguments":%s}`,
		id, name, now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339), arguments))
}

// push sends a configuration down.
func (c *counter) push(version int, file string) {
	c.t.Helper()
	text, err := json.Marshal(file)
	if err != nil {
		c.t.Fatal(err)
	}
	c.cloud.Publish("mostrador/v1/lima-01/caja-1/down/config", fmt.Appendf(nil, `{"version":%d,"confirm_within_seconds":30,"file":%s}`, version, text))
}

// answered waits for the nth answer to something.
func (c *counter) answered(of, id string, nth int, limit time.Duration) (r command.Result) {
	c.t.Helper()
	c.cloud.Wait(limit, fmt.Sprintf("the answer to %s %s", of, id), func() bool {
		n := 0
		for _, e := range c.cloud.Events("results") {
			var one command.Result
			if e.Into(c.t, &one); one.Of == of && one.ID == id {
				if n++; n == nth {
					r = one
					return true
				}
			}
		}
		return false
	})
	return r
}

// state is the last that the terminal has said of itself.
func (c *counter) state() (s uplink.State) {
	c.t.Helper()
	if all := c.cloud.States(); len(all) > 0 {
		all[len(all)-1].Into(c.t, &s)
	}
	return s
}

// Commands of the cloud: each is done once by the real process, whatever ends it.
func TestCommandsFromTheCloud(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()

	c.command("m-1", "message", `{"text":"Hoy cerramos el delivery\na las 22:00 \\ {x}","printer":"caja"}`)
	r := c.answered("commands", "m-1", 1, 30*time.Second)
	if r.Result != command.Done || r.Output == nil || len(r.Output.Tickets) != 1 {
		t.Fatalf("%+v", r)
	}
	c.eventually(30*time.Second, "the message on paper", func() bool {
		var job store.Job
		c.ask(&job, "tickets", "show", r.Output.Tickets[0])
		return job.State == store.JobPrinted
	})
	c.command("m-1", "message", `{"text":"Hoy cerramos el delivery\na las 22:00 \\ {x}","printer":"caja"}`)
	c.answered("commands", "m-1", 2, 30*time.Second)
	if jobs := c.tickets(); len(jobs) != 1 {
		t.Errorf("%d tickets of one message", len(jobs))
	}

	c.command("r-1", "restart", `{}`)
	if r := c.answered("commands", "r-1", 1, 60*time.Second); r.Result != command.Done {
		t.Errorf("%+v", r)
	}
	if s := c.state(); s.Boot != 2 {
		t.Errorf("after one restart it is boot %d", s.Boot)
	}

	c.kill()
	c.command("d-1", "diagnostics", `{}`) // the broker keeps it
	c.start()
	bundle := c.answered("commands", "d-1", 1, 60*time.Second).Output.Bundle
	z, err := zip.NewReader(bytes.NewReader(bundle.Base64), int64(bundle.Size))
	if err != nil || len(z.File) < 8 {
		t.Errorf("the bundle: %v", err)
	}
	if len(bundle.Base64) > 64<<10 {
		t.Errorf("the bundle has %d bytes", len(bundle.Base64))
	}
	c.stop()
	c.cloud.Check()
}

// Whenever the process is killed, each command is done at most once, and
// answered: as done, or as interrupted where nobody can know.
func TestCommandsSurviveKills(t *testing.T) {
	rounds, each := 5, 8
	if proof() {
		rounds = 60
	}
	random, _ := seeded(t)
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	for round := range rounds {
		for i := range each {
			c.command(fmt.Sprintf("k-%d-%d", round, i), "message", fmt.Sprintf(`{"text":"orden k-%d-%d."}`, round, i))
		}
		time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond) // when the power goes
		c.kill()
		c.start()
	}
	outcomes := map[command.Outcome]int{}
	for round := range rounds {
		for i := range each {
			r := c.answered("commands", fmt.Sprintf("k-%d-%d", round, i), 1, 60*time.Second)
			outcomes[r.Result]++
			if r.Result != command.Done && r.Result != command.Interrupted {
				t.Errorf("%+v", r)
			}
		}
	}
	var done map[string]int
	all := func() bool { // the log has its own stream, which may come behind the results
		done = map[string]int{}
		for _, e := range c.cloud.Events("timeline") {
			var entry store.Entry
			if e.Into(t, &entry); entry.Kind == "staff.message" {
				done[entry.Text]++
			}
		}
		return len(done) >= outcomes[command.Done]
	}
	c.eventually(60*time.Second, "the messages in the log", all)
	for text, n := range done {
		if n != 1 {
			t.Errorf("done %d times: %s", n, text)
		}
	}
	if n := len(done); n < outcomes[command.Done] || n > rounds*each {
		t.Errorf("%d messages in the log, %v", n, outcomes)
	}
	t.Logf("%d kills: %v", rounds, outcomes)
	c.stop()
	c.cloud.Check()
}

// A configuration from the cloud is kept when the terminal comes back by it, and
// taken back by the terminal itself when it does not.
func TestConfigurationFromTheCloud(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	first, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.Replace(string(first), `name = "barra"`, `name = "bar"`, 1)
	c.push(1, good)
	if r := c.answered("config", "1", 1, 60*time.Second); r.Result != command.Done {
		t.Fatalf("%+v", r)
	}
	c.reads(good)
	c.push(2, strings.Replace(good, "currency", "curency", 1))
	r := c.answered("config", "2", 1, 60*time.Second)
	if r.Result != command.Refused || r.Output == nil || !strings.Contains(strings.Join(r.Output.Faults, "\n"), "curency") {
		t.Errorf("%+v", r)
	}

	// A broker that nobody is at: the terminal is not heard of until it goes back.
	cut := strings.Replace(good, c.broker.URL(), "mqtt://127.0.0.1:1", 1)
	c.push(3, cut)
	c.eventually(60*time.Second, "the file to be tried", func() bool { return c.file() == cut })
	c.kill() // a power cut in the middle of the trial
	c.launch()
	r = c.answered("config", "3", 1, 120*time.Second)
	if r.Result != command.RolledBack || !strings.Contains(r.Reason, "not connected") {
		t.Errorf("%+v", r)
	}
	c.reads(good)
	if s := c.state(); s.Config == nil || s.Config.Desired != 3 || s.Config.Reported != 1 || s.Config.Result != "rolled_back" && s.Config.Result != "trying" {
		t.Errorf("%+v", s.Config)
	}
	c.stop()
	c.cloud.Check()
}

func (c *counter) file() string {
	c.t.Helper()
	text, err := os.ReadFile(c.config)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

func (c *counter) reads(want string) {
	c.t.Helper()
	if got := c.file(); got != want {
		c.t.Errorf("the configuration is\n%s\nwant\n%s", got, want)
	}
}

// The catalogue gives a line that has only the channel's id its station.
func TestCatalogueFromTheCloud(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	c.cloud.Publish("mostrador/v1/lima-01/caja-1/down/catalogue", []byte(`{"version":1,
		"products":[{"external_id":"CARNE-7","name":"Lomo"}],
		"mappings":[{"integration":{"provider":"justo"},"channel_id":"prod-7","external_id":"CARNE-7"}]}`))
	if r := c.answered("catalogue", "1", 1, 30*time.Second); r.Result != command.Done {
		t.Fatalf("%+v", r)
	}
	menu := kitchenMenu{currency: "PEN"}
	k := ask{number: "71001", id: "catalogue-1", kind: "go"}
	item := map[string]any{"_id": "l-1", "productId": "prod-7", "product": map[string]any{"_id": "prod-7", "name": "Plato del canal"},
		"amount": 1, "unitPrice": 1000, "totalPrice": 1000}
	payload, err := json.Marshal(map[string]any{"provider": "justo", "received_at": time.Now().UTC().Format(time.RFC3339),
		"headers": map[string]string{}, "body": menu.order(k, []map[string]any{item}, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	c.order(payload)
	station := ""
	c.eventually(30*time.Second, "the comanda", func() bool {
		for _, j := range c.tickets() {
			if j.Kind == store.ComandaTicket {
				station = j.Station
			}
		}
		return station != ""
	})
	if station != "parrilla" {
		t.Errorf("what the catalogue calls CARNE-7 went to %s", station)
	}
	c.stop()
	c.cloud.Check()
}
