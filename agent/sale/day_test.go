package sale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mostrador/drivers"
	"mostrador/store"
)

// says writes a record of a journal from "kind k=v k=v".
func says(text string) drivers.Heard {
	words := strings.Fields(text)
	f := map[string]string{"kind": words[0]}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		f[k] = v
	}
	return drivers.Heard{Record: &drivers.Record{Fields: f, Raw: []byte(text)}}
}

// daysOf writes the events of day reports in a line each.
func daysOf(t testing.TB, st *store.Store) (out []string) {
	t.Helper()
	err := st.View(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamSales, 0) {
			if err != nil {
				return err
			}
			if e.Type != DayEventType {
				continue
			}
			var d DayReport
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
			line := fmt.Sprintf("%s %d/%d %v", d.Number, *d.Reported.Net, *d.Read.Net, d.Matches)
			for _, x := range d.Differences {
				line += fmt.Sprintf(" %s%s%+d", x.Figure, x.Method, x.Difference)
			}
			out = append(out, line)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const receiptA = "open receipt=12 date=2026-03-14 time=13:05:22|item name=Lomo amount=38|due amount=38|payment name=CASH amount=40|change amount=2|"
const receiptB = "open receipt=13|item name=Chicha amount=9.5|due amount=9.5|payment name=CARD amount=9.5|"

func TestJournals(t *testing.T) {
	for _, test := range []struct {
		name, says string
		sales      []string
		days       []string
		logs       []string // beginnings
	}{
		{"closed when it is paid", receiptA, []string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]"}, nil, nil},
		{"not closed before the change", strings.TrimSuffix(receiptA, "change amount=2|"), nil, nil, nil},
		{"closed by the next head", strings.TrimSuffix(receiptA, "change amount=2|") + receiptB,
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 4000]", "13 950+0: 1×Chicha@950=950 [CARD 950]"}, nil, nil},
		{"numbered by its foot", "open time=13:05:22|item name=A amount=2|due amount=2|payment name=CASH amount=2|end receipt=7",
			[]string{"7 200+0: 1×A@200=200 [CASH 200]"}, nil, nil},
		{"what is left to pay is no total", "item name=A amount=20|due amount=20|payment name=CASH amount=5|due amount=15|payment name=CARD amount=15|end receipt=7",
			[]string{"7 2000+0: 1×A@2000=2000 [CASH 500] [CARD 1500]"}, nil, nil},
		{"quantity on a line of its own", "times quantity=3 price=1.50|item name=A amount=4.50|due amount=4.50|payment name=CASH amount=4.50|end receipt=7",
			[]string{"7 450+0: 3×A@150=450 [CASH 450]"}, nil, nil},
		{"a tax in the price, and one upon it", "item name=A amount=10|tax name=IVA amount=1|due amount=10|payment name=CASH amount=10|end receipt=7|" +
			"item name=A amount=10|tax name=IVA amount=1|due amount=11|payment name=CASH amount=11|end receipt=8",
			[]string{"7 1000+0: 1×A@1000=1000 [CASH 1000]", "8 1100+0: 1×A@1000=1000 1×IVA@100=100 [CASH 1100]"}, nil, nil},
		{"corrections", "item name=A amount=10|correct amount=-10|item name=B amount=3|due amount=3|payment name=CARD amount=3|correct amount=-3|payment name=CASH amount=3|end receipt=7",
			[]string{"7 300+0: 1×A@1000=1000 -1×A@1000=-1000 1×B@300=300 [CASH 300]"}, nil, nil},
		{"a correction of nothing", "correct amount=-10|item name=B amount=3|due amount=3|payment name=CASH amount=3|end receipt=7",
			[]string{"7 300+0: 1×corrección@-1000=-1000 1×B@300=300 [CASH 300] !correction_unclear !sums_disagree"}, nil, []string{"sale.odd "}},
		{"cancelled, and a drawer opened", receiptA + "open receipt=13|item name=B amount=3|cancel|open receipt=14|note|" + strings.ReplaceAll(receiptB, "13", "15"),
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]", "15 950+0: 1×Chicha@950=950 [CARD 950]"}, nil, []string{"sale.voided "}},
		{"a refund mode is not read", receiptA + "unread date=2026-03-14|open receipt=13|item name=B amount=3|due amount=3|payment name=CASH amount=3|" + strings.ReplaceAll(receiptB, "13", "14"),
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]", "14 950+0: 1×Chicha@950=950 [CARD 950]"}, nil, []string{"sale.not_read register/registradora: el recibo 13 "}},
		{"its mode behind its date", "open date=2026-03-14|unread receipt=13|item name=B amount=3|payment name=CASH amount=3|" + strings.ReplaceAll(receiptB, "13", "14"),
			[]string{"14 950+0: 1×Chicha@950=950 [CARD 950]"}, nil, []string{"sale.not_read register/registradora: el recibo 13 "}},
		{"a text with a number is no sale", "item name=Tel amount=555.12|" + receiptA, []string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]"}, nil, nil},
		{"a day that matches", receiptA + receiptB + "open receipt=14|day z=1|gross amount=50|net count=2|figure amount=47.50|tender name=CASH|figure amount=38|tender name=CARD amount=9.50|done|item name=PLU amount=47.50|" +
			"open receipt=15|day z=2|net count=0 amount=0|end",
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]", "13 950+0: 1×Chicha@950=950 [CARD 950]"},
			[]string{"1 4750/4750 true", "2 0/0 true"}, []string{"sale.day ", "sale.day "}},
		{"a day that differs in each figure", receiptA + "day z=1|net count=2 amount=40|tender name=CASH amount=30|tender name=CHECK amount=10|end",
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]"},
			[]string{"1 4000/3800 false net+200 lines+200 receipts+1 paymentCASH-800 paymentCHECK+1000"}, []string{"sale.day_differs "}},
		{"another kind of report", receiptA + "day z=1|tender name=PLU amount=38|end|day z=1|net amount=38|end",
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]"}, []string{"1 3800/3800 true"}, []string{"sale.day "}},
		{"a lost amount is not taken from the next figure", receiptA + "day z=1|net amount=38|tender name=CASH|note|figure amount=99|end",
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]"}, []string{"1 3800/3800 true"}, []string{"sale.day "}},
		{"torn, and begun anew by the register", receiptA + "day z=1|gross amount=38|" + receiptB + "day z=2|net amount=9.50|end",
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]", "13 950+0: 1×Chicha@950=950 [CARD 950]"},
			[]string{"2 950/950 true"}, []string{"sale.day_torn ", "sale.day "}},
		{"torn, and not begun anew", receiptA + "day z=1|gross amount=38|" + receiptB + "day z=1|net amount=47.50|end",
			[]string{"12 3800+0: 1×Lomo@3800=3800 [CASH 3800]", "13 950+0: 1×Chicha@950=950 [CARD 950]"},
			[]string{"1 4750/4750 true"}, []string{"sale.day_torn ", "sale.day "}},
		{"a day report in one record", "item receipt=12 name=A amount=5|total receipt=12 amount=5|void receipt=12|item receipt=13 name=A amount=7|total receipt=13 amount=7|day receipt=3 quantity=1.000 amount=7|day receipt=3 quantity=1.000 amount=7|item receipt=14 name=A amount=1|total receipt=14 amount=1|day receipt=4 quantity=1 amount=1.01",
			[]string{"12 500+0: 1×A@500=500", "12 -500+0: -1×A@500=-500 !void", "13 700+0: 1×A@700=700", "14 100+0: 1×A@100=100"},
			[]string{"3 700/700 true", "4 101/100 false net+1 lines+1"}, []string{"sale.day ", "sale.day_again ", "sale.day_differs "}},
	} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restarts %v", test.name, restarts), func(t *testing.T) {
				st := openStore(t, t.TempDir())
				r := NewRecorder(st, source())
				for text := range strings.SplitSeq(strings.Trim(test.says, "|"), "|") {
					if restarts {
						r = NewRecorder(st, source())
						if _, err := r.Resume(); err != nil {
							t.Fatal(err)
						}
					}
					if err := r.Keep(says(text)); err != nil {
						t.Fatal(err)
					}
				}
				if got := sketch(t, st); !slices.Equal(got, test.sales) {
					t.Errorf("sales\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.sales, "\n"))
				}
				if got := daysOf(t, st); !slices.Equal(got, test.days) {
					t.Errorf("day reports %q, want %q", got, test.days)
				}
				logs := logged(t, st)
				if len(logs) != len(test.logs) {
					t.Fatalf("logged\n%s\nwant %q", strings.Join(logs, "\n"), test.logs)
				}
				for i, want := range test.logs {
					if !strings.HasPrefix(logs[i], want) {
						t.Errorf("logged %q, want it to begin with %q", logs[i], want)
					}
				}
			})
		}
	}
}

// What is said of a difference names the figures and the likely cause.
func TestCauses(t *testing.T) {
	z := "day z=%s|net amount=%s|end|"
	garbage := "?"
	for _, test := range []struct{ name, says, want string }{
		{"the first", receiptA + fmt.Sprintf(z, "1", "50"), "total: la registradora dice 50,00 PEN, se leyó 38,00 PEN, diferencia 12,00 PEN; " +
			"suma de las líneas: la registradora dice 50,00 PEN, se leyó 38,00 PEN, diferencia 12,00 PEN. Causa probable: es el primer cierre que se lee"},
		{"a gap", fmt.Sprintf(z, "1", "0") + receiptA + strings.ReplaceAll(receiptB, "13", "15") + fmt.Sprintf(z, "2", "60"), "faltan números de recibo"},
		{"a report not heard", fmt.Sprintf(z, "1", "0") + receiptA + fmt.Sprintf(z, "3", "60"), "no se leyó el cierre Z 2"},
		{"unread lines", fmt.Sprintf(z, "1", "0") + receiptA + garbage + "|" + garbage + "|" + fmt.Sprintf(z, "2", "60"), "líneas que no se pudieron leer: 2"},
		{"odd receipts", fmt.Sprintf(z, "1", "0") + strings.Replace(receiptA, "Lomo amount=38", "Lomo amount=30", 1) + fmt.Sprintf(z, "2", "38"), "recibos leídos que no cuadran: 1"},
		{"fewer", fmt.Sprintf(z, "1", "0") + receiptA + fmt.Sprintf(z, "2", "60"), "Mostrador estuvo apagado"},
		{"more", fmt.Sprintf(z, "1", "0") + receiptA + fmt.Sprintf(z, "2", "10"), "un importe se leyó mal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := openStore(t, t.TempDir())
			r := NewRecorder(st, source())
			for text := range strings.SplitSeq(strings.Trim(test.says, "|"), "|") {
				h := says(text)
				if text == garbage {
					h = drivers.Heard{Garbage: []byte(text)}
				}
				if err := r.Keep(h); err != nil {
					t.Fatal(err)
				}
			}
			logs := logged(t, st)
			if last := strings.ReplaceAll(logs[len(logs)-1], "\u00a0", " "); !strings.HasPrefix(last, "sale.day_differs ") || !strings.Contains(last, test.want) {
				t.Errorf("logged %q, want it to have %q", last, test.want)
			}
		})
	}
}

// However records are mixed, nothing panics, and a restart changes nothing: all
// that is known between two records is in the memory that is kept.
func FuzzJournal(f *testing.F) {
	f.Add(receiptA + receiptB + "day z=1|net count=2|figure amount=47.50|done")
	f.Add("day z=1|day z=1|end|done|figure amount=1|change amount=5|correct amount=1|cancel|end receipt=1")
	f.Add("unread receipt=1|item amount=2|tender name=A count=1|read|total amount=1|void|payment amount=3|times quantity=2")
	st := openStore(f, f.TempDir())
	r := NewRecorder(st, source())
	undone := errors.New("undone") // so that each input begins anew
	f.Fuzz(func(t *testing.T, text string) {
		var lived memory
		text = strings.ToValidUTF8(text, "?") // as a driver decodes it
		err := st.Update(func(tx *store.Tx) error {
			for n, part := range strings.Split(text, "|") {
				if strings.TrimSpace(part) == "" || n > 60 {
					continue
				}
				var read memory
				kept, err := json.Marshal(lived)
				if err := errors.Join(err, json.Unmarshal(kept, &read)); err != nil {
					return err
				}
				again, err := json.Marshal(read)
				if err != nil || !bytes.Equal(again, kept) {
					return fmt.Errorf("kept %s, read back as %s, %v", kept, again, err)
				}
				lived = read
				if err := r.take(tx, &lived, recordOf(says(part).Record, false)); err != nil {
					return fmt.Errorf("%q: %w", part, err)
				}
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
	})
}
