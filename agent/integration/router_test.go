package integration_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mostrador/agent/integration"
	"mostrador/agent/integration/justo"
	"mostrador/agent/order"
	"mostrador/store"
)

// A counter is a router with everything behind it, and what was acknowledged.
type counter struct {
	*integration.Router
	st    *store.Store
	acked int
}

// crasher is a provider with a bug.
type crasher struct{ justo.Provider }

func (crasher) Name() string { return "crasher" }

func (crasher) Parse(integration.Arrival, integration.Settings) (order.Draft, error) {
	panic("a bug")
}

func newCounter(t *testing.T, configured ...integration.Settings) *counter {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "m.db"), store.Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if configured == nil {
		configured = []integration.Settings{{Provider: "justo", Nickname: "Centro", Currency: "CLP"}, {Provider: "crasher", Nickname: "Roto", Currency: "CLP"}}
	}
	log := slog.New(slog.DiscardHandler)
	intake := order.NewIntake(st, order.Rules{Printers: []string{"caja"}}, nil, log)
	r, err := integration.NewRouter(st, intake, order.NewAcks(st, log), []integration.Provider{justo.New(), crasher{}}, configured, log)
	if err != nil {
		t.Fatal(err)
	}
	return &counter{Router: r, st: st}
}

func (c *counter) send(t *testing.T, payload []byte) {
	t.Helper()
	before := c.acked
	if err := c.Order(context.Background(), payload, func() error { c.acked++; return nil }); err != nil {
		t.Fatal(err)
	}
	if c.acked != before+1 {
		t.Fatalf("acknowledged %d times", c.acked-before)
	}
}

func (c *counter) entries(t *testing.T) []store.Entry {
	t.Helper()
	var out []store.Entry
	err := c.st.View(func(tx *store.Tx) error {
		out = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			out = append(out, *e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

func (c *counter) orders(t *testing.T) []*store.Order {
	t.Helper()
	var out []*store.Order
	err := c.st.View(func(tx *store.Tx) error {
		out = nil
		for o, err := range tx.Orders() {
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("justo", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wrap(provider string, body []byte) []byte {
	return fmt.Appendf(nil, `{"provider":%q,"received_at":"2026-03-07T00:00:00Z","headers":{"Content-Type":"application/json"},"body":%s}`, provider, body)
}

func wrapExact(provider string, body []byte, headers string) []byte {
	return fmt.Appendf(nil, `{"provider":%q,"received_at":"2026-03-07T00:00:00Z","headers":{%s},"body_base64":%q}`, provider, headers, base64.StdEncoding.EncodeToString(body))
}

func TestRouterTakes(t *testing.T) {
	c := newCounter(t)
	c.send(t, wrap("justo", fixture(t, "delivery_clp")))
	c.send(t, wrapExact("justo", fixture(t, "delivery_clp"), ""))
	c.send(t, wrap("justo", fixture(t, "bare_pickup_clp")))
	c.send(t, wrap("justo", fixture(t, "status_near_to_finish_clp")))
	orders := c.orders(t)
	if len(orders) != 2 || orders[0].Key.Nickname != "Centro" || orders[0].Status != store.Ready || orders[0].Revision != 1 || len(orders[0].Lines) != 2 {
		t.Fatalf("orders %+v", orders)
	}
	for _, e := range c.entries(t) {
		if e.Severity == store.Alarm {
			t.Errorf("alarm %s", e.Text)
		}
	}
}

func TestRouterUnreadable(t *testing.T) {
	good := fixture(t, "delivery_clp")
	for _, c := range []struct {
		name    string
		payload []byte
		says    string
	}{
		{"empty", nil, "no es el JSON acordado"},
		{"not JSON", []byte("<xml/>"), "no es el JSON acordado"},
		{"cut", wrap("justo", good)[:700], "no es el JSON acordado"},
		{"a list", []byte("[]"), "no es el JSON acordado"},
		{"10 MB", wrap("justo", []byte(`"`+strings.Repeat("x", 10<<20)+`"`)), "el máximo es 1 MB"},
		{"deep", []byte(strings.Repeat(`{"body":`, 100000)), "se anida"},
		{"deep within base64", wrapExact("justo", []byte(strings.Repeat("[", 5000)), ""), "se anida"},
		{"no provider", wrap("", good), "no dice de qué proveedor"},
		{"unknown provider", wrap("rappi", good), "esta versión conoce: justo"},
		{"provider of another type", []byte(`{"provider":7,"body":{}}`), "«provider» no es del tipo"},
		{"no body", []byte(`{"provider":"justo"}`), "no trae el pedido"},
		{"null body", []byte(`{"provider":"justo","body":null}`), "no trae el pedido"},
		{"both bodies", []byte(`{"provider":"justo","body":{},"body_base64":"e30="}`), "a la vez"},
		{"no base64", []byte(`{"provider":"justo","body_base64":"%%%"}`), "no es base64"},
		{"base64 of no JSON", wrapExact("justo", []byte("\x00\x01"), ""), "Centro: no es JSON"},
		{"no id", wrap("justo", []byte(`{"type":"newOrder","data":{"order":{"items":[]}}}`)), "falta el identificador"},
		{"items of another type", wrap("justo", []byte(`{"_id":"x","items":7}`)), "no se entiende su campo items"},
		{"too many lines", wrap("justo", []byte(`{"_id":"x","items":[`+strings.Repeat(`{},`, 600)+`{}]}`)), "601 líneas"},
		{"quantity out of this world", wrap("justo", []byte(`{"_id":"x","items":[{"product":{"name":"Pan"},"amount":1e30}]}`)), "la cantidad de"},
		{"a provider's bug", wrap("crasher", good), "Roto: un fallo nuestro"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newCounter(t)
			k.send(t, c.payload)
			k.send(t, c.payload) // again: no second entry
			k.send(t, wrap("justo", good))
			es := k.entries(t)
			if len(es) < 2 || es[0].Kind != "order.unreadable" || es[0].Severity != store.Alarm || !strings.Contains(es[0].Text, c.says) {
				t.Fatalf("entries %+v, want %q", es, c.says)
			}
			if len(k.orders(t)) != 1 || es[1].Kind == "order.unreadable" {
				t.Errorf("what came behind it: %+v", es)
			}
			err := k.st.View(func(tx *store.Tx) error {
				raw, err := tx.Raw(es[0].Raw)
				if err == nil && raw.Length != len(c.payload) {
					t.Errorf("%d of %d bytes are known of", raw.Length, len(c.payload))
				}
				if n := tx.Last(store.StreamTimeline); n != uint64(len(es)) {
					t.Errorf("%d events for %d entries", n, len(es))
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRouterUnsupported(t *testing.T) {
	k := newCounter(t)
	k.send(t, wrap("justo", []byte(`{"type":"tabs.tab.closed","data":{"tab":{"_id":"t1"}}}`)))
	if es := k.entries(t); len(es) != 1 || es[0].Kind != "order.unsupported" || es[0].Severity != store.Info || !strings.Contains(es[0].Text, "tabs.tab.closed") {
		t.Errorf("entries %+v", es)
	}
}

// Several integrations of one provider: the store that a payload names decides.
func TestRouterStores(t *testing.T) {
	k := newCounter(t,
		integration.Settings{Provider: "justo", Nickname: "Santiago", Currency: "CLP", Stores: []string{"scl-01"}},
		integration.Settings{Provider: "justo", Nickname: "Lima", Currency: "PEN", Stores: []string{"st5PElima000001", "otro"}, Accept: order.Manual},
	)
	k.send(t, wrap("justo", fixture(t, "delivery_clp")))
	k.send(t, wrap("justo", fixture(t, "pickup_pen")))
	orders := k.orders(t)
	if len(orders) != 2 || orders[0].Key.Nickname != "Santiago" || orders[1].Key.Nickname != "Lima" || orders[1].Currency != "PEN" || orders[1].Status != store.Received {
		t.Fatalf("orders %+v", orders)
	}
	k.send(t, wrap("justo", fixture(t, "table_eur")))
	es := k.entries(t)
	if last := es[len(es)-1]; last.Kind != "order.unreadable" || !strings.Contains(last.Text, "mad-01") {
		t.Errorf("entry %+v", last)
	}

	k = newCounter(t,
		integration.Settings{Provider: "justo", Nickname: "Santiago", Currency: "CLP", Stores: []string{"scl-01"}},
		integration.Settings{Provider: "justo", Nickname: "Resto", Currency: "EUR"},
	)
	k.send(t, wrap("justo", fixture(t, "table_eur")))
	if orders := k.orders(t); len(orders) != 1 || orders[0].Key.Nickname != "Resto" {
		t.Errorf("orders %+v", orders)
	}
}

func TestRouterSignature(t *testing.T) {
	k := newCounter(t, integration.Settings{Provider: "justo", Nickname: "Centro", Currency: "CLP", WebhookSecret: []byte("s")})
	k.send(t, wrapExact("justo", fixture(t, "delivery_clp"), `"X-Orion-Signature":"00"`))
	if es := k.entries(t); len(es) != 1 || es[0].Kind != "order.unreadable" || !strings.Contains(es[0].Text, "firma") {
		t.Errorf("entries %+v", es)
	}
	k.send(t, wrap("justo", fixture(t, "delivery_clp")))
	if os := k.orders(t); len(os) != 1 || !order.HasFlag(os[0], "signature_unverified") {
		t.Errorf("orders %+v", os)
	}
}

func TestNewRouterFaults(t *testing.T) {
	_, err := integration.NewRouter(nil, nil, nil, []integration.Provider{justo.New()}, []integration.Settings{
		{Provider: "justo", Nickname: "A"}, {Provider: "justo", Nickname: "B"}, {Provider: "justo", Nickname: "A", Stores: []string{"x"}}, {Provider: "rapi", Nickname: "C"},
	}, slog.New(slog.DiscardHandler))
	for _, want := range []string{`"A" and "B" of justo both`, `called "justo/A"`, `"rapi"; there are: justo`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}

func TestRouterResult(t *testing.T) {
	k := newCounter(t)
	k.send(t, wrap("justo", fixture(t, "delivery_clp")))
	var r order.Request
	err := k.st.View(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamRequests, 0) {
			if err != nil {
				return err
			}
			return json.Unmarshal(e.Data, &r)
		}
		return errors.New("no request")
	})
	if err != nil {
		t.Fatal(err)
	}
	result := func(payload string) store.Entry {
		t.Helper()
		before := k.acked
		if err := k.Result(context.Background(), []byte(payload), func() error { k.acked++; return nil }); err != nil || k.acked != before+1 {
			t.Fatalf("%s: %v", payload, err)
		}
		es := k.entries(t)
		return es[len(es)-1]
	}
	for payload, want := range map[string]string{
		"x": "request.unreadable", `{"result":"done"}`: "request.unreadable", `{"request":"` + r.ID + `","result":"maybe"}`: "request.unreadable",
		`{"request":"nobody","result":"done"}`: "request.unknown",
	} {
		if e := result(payload); e.Kind != want {
			t.Errorf("%s: %+v", payload, e)
		}
	}
	if e := result(`{"request":"` + r.ID + `","result":"done"}`); e.Kind != "order.channel" || k.orders(t)[0].ChannelState != store.ChannelConfirmed {
		t.Errorf("%+v", e)
	}
	if e := result(`{"request":"` + r.ID + `","result":"refused"}`); e.Kind != "request.late" || k.orders(t)[0].ChannelState != store.ChannelConfirmed {
		t.Errorf("%+v", e)
	}
}

// A store that fails is the one thing that leaves the source unacknowledged.
func TestRouterStoreFails(t *testing.T) {
	k := newCounter(t)
	if err := k.st.Close(); err != nil {
		t.Fatal(err)
	}
	for _, payload := range [][]byte{wrap("justo", fixture(t, "delivery_clp")), []byte("rubbish")} {
		err := k.Order(context.Background(), payload, func() error { k.acked++; return nil })
		if err == nil || k.acked != 0 {
			t.Errorf("error %v, acknowledged %d times", err, k.acked)
		}
	}
}
