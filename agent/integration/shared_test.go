package integration_test

import (
	"errors"
	"slices"
	"testing"

	"mostrador/agent/integration"
	"mostrador/store"
)

// Which order a message is about is told without taking it: by the channel's id,
// whatever the integration is called here, and apart from when it was sent.
func TestWhich(t *testing.T) {
	const body = `{"_id":"64f0c2","code":"4471","orderStatus":"pending","deliveryType":"go","createdAt":"2026-03-14T18:19:40Z",` +
		`"paymentType":"cash","totalPrice":1000,"items":[{"product":{"_id":"p","name":"Lomo"},"amount":1,"unitPrice":1000}]}`
	a := newCounter(t)
	b := newCounter(t, integration.Settings{Provider: "justo", Nickname: "Otro nombre", Currency: "CLP"})
	key, said, again, err := a.Which([]byte(`{"provider":"justo","received_at":"2026-03-14T18:19:41Z","body":` + body + `}`))
	if err != nil || key != "justo/64f0c2" || again {
		t.Fatalf("%q, again %v, %v", key, again, err)
	}
	key2, said2, again, err := b.Which([]byte(`{"provider":"justo","received_at":"2026-03-14T19:00:00Z","again":true,"body":` + body + `}`))
	if err != nil || key2 != key || said2 != said || !again {
		t.Errorf("%q %q, again %v, %v; before %q %q", key2, said2, again, err, key, said)
	}
	for _, payload := range []string{``, `{}`, `{"provider":"x","body":{}}`, `{"provider":"justo","body":{}}`, `{"provider":"crasher","body":{}}`} {
		var bad *integration.Unreadable
		if _, _, _, err := a.Which([]byte(payload)); !errors.As(err, &bad) {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if n := len(a.entries(t)); n != 0 {
		t.Errorf("%d entries of nothing that was taken", n)
	}

	// Every paper of one that may be out elsewhere says so.
	taken, err := a.TakeShared([]byte(`{"provider":"justo","received_at":"2026-03-14T18:19:41Z","body":`+body+`}`), true)
	if err != nil {
		t.Fatal(err)
	}
	err = a.st.View(func(tx *store.Tx) error {
		jobs, err := tx.JobsOf(taken.Order)
		for _, j := range jobs {
			if !slices.Contains(j.Marks, store.MarkPossibleDuplicate) {
				t.Errorf("%s is not marked", j.Kind)
			}
		}
		if len(jobs) != 2 {
			t.Errorf("%d tickets", len(jobs))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.TakeShared([]byte(`{`), false); err != nil || len(a.entries(t)) < 2 {
		t.Errorf("what cannot be read is not kept: %v", err)
	}
}
