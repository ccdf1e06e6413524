package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mostrador/agent/sale"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/register"
	"mostrador/store"
)

// A till is a register's journal, read by a shipped profile into a store.
type till struct {
	t        *testing.T
	store    *store.Store
	device   drivers.Device
	recorder *sale.Recorder
	garbage  []string
}

func newTill(t *testing.T, profile string) *till {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "m.db"), store.Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	device, err := register.New(register.Profiles()[profile])
	if err != nil {
		t.Fatal(err)
	}
	k := &till{t: t, store: st, device: device}
	k.restart()
	return k
}

// restart begins anew with what the store has.
func (k *till) restart() {
	k.recorder = sale.NewRecorder(k.store, sale.Source{Name: "register/registradora", Currency: "USD", PointOfSale: "caja-1"})
}

// hears lets the register say text, until it is unplugged.
func (k *till) hears(text string) {
	k.t.Helper()
	partial, err := k.recorder.Resume()
	if err != nil {
		k.t.Fatal(err)
	}
	port := &drivertest.Playback{Ops: []drivertest.Op{{Read: []byte(text)}}, End: drivers.ErrGone}
	err = k.device.Listen(k.t.Context(), port, partial, func(h drivers.Heard) error {
		if h.Garbage != nil {
			k.garbage = append(k.garbage, string(h.Garbage))
		}
		return k.recorder.Keep(h)
	})
	if !errors.Is(err, drivers.ErrGone) {
		k.t.Fatalf("listened until %v, want %v", err, drivers.ErrGone)
	}
}

// sales are those that the store has, in a line each.
func (k *till) sales() (out []string) {
	k.t.Helper()
	k.view(func(tx *store.Tx) error {
		for s, err := range tx.Sales() {
			if err != nil {
				return err
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s %s %d:", s.Receipt, s.PointOfSale, s.Total)
			for _, l := range s.Lines {
				fmt.Fprintf(&b, " %s×%s%s=%d", l.Quantity, l.ExternalID, l.Name, l.Total)
			}
			for _, p := range s.Payments {
				fmt.Fprintf(&b, " [%s %d]", p.Method, p.Amount)
			}
			for _, f := range s.Flags {
				b.WriteString(" !" + f.Code)
			}
			out = append(out, b.String())
		}
		return nil
	})
	slices.Reverse(out)
	return out
}

// days are the events of day reports, which obey the contract.
func (k *till) days() (out []sale.DayReport) {
	k.t.Helper()
	contract, err := uplinktest.LoadContract()
	if err != nil {
		k.t.Fatal(err)
	}
	k.view(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamSales, 0) {
			if err != nil {
				return err
			}
			if e.Type != sale.DayEventType {
				continue
			}
			var d sale.DayReport
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
			if err := contract.Check(sale.DayEventType, e.Data); err != nil {
				k.t.Errorf("the contract: %v", err)
			}
			out = append(out, d)
		}
		return nil
	})
	return out
}

// logged are the entries of some kinds.
func (k *till) logged(kinds ...string) (out []string) {
	k.t.Helper()
	k.view(func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if slices.Contains(kinds, e.Kind) {
				out = append(out, string(e.Severity)+" "+e.Text)
			}
		}
		return nil
	})
	slices.Reverse(out)
	return out
}

func (k *till) view(see func(*store.Tx) error) {
	k.t.Helper()
	if err := k.store.View(see); err != nil {
		k.t.Fatal(err)
	}
}

func sampleJournal(t *testing.T, profile string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../drivers/register/testdata/journals", profile+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\n", "\r\n")
}

// The makers' sample journals become these sales, and their day reports match.
func TestMakersJournals(t *testing.T) {
	for profile, want := range map[string][]string{
		"casio-tk": {
			"000003 01 815: 1×DEPT01=100 1×DEPT02=200 5×DEPT03=500 1×TX1=15 [CASH 815]",
			"000004 01 1200: 12×PLU0001=1200 [CASH 1200]",
			"000005 01 750: 3×DEPT01=750 [CASH 750]",
			"000006 01 1467: 1×DEPT01=500 1×PLU0016=1000 1×%-=-50 1×%-=-51 1×TX1=20 1×TX2=48 [CASH 1467]",
			"000007 01 2630: 1×DEPT001=100 1×DEPT002=200 1×DEPT002=200 -1×DEPT002=-200 1×PLU0005=150 8×DEPT004=3200 -8×DEPT004=-3200 6×DEPT004=2400 -1×DEPT002=-220 [CASH 1500] [CHECK 1130]",
			"000011 01 300: 1×DEPT01=300 [CASH 300]",
		},
		"casio-te": {
			"000002 caja-1 100: 1×DEPT01=100 [CA 100]",
			"000003 caja-1 1234: 1×DEPT01=1234 [CA 1234]",
			"000004 caja-1 312: 1×DEPT01=300 1×TX1=12 [CHK 312]",
		},
		"sam4s-er": {
			"000011 00001 1430: 1×PLU1=299 1×PLU1=299 4×PLU2=796 1×TAX1=36 [CASH 1430]",
			"000012 00001 2000: 1×PLU2=2000 [CASH 1000] [CHECK 1000]",
			"000013 00001 243: 1×PLU1=229 1×PLU2=129 -1×PLU2=-129 1×TAX1=14 [CASH 243]",
			"000014 00001 243: 1×PLU2=129 1×PLU1=229 -1×PLU2=-129 1×TAX1=14 [CASH 243]",
		},
		"royal-110cx": {
			"010 caja-1 3055: 1×1DEPT=1000 1×2DEPT=2000 1×TX=55 [CA 3055]",
			"011 caja-1 317: 2×1DEPT=300 1×TX=17 [CA 317]",
			"012 caja-1 564: 1×1DEPT=250 1×2DEPT=300 1×TX=14 [CH 564]",
			"013 caja-1 2500: 1×2DEPT=1000 1×2DEPT=1500 [CA 2000] [CH 500]",
		},
	} {
		t.Run(profile, func(t *testing.T) {
			k := newTill(t, profile)
			k.hears(sampleJournal(t, profile))
			if got := k.sales(); !slices.Equal(got, want) {
				t.Errorf("sales\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if days := k.days(); len(days) != 1 || !days[0].Matches {
				t.Errorf("day reports %+v, want one that matches", days)
			}
			if odd := k.logged("sale.day_differs", "sale.day_torn", "sale.odd", "sale.gap"); len(odd) > 0 {
				t.Errorf("logged %s", strings.Join(odd, "\n"))
			}
			if len(k.garbage) > 0 {
				t.Errorf("garbage %q", k.garbage)
			}
		})
	}
}
