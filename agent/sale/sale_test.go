package sale

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers"
	"mostrador/store"
)

func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	st, err := store.Open(filepath.Join(dir, "m.db"), store.Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		uplinktest.CheckStore(t, st)
		_ = st.Close()
	})
	return st
}

func source() Source {
	lima, err := time.LoadLocation("America/Lima")
	if err != nil {
		panic(err)
	}
	return Source{Name: "register/registradora", Currency: "PEN", PointOfSale: "caja-1", Location: lima, DayStarts: 5 * time.Hour}
}

// rec writes a record from "kind receipt k=v k=v"; - stands for no receipt.
func rec(text string) drivers.Heard {
	words := strings.Split(text, " ")
	f := map[string]string{"kind": words[0], "date": "2026-03-14", "time": "13:05:22"}
	if words[1] != "-" {
		f["receipt"] = words[1]
	}
	for _, w := range words[2:] {
		k, v, _ := strings.Cut(w, "=")
		f[k] = strings.ReplaceAll(v, "_", " ")
		if v == "" {
			delete(f, k)
		}
	}
	return drivers.Heard{Record: &drivers.Record{Fields: f, Raw: []byte(text)}}
}

// sketch writes sales in a line each.
func sketch(t testing.TB, st *store.Store) []string {
	t.Helper()
	var out []string
	err := st.View(func(tx *store.Tx) error {
		out = nil
		for s, err := range tx.Sales() {
			if err != nil {
				return err
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s %d+%d:", s.Receipt, s.Total, s.Tip)
			for _, l := range s.Lines {
				fmt.Fprintf(&b, " %s×%s@%d=%d", l.Quantity, l.Name, l.Unit, l.Total)
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
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

func logged(t testing.TB, st *store.Store) []string {
	t.Helper()
	var out []string
	err := st.View(func(tx *store.Tx) error {
		out = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			out = append(out, e.Kind+" "+e.Text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

// resume stands for a restart of the agent.
const resume = "resume"

// receipts are what a register says, the sales of it, and how the log begins.
var receipts = []struct {
	name string
	says []string
	want []string
	logs []string // beginnings
}{
	{"one receipt", []string{
		"item 12 plu=101 name=Lomo quantity=2 amount=76.00", "item 12 name=Chicha amount=9.5", "payment 12 name=TARJETA amount=90", "total 12 amount=85.50 tip=4.50",
	}, []string{"12 8550+450: 2×Lomo@3800=7600 1×Chicha@950=950 [TARJETA 9000]"}, nil},
	{"two receipts, the second without a total, and a gap", []string{
		"item 12 name=A amount=1", "total 12 amount=1", "item 15 name=B price=2 quantity=3", "item 16 name=C amount=1", "total 16 amount=1",
	}, []string{"12 100+0: 1×A@100=100", "15 600+0: 3×B@200=600 !total_missing", "16 100+0: 1×C@100=100"},
		[]string{"sale.gap register/registradora: faltan los recibos 13 a 14", "sale.odd "}},
	{"a number that begins again is no gap", []string{
		"item 99 name=A amount=1", "total 99 amount=1", "item 1 name=B amount=1", "total 1 amount=1",
	}, []string{"99 100+0: 1×A@100=100", "1 100+0: 1×B@100=100"}, nil},
	{"the same dish twice is two", []string{
		"item 12 name=Cola amount=5", "item 12 name=Cola amount=5", "total 12 amount=10",
	}, []string{"12 1000+0: 1×Cola@500=500 1×Cola@500=500"}, nil},
	{"the same record sent twice is one", []string{
		"item 12 name=Cola amount=5", resume, "item 12 name=Cola amount=5", "item 12 name=Pan amount=2", "total 12 amount=7",
	}, []string{"12 700+0: 1×Cola@500=500 1×Pan@200=200"}, nil},
	{"a resent record and the same dish twice", []string{
		"item 12 name=Cola amount=5", "item 12 name=Cola amount=5", resume, "item 12 name=Cola amount=5", "total 12 amount=10",
	}, []string{"12 1000+0: 1×Cola@500=500 1×Cola@500=500"}, nil},
	{"a whole receipt resent from its beginning", []string{
		"item 12 name=A amount=5", "item 12 name=B amount=2", resume, "item 12 name=A amount=5", "item 12 name=B amount=2", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@500=500 1×B@200=200"}, nil},
	{"a payment sent again after a restart is one", []string{
		"item 12 name=A amount=7", "payment 12 name=EFECTIVO amount=7", resume, "payment 12 name=EFECTIVO amount=7", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 [EFECTIVO 700]"}, nil},
	{"a payment of more than is due sent again", []string{
		"item 12 name=A amount=7", "payment 12 name=EFECTIVO amount=10", "payment 12 name=EFECTIVO amount=10", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 [EFECTIVO 1000]"}, nil},
	{"two who pay the half each", []string{
		"item 12 name=A amount=7", "payment 12 name=EFECTIVO amount=3.50", resume, "payment 12 name=EFECTIVO amount=3.50", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 [EFECTIVO 350] [EFECTIVO 350]"}, nil},
	{"two halves, the second sent again", []string{
		"item 12 name=A amount=7", "payment 12 name=EFECTIVO amount=3.50", "payment 12 name=EFECTIVO amount=3.50", resume, "payment 12 name=EFECTIVO amount=3.50", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 [EFECTIVO 350] [EFECTIVO 350]"}, nil},
	{"a payment given back sent again", []string{
		"void 12 name=A amount=7", "payment 12 name=EFECTIVO amount=-7", resume, "payment 12 name=EFECTIVO amount=-7", "total 12 amount=-7",
	}, []string{"12 -700+0: -1×A@700=-700 [EFECTIVO -700]"}, nil},
	{"a payment taken back and made again", []string{
		"open 12", "item 12 name=A amount=7", "item 12 name=A amount=7", "due 12 amount=14", "payment 12 name=EFECTIVO amount=14", "correct 12 amount=-14", "payment 12 name=EFECTIVO amount=14", "end 12",
	}, []string{"12 1400+0: 1×A@700=700 1×A@700=700 [EFECTIVO 1400]"}, nil},
	{"payments that do not come to the total", []string{
		"item 12 name=A amount=7", "payment 12 name=EFECTIVO amount=2", resume, "payment 12 name=EFECTIVO amount=2", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 [EFECTIVO 200] [EFECTIVO 200] !payments_disagree"}, []string{"sale.odd "}},
	{"a line of nothing sent again after a restart", []string{
		"item 12 name=A amount=7", "item 12 name=SIN-SAL amount=0", resume, "item 12 name=SIN-SAL amount=0", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 1×SIN-SAL@0=0"}, nil},
	{"a line of nothing twice", []string{
		"item 12 name=A amount=7", "item 12 name=SIN-SAL amount=0", "item 12 name=SIN-SAL amount=0", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@700=700 1×SIN-SAL@0=0 1×SIN-SAL@0=0"}, nil},
	{"sums that disagree stay", []string{
		"item 12 name=A amount=5", "total 12 amount=7",
	}, []string{"12 700+0: 1×A@500=500 !sums_disagree"}, []string{"sale.odd "}},
	{"the total of a closed receipt again", []string{
		"item 12 name=A amount=5", "total 12 amount=5", resume, "total 12 amount=5", "item 12 name=A amount=5", "item 13 name=A amount=5", "total 13 amount=5",
	}, []string{"12 500+0: 1×A@500=500", "13 500+0: 1×A@500=500"}, nil},
	{"receipts without numbers", []string{
		"item - name=A amount=5", "total - amount=5", resume, "total - amount=5", "item - name=A amount=5", "total - amount=5",
	}, []string{" 500+0: 1×A@500=500", " 500+0: 1×A@500=500"}, nil},
	{"totals alone, without numbers, are guests", []string{
		"total - amount=5", "total - amount=5",
	}, []string{" 500+0:", " 500+0:"}, nil},
	{"tip within the total", []string{
		"item 12 name=A amount=50", "total 12 amount=55 tip=5",
	}, []string{"12 5000+500: 1×A@5000=5000"}, nil},
	{"an item taken back", []string{
		"item 12 name=A amount=5", "void 12 name=A amount=5", "item 12 name=B amount=2", "total 12 amount=2",
	}, []string{"12 200+0: 1×A@500=500 -1×A@500=-500 1×B@200=200"}, nil},
	{"an open receipt voided", []string{
		"item 12 name=A amount=5", "void 12 amount=", "item 13 name=B amount=2", "total 13 amount=2",
	}, []string{"13 200+0: 1×B@200=200"}, []string{"sale.voided register/registradora: recibo 12"}},
	{"a closed receipt voided", []string{
		"item 12 name=A amount=5", "total 12 amount=5", "void 12 amount=",
	}, []string{"12 500+0: 1×A@500=500", "12 -500+0: -1×A@500=-500 !void"}, nil},
	{"a receipt voided that nobody knows", []string{"void 7 amount="}, nil, []string{"sale.void_unknown "}},
	{"whole sales", []string{
		"sale 1 amount=58 tip=5 payment=TARJETA", "sale 1 amount=58 tip=5 payment=TARJETA", "sale 2 amount=58 tip=5 payment=TARJETA",
	}, []string{"1 5800+500: [TARJETA 5800]", "2 5800+500: [TARJETA 5800]"}, nil},
	{"a number used again for something else", []string{
		"sale 1 amount=58", "sale 1 amount=60",
	}, []string{"1 5800+0:", "1 6000+0:"}, nil},
	{"lines that each count as a sale", []string{
		"sale 1 name=Cola amount=5", "sale 1 name=Cola amount=5",
	}, []string{"1 500+0: 1×Cola@500=500", "1 500+0: 1×Cola@500=500"}, nil},
	{"hostile text", []string{
		"item 12 name=\x1b[31mA\u202eB\x00 amount=1", "total 12 amount=1",
	}, []string{"12 100+0: 1×[31mAB@100=100"}, nil},
	{"thirds", []string{
		"item 12 name=A quantity=3 amount=10", "item 12 name=Q quantity=0.350 amount=7", "total 12 amount=17",
	}, []string{"12 1700+0: 3×A@333=1000 0.350×Q@2000=700"}, nil},
	{"amounts that cannot be", []string{
		"item 12 name=A amount=1.005", "item 12 name=B amount=99999999999999999999", "item 12 name=C", "total 12 amount=1.01",
	}, []string{"12 101+0: 1×A@101=101 1×B@0=0 1×C@0=0 !amount_rounded !amount_unreadable !amount_missing"}, []string{"sale.odd "}},
}

func TestRecorder(t *testing.T) {
	for _, c := range receipts {
		t.Run(c.name, func(t *testing.T) {
			st := openStore(t, t.TempDir())
			r := NewRecorder(st, source())
			for _, text := range c.says {
				if text == resume { // as after a restart
					r = NewRecorder(st, source())
					if _, err := r.Resume(); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err := r.Keep(rec(text)); err != nil {
					t.Fatal(err)
				}
			}
			if got := sketch(t, st); !slices.Equal(got, c.want) {
				t.Errorf("sales:\n got %q\nwant %q", got, c.want)
			}
			logs := logged(t, st)
			if len(logs) != len(c.logs) {
				t.Fatalf("log %q, want %q", logs, c.logs)
			}
			for i := range logs {
				if !strings.HasPrefix(logs[i], c.logs[i]) {
					t.Errorf("log %q, want %q", logs[i], c.logs[i])
				}
			}
			var events int
			err := st.View(func(tx *store.Tx) error {
				events = int(tx.Last(store.StreamSales))
				return nil
			})
			if err != nil || events != len(c.want) {
				t.Errorf("%d events: %v", events, err)
			}
		})
	}
}

func TestBusinessDate(t *testing.T) {
	r := NewRecorder(nil, source())
	now := store.Moment{Wall: time.Date(2026, 3, 15, 6, 0, 0, 0, time.UTC)} // 01:00 of the 15th in Lima
	for _, c := range []struct{ date, clock, at, day string }{
		{"2026-03-14", "13:05:22", "2026-03-14T18:05:22Z", "2026-03-14"},
		{"2026-03-15", "04:59:59", "2026-03-15T09:59:59Z", "2026-03-14"},
		{"2026-03-15", "05:00:00", "2026-03-15T10:00:00Z", "2026-03-15"},
		{"", "", "2026-03-15T06:00:00Z", "2026-03-14"},
		{"", "23:58:00", "2026-03-15T04:58:00Z", "2026-03-14"}, // said two hours later
		{"2026-03-13", "", "2026-03-13T17:00:00Z", "2026-03-13"},
	} {
		at, day := r.when(record{Fields: map[string]string{"date": c.date, "time": c.clock}}, now)
		if at.Format(time.RFC3339) != c.at || day != c.day {
			t.Errorf("%q %q: %s, %s", c.date, c.clock, at.Format(time.RFC3339), day)
		}
	}
}

// What has come of a record survives a restart, until the next thing is heard.
func TestPartial(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "m.db"), store.Options{Identity: "lima-01/caja-1"})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(st, source())
	keep := func(h drivers.Heard) {
		t.Helper()
		if err := r.Keep(h); err != nil {
			t.Fatal(err)
		}
	}
	keep(rec("item 12 name=A amount=5"))
	keep(drivers.Heard{Partial: []byte("T 0000")})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = openStore(t, dir)
	r = NewRecorder(st, source())
	partial, err := r.Resume()
	if err != nil || string(partial) != "T 0000" {
		t.Fatalf("partial %q: %v", partial, err)
	}
	keep(rec("total 12 amount=5"))
	if partial, err = r.Resume(); err != nil || partial != nil {
		t.Errorf("partial %q: %v", partial, err)
	}
	keep(drivers.Heard{Partial: []byte("xx")})
	keep(drivers.Heard{Garbage: []byte("xxyy")})
	if partial, err = r.Resume(); err != nil || partial != nil {
		t.Errorf("partial %q: %v", partial, err)
	}
	if got := sketch(t, st); !slices.Equal(got, []string{"12 500+0: 1×A@500=500"}) {
		t.Errorf("sales %q", got)
	}
}

// A receipt that never ends is closed all the same, by number and by size.
func TestEndless(t *testing.T) {
	st := openStore(t, t.TempDir())
	m := memory{}
	for i := range maxOpen - 1 {
		m.Open = append(m.Open, record{Fields: map[string]string{"kind": "item", "name": "A", "amount": "1"}, Hash: fmt.Sprint(i)})
	}
	r := NewRecorder(st, source())
	if err := st.Update(func(tx *store.Tx) error { return r.save(tx, m) }); err != nil {
		t.Fatal(err)
	}
	if err := r.Keep(rec("item - name=A amount=1")); err != nil {
		t.Fatal(err)
	}
	if got := sketch(t, st); len(got) != 1 || !strings.HasSuffix(got[0], "!total_missing") {
		t.Errorf("%d sales", len(got))
	}
	for i := range 60 { // what takes the most room as JSON
		h := rec(fmt.Sprintf("item - name=%d%s amount=1", i, strings.Repeat("\x01", 4000)))
		if err := r.Keep(h); err != nil {
			t.Fatal(err)
		}
	}
	if got := sketch(t, st); len(got) != 2 {
		t.Errorf("%d sales", len(got))
	}
}

// Whatever a device says, it is kept or refused, and what comes after it too.
func FuzzKeep(f *testing.F) {
	f.Add("item", "1", "Lomo", "2", "38.00", "", "2026-03-14", "25:99:99")
	f.Add("total", "x9", "", "-1", "1e30", "0.001", "", "")
	f.Add("void", "1", "", "", "", "", "9999-99-99", "00:00:00")
	f.Add("sale", "", "", "", "-5", "x", "", "")
	st := openStore(f, f.TempDir())
	f.Fuzz(func(t *testing.T, kind, receipt, name, quantity, amount, payment, date, clock string) {
		r := NewRecorder(st, source())
		fields := map[string]string{"kind": kind, "receipt": receipt, "name": name, "quantity": quantity,
			"amount": amount, "payment": payment, "tip": payment, "price": quantity, "date": date, "time": clock}
		for _, h := range []drivers.Heard{{Record: &drivers.Record{Fields: fields, Raw: []byte(kind + name)}}, rec("total 1 amount=1")} {
			if err := r.Keep(h); err != nil {
				t.Fatal(err)
			}
		}
	})
}
