package main

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mostrador/agent/sale"
	"mostrador/agent/uplink/uplinktest"
)

// A printed is a receipt that a test prints, in cents.
type printed struct {
	number int
	items  []int
	paid   int // in cash, or by check where byCheck
	check  bool
}

func (p printed) total() (sum int) {
	for _, i := range p.items {
		sum += i
	}
	return sum
}

// randomDay is some receipts with numbers from first on.
func randomDay(rng *rand.Rand, first int) (day []printed) {
	for n := range 2 + rng.IntN(3) {
		p := printed{number: first + n, check: rng.IntN(3) == 0}
		for range 1 + rng.IntN(3) {
			p.items = append(p.items, 1+rng.IntN(9999))
		}
		p.paid = p.total() + rng.IntN(2)*(1+rng.IntN(500))
		day = append(day, p)
	}
	return day
}

// A tillLayout prints a day; amounts that the day report is checked by stand
// between « and ».
type tillLayout struct {
	receipt func(p printed) string
	report  func(number, next int, net, count, cash, check int) string
	cash    string
	check   string
}

func cents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

func (l tillLayout) day(day []printed, z int) string {
	var b strings.Builder
	var net, cash, check int
	for _, p := range day {
		b.WriteString(l.receipt(p))
		net += p.total()
		if p.check {
			check += p.total()
		} else {
			cash += p.total()
		}
	}
	last := day[len(day)-1].number
	return b.String() + l.report(z, last+1, net, len(day), cash, check)
}

// sales are what a day's receipts come to, as till.sales writes them, without
// their lines.
func (l tillLayout) sales(day []printed, digits int) (out []string) {
	for _, p := range day {
		method := l.cash
		if p.check {
			method = l.check
		}
		out = append(out, fmt.Sprintf("%0*d %d [%s %d]", digits, p.number, p.total(), method, p.total()))
	}
	return out
}

// receiptText writes the items.
func receiptText(p printed, item string) string {
	var b strings.Builder
	for i, cost := range p.items {
		fmt.Fprintf(&b, item, i+1, cents(cost))
	}
	return b.String()
}

func tillLayouts() map[string]tillLayout {
	pay := func(p printed, cash, check string) string {
		if p.check {
			return check
		}
		return cash
	}
	given := func(p printed, format string) string {
		if p.paid == p.total() {
			return ""
		}
		return fmt.Sprintf(format, cents(p.paid-p.total()))
	}
	return map[string]tillLayout{
		"casio-tk": {
			receipt: func(p printed) string {
				return fmt.Sprintf("REG 03-04-2026 09:05\nC01 MC#01 %06d\n", p.number) +
					receiptText(p, "1 DEPT%02d •«%s»\n") + "TL •«" + cents(p.total()) + "»\n" +
					pay(p, "CASH", "CHECK") + " •" + cents(p.paid) + "\n" + given(p, "CG •%s\n")
			},
			report: func(z, next, net, count, cash, check int) string {
				return fmt.Sprintf("Z 03-04-2026 23:00\n0001 %06d\nZ DAILY Z\nZ FIX %04d\nGROSS %d.00\n•%s\nNET No %d\n•«%s»\nGT •00000012345.67\n",
					next, z, count, cents(net), count, cents(net))
			},
			cash: "CASH", check: "CHECK",
		},
		"casio-te": {
			receipt: func(p printed) string {
				return fmt.Sprintf("03-04-2026 09:05\nREG C01 %06d\n", p.number) +
					receiptText(p, "DEPT%02d •«%s»\n") + "TL •«" + cents(p.total()) + "»\n" +
					pay(p, "CA", "CHK") + " •«" + cents(p.paid) + "»\n" + given(p, "CG •«%s»\n")
			},
			report: func(z, next, net, count, cash, check int) string {
				return fmt.Sprintf("03-04-2026 23:00\nZ C01 %06d\n0000 DAILY Z %04d\nNET No %d\n•«%s»\nCA No 1\n•«%s»\nCHK No 1\n•«%s»\nGT •0000012345.67\n",
					next, z, count, cents(net), cents(cash), cents(check))
			},
			cash: "CA", check: "CHK",
		},
		"sam4s-er": {
			receipt: func(p printed) string {
				return "DATE 03/04/2026 WED TIME 08:33\n" +
					receiptText(p, "PLU%d $«%s»\n") + "TOTAL $«" + cents(p.total()) + "»\n" +
					pay(p, "CASH", "CHECK") + " $«" + cents(p.paid) + "»\n" + given(p, "CHANGE $«%s»\n") +
					fmt.Sprintf("CLERK 1 No.%06d 00001\n", p.number)
			},
			report: func(z, next, net, count, cash, check int) string {
				return fmt.Sprintf("DATE 03/04/2026 WED TIME 23:00\nZ1 REPORT %04d\nNET SALE %d\n$«%s»\nCASH SALES 1\n$«%s»\nCHECK SALES 1\n$«%s»\nCLERK 1 No.%06d 00001\n",
					z, count, cents(net), cents(cash), cents(check), next)
			},
			cash: "CASH", check: "CHECK",
		},
		"royal-110cx": {
			receipt: func(p printed) string {
				return "03.04.26\n" + receiptText(p, "%d «%s»\n") + "«" + cents(p.paid) + "» " + pay(p, "CA", "CK") + "\n" +
					given(p, "«%s» CG\n") + fmt.Sprintf(".5-35 %03d\n", p.number)
			},
			report: func(z, next, net, count, cash, check int) string {
				return fmt.Sprintf("03.04.26\n%03d Z\n001\n1 %s\n«%s» ST\n001\n«%s» CA\n001\n«%s» CK\n23-00 %03d\n",
					z, cents(net), cents(net), cents(cash), cents(check), next)
			},
			cash: "CA", check: "CK",
		},
	}
}

var markedAmount = regexp.MustCompile(`«[^»]*»`)

func unmarked(text string) string { return strings.NewReplacer("«", "", "»", "").Replace(text) }

// withoutLines is a sale of till.sales without its lines and its till.
func withoutLines(sale string) string {
	head, rest, _ := strings.Cut(sale, ":")
	words := strings.Fields(head)
	_, payments, _ := strings.Cut(rest, " [")
	return words[0] + " " + words[2] + " [" + payments
}

// What a register prints is what is read, and its day report matches; one
// amount changed on the way, whichever, and it does not.
func TestDayReportsHold(t *testing.T) {
	for profile, l := range tillLayouts() {
		t.Run(profile, func(t *testing.T) {
			for seed := range uint64(3) {
				rng := rand.New(rand.NewPCG(seed, 7))
				first, second := randomDay(rng, 11), randomDay(rng, 21)
				text := l.day(first, 7)
				k := newTill(t, profile)
				k.hears(unmarked(text) + unmarked(l.day(second, 8)))
				var got []string
				for _, s := range k.sales() {
					got = append(got, withoutLines(s))
				}
				digits := 6
				if profile == "royal-110cx" {
					digits = 3
				}
				if want := append(l.sales(first, digits), l.sales(second, digits)...); !slices.Equal(got, want) {
					t.Fatalf("seed %d: read %q, want %q\n%s", seed, got, want, text)
				}
				if days := k.days(); len(days) != 2 || !days[0].Matches || !days[1].Matches {
					t.Fatalf("seed %d: day reports %+v\n%s", seed, days, text)
				}
				amounts := markedAmount.FindAllStringIndex(text, -1)
				for range 3 {
					at := amounts[rng.IntN(len(amounts))]
					changed := text[:at[0]] + changeDigit(rng, text[at[0]:at[1]]) + text[at[1]:]
					k := newTill(t, profile)
					k.hears(unmarked(changed))
					days, logged := k.days(), k.logged("sale.day_differs")
					if len(days) != 1 || days[0].Matches || len(logged) != 1 || !strings.HasPrefix(logged[0], "alarm ") {
						t.Errorf("seed %d: %s changed in\n%s\nday reports %+v, logged %q", seed, text[at[0]:at[1]], changed, days, logged)
					}
				}
			}
		})
	}
}

// changeDigit changes one digit of an amount.
func changeDigit(rng *rand.Rand, amount string) string {
	b := []byte(amount)
	for {
		i := rng.IntN(len(b))
		if b[i] < '0' || b[i] > '9' {
			continue
		}
		b[i] = '0' + (b[i]-'0'+byte(1+rng.IntN(9)))%10
		return string(b)
	}
}

// The event of a day report has the fields of its schema.
func TestDayReportMatchesSchema(t *testing.T) {
	uplinktest.SameShape(t, sale.DayEventType, sale.DayReport{})
}

// What happens to journals.
func TestJournalMistakes(t *testing.T) {
	l := tillLayouts()["sam4s-er"]
	first := []printed{{11, []int{500, 700}, 1200, false}, {12, []int{900}, 1000, true}}
	second := []printed{{14, []int{300}, 300, false}}
	one, two := unmarked(l.day(first, 7)), unmarked(l.day(second, 8))
	zAt := strings.Index(one, "DATE 03/04/2026 WED TIME 23:00")
	sales, z := one[:zAt], one[zAt:]
	netAt := strings.Index(z, "NET SALE")
	for name, test := range map[string]struct {
		says    []string // with a restart between two
		matches []bool
		logs    []string // each in an entry
	}{
		"two days":                     {[]string{one + two}, []bool{true, true}, nil},
		"a day report printed twice":   {[]string{one + z + two}, []bool{true, true}, []string{"info register/registradora: el cierre Z 0007 llegó otra vez"}},
		"again after a restart":        {[]string{one, z, two}, []bool{true, true}, []string{"llegó otra vez"}},
		"torn before its total, again": {[]string{sales + z[:netAt], z + two}, []bool{true, true}, []string{"warning register/registradora: el cierre Z 0007 se cortó antes del total; imprímalo otra vez"}},
		"torn, and the next day's": {[]string{sales + z[:netAt], two}, []bool{true},
			[]string{"se cortó antes del total"}},
		"torn behind its total": {[]string{sales + z[:strings.Index(z, "CASH SALES")], two}, []bool{true, true}, []string{"falta el recibo 13"}},
		"a reading resets nothing": {[]string{sales + strings.NewReplacer("Z1", "X1", "0007", "0003").Replace(z), z + two},
			[]bool{true, true}, nil},
		"a period's report resets nothing": {[]string{sales + strings.NewReplacer("Z1", "Z2", "0007", "0003").Replace(z), z + two},
			[]bool{true, true}, nil},
		"paper out in the middle of a receipt": {[]string{sales[:strings.Index(sales, "TOTAL")] + sales + z}, []bool{false},
			[]string{"el recibo no trae total", "alarm register/registradora: el cierre Z 0007 no coincide con lo leído."}},
		"the agent was off for a receipt": {[]string{two, sales[strings.Index(sales[4:], "DATE")+4:] + z}, []bool{true, false},
			[]string{"diferencia", "faltan"}},
		"a day report was not heard": {[]string{two, sales, strings.Replace(two, "0008", "0010", 1)}, []bool{true, false},
			[]string{"no se leyó el cierre Z 9"}},
		"half a line is lost": {[]string{strings.Replace(sales, "PLU1 $5.00\n", "PLU1 $5.0", 1) + z}, []bool{false},
			[]string{"no coincide con lo leído"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTill(t, "sam4s-er")
			for _, text := range test.says {
				k.hears(text)
				k.restart()
			}
			var matches []bool
			for _, d := range k.days() {
				matches = append(matches, d.Matches)
			}
			logs := k.logged("sale.day_again", "sale.day_torn", "sale.day_differs", "sale.odd", "sale.gap")
			if !slices.Equal(matches, test.matches) {
				t.Errorf("day reports match: %v, want %v\nlogged %s", matches, test.matches, strings.Join(logs, "\n"))
			}
			for _, want := range test.logs {
				if !slices.ContainsFunc(logs, func(entry string) bool { return strings.Contains(entry, want) }) {
					t.Errorf("nothing logged with %q:\n%s", want, strings.Join(logs, "\n"))
				}
			}
			if test.logs == nil && len(logs) > 0 {
				t.Errorf("logged %s", strings.Join(logs, "\n"))
			}
		})
	}
}

// Wherever the line or the agent breaks off, sales and day report come once.
func TestJournalCutAnywhere(t *testing.T) {
	l := tillLayouts()["casio-te"]
	text := unmarked(l.day([]printed{{11, []int{500, 700}, 2000, false}, {12, []int{900}, 900, true}}, 7))
	whole := newTill(t, "casio-te")
	whole.hears(text)
	want := whole.sales()
	for cut := 1; cut < len(text); cut += 17 {
		k := newTill(t, "casio-te")
		k.hears(text[:cut])
		k.restart()
		k.hears(text[cut:])
		if got := k.sales(); !slices.Equal(got, want) {
			t.Errorf("cut at %d: %q, want %q", cut, got, want)
		}
		if days := k.days(); len(days) != 1 || !days[0].Matches {
			t.Errorf("cut at %d: day reports %+v", cut, days)
		}
	}
}
