//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// inflight is how many unacknowledged messages mosquitto sends a client before
// it waits: more bad ones than that must not stop the good one behind them.
const inflight = 20

// A badMessage is one that is not an order, and what must be said of it.
type badMessage struct {
	name    string
	payload []byte
	kind    string // of the entry
	words   string // in it
}

func justoMessage(body string) []byte {
	return []byte(`{"provider":"justo","received_at":"2026-03-14T18:20:05Z","headers":{},"body":` + body + `}`)
}

func badOrders() []badMessage {
	const unreadable = "order.unreadable"
	bad := []badMessage{
		{"not JSON", []byte("esto no es JSON {{{"), unreadable, "no es el JSON acordado"},
		{"empty", nil, unreadable, "no es el JSON acordado"},
		{"cut off", justoMessage(`{"_id":"a","items":[`)[:90], unreadable, "no es el JSON acordado"},
		{"bytes", []byte("\xff\xfe\x00\x1b@\x1bp\x00\x19\xfa"), unreadable, "no es el JSON acordado"},
		{"10 MB", justoMessage(`{"_id":"big","comment":"` + strings.Repeat("a", 10<<20) + `"}`), unreadable, "10.0 MB; el máximo es 1 MB"},
		{"no id", justoMessage(`{"code":"1","items":[]}`), unreadable, "falta el identificador"},
		{"id is empty", justoMessage(`{"_id":"\u001b\u0000","items":[]}`), unreadable, "falta el identificador"},
		{"deep", []byte(strings.Repeat("[", 200_000)), unreadable, "se anida más de 64 niveles"},
		{"deep body", justoMessage(strings.Repeat(`{"a":`, 80) + "1" + strings.Repeat("}", 80)), unreadable, "se anida más de 64 niveles"},
		{"body is text", justoMessage(`"hola"`), unreadable, ""},
		{"body is a list", justoMessage(`[1,2,3]`), unreadable, ""},
		{"body is null", justoMessage(`null`), unreadable, "no trae el pedido"},
		{"items is text", justoMessage(`{"_id":"w1","items":"hola"}`), unreadable, "items"},
		{"item is a number", justoMessage(`{"_id":"w2","items":[7]}`), unreadable, "items[0]"},
		{"amount is an object", justoMessage(`{"_id":"w3","items":[{"product":{"name":"Té"},"amount":{"a":1}}]}`), unreadable, ""},
		{"amount without end", justoMessage(`{"_id":"w4","items":[{"product":{"name":"Té"},"amount":1e999999999}]}`), unreadable, ""},
		{"modifiers is true", justoMessage(`{"_id":"w5","items":[{"product":{"name":"Té"},"amount":1,"modifiers":true}]}`), unreadable, "modifiers"},
		{"provider is a number", []byte(`{"provider":7,"body":{}}`), unreadable, "provider"},
		{"no provider", []byte(`{"body":{"_id":"x"}}`), unreadable, "no dice de qué proveedor"},
		{"unknown provider", []byte(`{"provider":"\u001b[2Jcomidas\u202e","body":{"_id":"x"}}`), unreadable, "comidas"},
		{"two bodies", []byte(`{"provider":"justo","body":{},"body_base64":"e30="}`), unreadable, "a la vez"},
		{"no body", []byte(`{"provider":"justo"}`), unreadable, "no trae el pedido"},
		{"bad base64", []byte(`{"provider":"justo","body_base64":"%%%"}`), unreadable, "no es base64"},
		{"base64 of nonsense", []byte(`{"provider":"justo","body_base64":"G0AbcAAZ+g=="}`), unreadable, ""},
		{"another event", justoMessage(`{"type":"menuUpdated","data":{"menu":1}}`), "order.unsupported", "menuUpdated"},
	}
	for n := len(bad); n < 2*inflight; n++ {
		bad = append(bad, badMessage{fmt.Sprintf("nonsense %d", n), fmt.Appendf(nil, "nonsense %d", n), unreadable, "no es el JSON acordado"})
	}
	return bad
}

func badResults() []badMessage {
	const unreadable = "request.unreadable"
	return []badMessage{
		{"result: not JSON", []byte("\x00\x01\x02"), unreadable, "no es el JSON acordado"},
		{"result: empty", nil, unreadable, "no es el JSON acordado"},
		{"result: no request", []byte(`{"result":"done"}`), unreadable, "request"},
		{"result: unknown word", []byte(`{"request":"r","result":"quiz\u00e1s\u001b[0m"}`), unreadable, "quizás"},
		{"result: wrong type", []byte(`{"request":[1],"result":"done"}`), unreadable, "no es el JSON acordado"},
		{"result: 2 MB", bytes.Repeat([]byte("x"), 2<<20), unreadable, "demasiado grande"},
		{"result: deep", []byte(strings.Repeat("[", 100_000)), unreadable, ""},
	}
}

// What is not an order is said once in clear words, kept, and acknowledged;
// the order behind it is printed.
func TestBadMessages(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	bad := badOrders()
	for _, m := range bad {
		c.order(m.payload)
	}
	r, _ := seeded(t)
	menu := &kitchenMenu{rand: r, currency: "PEN"}
	good := menu.ask(t, "delivery")
	c.order(good.payload)
	c.settled(1, 30*time.Second)
	c.checkPaper(good)
	for _, m := range badResults() {
		c.cloud.Publish("mostrador/v1/lima-01/caja-1/down/results", m.payload)
		bad = append(bad, m)
	}
	var entries []store.Entry
	c.cloud.Wait(30*time.Second, "an entry for each bad message", func() bool {
		entries = c.entries("order.unreadable", "order.unsupported", "request.unreadable")
		return len(entries) >= len(bad)
	})
	c.eventually(time.Minute, "all acknowledged", func() bool { return c.pubacks() == len(bad)+1 })
	c.ask(&[]any{}, "tickets", "list") // it is alive
	c.cloud.Check()
	c.stop()
	c.checkEntries(bad, entries)
	for _, p := range []*paperPrinter{c.kitchen, c.till} {
		if n := p.Pulses(); n != 0 {
			t.Errorf("the drawer was kicked %d times", n)
		}
	}
}

// entries are those of some kinds that the cloud has heard.
func (c *counter) entries(kinds ...string) (out []store.Entry) {
	for _, e := range c.cloud.Events("timeline") {
		var entry store.Entry
		e.Into(c.t, &entry)
		if slices.Contains(kinds, entry.Kind) {
			out = append(out, entry)
		}
	}
	return out
}

// checkEntries wants one entry for each message, in order, and its bytes kept.
// The daemon has stopped: the store is the test's to read.
func (c *counter) checkEntries(bad []badMessage, entries []store.Entry) {
	c.t.Helper()
	if len(entries) != len(bad) {
		c.t.Errorf("%d entries for %d bad messages", len(entries), len(bad))
	}
	kept, err := store.Open(filepath.Join(c.dir, "data", storeName), store.Options{Identity: "lima-01/caja-1"})
	if err != nil {
		c.t.Fatal(err)
	}
	defer kept.Close()
	for i, m := range bad[:min(len(bad), len(entries))] {
		e := entries[i]
		if e.Kind != m.kind || !strings.Contains(e.Text, m.words) || strings.ContainsFunc(e.Text, notPlain) {
			c.t.Errorf("%s: the entry is %s %q, want %s with %q", m.name, e.Kind, e.Text, m.kind, m.words)
		}
		if (e.Severity == store.Info) != (m.kind == "order.unsupported") {
			c.t.Errorf("%s: the entry's severity is %s", m.name, e.Severity)
		}
		var raw store.RawPayload
		err := kept.View(func(tx *store.Tx) (err error) {
			raw, err = tx.Raw(e.Raw)
			return err
		})
		if err != nil || raw.Length != len(m.payload) || !bytes.HasPrefix(m.payload, raw.Body) || len(raw.Body) < min(len(m.payload), 256<<10) {
			c.t.Errorf("%s: of %d bytes %d are kept (%v)", m.name, len(m.payload), len(raw.Body), err)
		}
	}
}

func notPlain(r rune) bool { return printable(string(r)) != string(r) }

// hostileText is what somebody might write in the hope that a printer or a
// terminal obeys: initialise, cut, drawer kicks in both ways, status requests,
// images without end, terminal sequences, bidi marks, and the ticket's own
// markup.
const hostileText = "\x1b@\x1bp\x00\x19\xfa\x10\x14\x01\x00\x05\x10\x04\x01\x1dV\x00\x1dv0\x00\xff\xff\xff\xff" +
	"\x1b[2J\u009b31m\u202emal\u202c\u2066\u200f\u200b\x00\x7f\r\n\t\ufeff{code:" + hostileCode + ";option:qrcode}|\\^_`~=-{comment:x}|"

// hostileCode is what a code would hold that somebody smuggled in.
const hostileCode = "4242"

// spoil puts hostile text behind every text of a payload but those that say
// what the payload is.
func spoil(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			v[k] = spoil(inner, k)
		}
	case []any:
		for i := range v {
			v[i] = spoil(v[i], key)
		}
	case string:
		switch key {
		case "provider", "received_at", "type", "date", "deliveryType", "orderStatus", "createdAt", "code", "externalId":
			return v
		}
		return v + hostileText
	}
	return v
}

// Order data is data: whatever stands in it, no printer gets a command that
// tickets do not have, and the order is readable on paper.
func TestHostileOrders(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	r, _ := seeded(t)
	menu := &kitchenMenu{rand: r, currency: "PEN"}
	kinds := []string{"delivery", "go", "serve"}
	var plain []ask
	for n := range 9 {
		plain = append(plain, menu.ask(t, kinds[n%3]))
		c.order(plain[n].payload)
	}
	c.settled(len(plain), time.Minute)
	usual := c.commandsSeen()

	asks := slices.Clone(plain)
	for n := range 6 {
		k := menu.ask(t, kinds[n%3])
		var message any
		if err := json.Unmarshal(k.payload, &message); err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(spoil(message, ""))
		if err != nil {
			t.Fatal(err)
		}
		c.order(payload)
		asks = append(asks, k)
	}
	for i, odd := range oddOrders() {
		k := menu.ask(t, "go")
		k.payload = odd(k.payload)
		t.Logf("odd order %d is %s", i, k.number)
		c.order(k.payload)
		asks = append(asks, k)
	}
	c.settled(len(asks), time.Minute)
	for _, k := range plain {
		c.checkPaper(k)
	}
	for _, k := range asks {
		c.checkPapers(k)
	}
	for command, where := range c.commandsSeen() {
		if usual[command] == "" {
			t.Errorf("a printer got the command %s, which no plain ticket has:\n%s", command, where)
		}
	}
	if n := c.kitchen.Pulses() + c.till.Pulses(); n != 0 {
		t.Errorf("the drawer was kicked %d times", n)
	}
	c.cloud.Check()
	c.stop()
}

// oddOrders change an order in ways that are no reason not to print it.
func oddOrders() []func([]byte) []byte {
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	return []func([]byte) []byte{
		replace(`"unitPrice":`, `"unitPrice":-`),
		replace(`"buyerName":"`, `"buyerName":"`+strings.Repeat("Ñandú ", 5000/6)),
		replace(`"name":"`, `"name":"`+strings.Repeat("ñ", 5000)),
		replace(`"comment":"`, "\"comment\":\"\xff\xfe\xc3("), // not UTF-8
		replace(`"amount":`, `"amount":99,"amount":`),         // the later one counts
		replace(`"headers":{}`, `"headers":{"x":[1,{"a":null}],"y":7}`),
		replace(`"phone":"+51 900 111 222"`, `"phone":51900111222`),
	}
}

// checkPapers wants one paper for each ticket of an order, each with one cut.
func (c *counter) checkPapers(k ask) {
	c.t.Helper()
	want := len(k.stations()) + 1 // and the receipt
	if k.kind == "delivery" {
		want++
	}
	papers := append(papersOf(c.kitchen, k.number), papersOf(c.till, k.number)...)
	if len(papers) != want {
		c.t.Errorf("order %s (%s) came out as %d papers, want %d:", k.number, k.kind, len(papers), want)
		for _, p := range papers {
			c.t.Logf("\n%s", p.Text())
		}
	}
	for _, p := range papers {
		if slices.ContainsFunc(p.Codes(), func(code layout.Code) bool { return code.Data == hostileCode }) {
			c.t.Errorf("order %s: a text became a code:\n%s", k.number, p.Text())
		}
	}
}

// commandsSeen are the commands of all papers of both printers, each with a
// paper that has it. A setting counts by its first two bytes.
func (c *counter) commandsSeen() map[string]string {
	seen := map[string]string{}
	model, _ := profile.Lookup("TM-T20II")
	for _, paper := range append(c.kitchen.Papers(), c.till.Papers()...) {
		maps.Copy(seen, commandsOf(paper, model))
	}
	return seen
}

func commandsOf(paper virtual.Paper, model profile.Profile) map[string]string {
	seen := map[string]string{}
	d := escpos.NewDecoder(model)
	note := func(e escpos.Event) {
		name := e.Kind.String()
		if e.Kind == escpos.Setting || e.Kind == escpos.Unknown {
			name += fmt.Sprintf(" % x", e.Raw[:min(len(e.Raw), 2)])
		}
		seen[name] = paper.Text()
	}
	d.Feed(paper.Bytes(), note)
	d.Flush(note)
	return seen
}

// The same order again, and twice at once, is one set of papers.
func TestTheSameOrderAgain(t *testing.T) {
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN"})
	c.start()
	r, _ := seeded(t)
	menu := &kitchenMenu{rand: r, currency: "PEN"}
	first, second, last := menu.ask(t, "delivery"), menu.ask(t, "go"), menu.ask(t, "go")
	for range 5 {
		c.order(first.payload)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { c.order(second.payload) })
	}
	both.Wait()
	c.kill() // and the broker again, for what was not acknowledged yet
	c.start()
	c.order(first.payload)
	c.order(last.payload)
	c.settled(3, 30*time.Second)
	c.actAsPerson()
	c.settled(3, 30*time.Second)
	for _, k := range []ask{first, second, last} {
		c.checkPaper(k)
		c.checkMarks(k)
	}
	c.checkPapers(last)
	c.cloud.Check()
	c.stop()
}
