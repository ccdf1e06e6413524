package uplink_test

import (
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// Certificates that end within 30 days are told of: to people in the transaction
// log, once for each stage, and in the status.
func TestCertificatesThatEnd(t *testing.T) {
	certs := uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour)) // of one day
	broker := uplinktest.Mosquitto(t, mutualBroker(certs))
	st := openStore(t)
	set := settings(broker.URL())
	set.CAFile, set.ClientCertFile, set.ClientKeyFile = certs.CA, certs.ClientCert, certs.ClientKey
	told := func() (list []*store.Entry) {
		if err := st.View(func(tx *store.Tx) error {
			list = nil
			for e, err := range tx.Entries() {
				if err != nil {
					return err
				}
				if e.Kind == "uplink.certificate" {
					list = append(list, e)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	for range 2 { // of the second start there is nothing new to tell
		u, stop := start(t, set, st, newDesk())
		connected(t, u)
		eventually(t, "a word on each", nil, func() bool { return len(told()) >= 3 })
		notices := strings.Join(u.Status().Notices, "\n")
		for _, want := range []string{"this terminal's certificate", "the broker's certificate", "the broker's authority", "in 0 days"} {
			if !strings.Contains(notices, want) {
				t.Errorf("the status says nothing of %q:\n%s", want, notices)
			}
		}
		stop()
	}
	for _, e := range told() {
		if e.Severity != store.Alarm || !strings.Contains(e.Text, "en 0 días") {
			t.Errorf("told: %+v", e)
		}
	}
	if n := len(told()); n != 3 {
		t.Errorf("told %d times", n)
	}
}

// The terminal's own certificate that is not valid yet, or no more, is what is
// said when the broker refuses it.
func TestOwnCertificateOutOfTime(t *testing.T) {
	good := uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour))
	for want, from := range map[string]time.Time{
		"own certificate is valid from": time.Now().Add(48 * time.Hour),
		"own certificate was valid":     time.Now().Add(-48 * time.Hour),
	} {
		own := uplinktest.MakeCertificates(t, from)
		broker := uplinktest.Mosquitto(t, mutualBroker(good))
		set := settings(broker.URL())
		set.CAFile, set.ClientCertFile, set.ClientKeyFile = good.CA, own.ClientCert, own.ClientKey
		u, _ := start(t, set, openStore(t), newDesk())
		eventually(t, want, nil, func() bool { return strings.Contains(u.Status().LastError, want) })
	}
}
