//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/agent/sale"
	"mostrador/drivers"
	"mostrador/drivers/tap"
	"mostrador/printer/escpos"
	"mostrador/printer/profile"
	"mostrador/store"
)

// What other programs print is read by profiles that were learned from a few of
// their receipts: right, or not at all. The receipts are made here, with what a
// person or a bad line does to them; the npm packages print them.

// A peerLine is one line as packaging/peers/receipts.js takes it.
type peerLine struct {
	Text   string   `json:"text,omitempty"`
	Center bool     `json:"center,omitempty"`
	Bold   bool     `json:"bold,omitempty"`
	Big    bool     `json:"big,omitempty"`
	Cells  []string `json:"cells,omitempty"`
	Left   string   `json:"left,omitempty"`
	Right  string   `json:"right,omitempty"`
	Rule   bool     `json:"rule,omitempty"`
}

// A madeReceipt is what a till prints, and what it sold.
type madeReceipt struct {
	what    string // what was done to it
	lines   []peerLine
	total   int64
	sold    []int64 // of each line with its modifiers
	paid    int64
	noSale  bool // no sale may be read from it
	mayMiss bool // it may be read or not: what is read must be right
}

// A posTill makes receipts of one layout.
type posTill struct {
	random *rand.Rand
	priced bool // with a column of prices
	added  bool // taxes on top
	next   int
}

func amountText(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	whole := fmt.Sprint(minor / 100)
	if len(whole) > 3 {
		whole = whole[:len(whole)-3] + "," + whole[len(whole)-3:]
	}
	return fmt.Sprintf("%s%s.%02d", sign, whole, minor%100)
}

var (
	tillNames = []string{
		"LOMO SALTADO", "AJÍ DE GALLINA", "CHICHA MORADA 1L", "CEVICHE MIXTO", "PISCO SOUR", "INKA KOLA 500ML", "ARROZ CHAUFA",
		"TIRAMISÚ", "CAFÉ AMERICANO", "SUSPIRO LIMEÑO", "7 UP", "COMBO 2 X 1", "PAPA A LA HUANCAÍNA", "CAUSA LIMEÑA DE POLLO",
	}
	// Names that look like something else.
	trickNames = []string{
		"TOTAL", "SUBTOTAL", "IGV 18%", "DESCUENTO", "EFECTIVO", "VUELTO", "TIP TOP", "TOTAL A PAGAR", "PRECUENTA", "COPIA", "ANULADO",
		"ARROZ 10.00", "-5.00", "2 X 10.00", "TOTAL S/ 5.00", "+ HUEVO", "S/ 3.00", "1,000", "BOLETA B001-9", "OP. GRAVADA",
	}
	trickNotes = []string{"TOTAL 5.00", "DESCUENTO 5.00", "total S/ 0.01", "EFECTIVO 10.00", "IGV 18% 1.00", "2 LOMO 10.00 20.00", "PRECUENTA", "----", "VUELTO 1.00"}
)

// sell makes one receipt with names from these.
func (t *posTill) sell(names []string) madeReceipt {
	r := t.random
	t.next++
	at := time.Date(2026, 3, 14, 12+t.next%10, t.next%60, 0, 0, time.UTC)
	m := madeReceipt{what: "clean"}
	text := func(s string, center, bold bool) {
		m.lines = append(m.lines, peerLine{Text: s, Center: center, Bold: bold})
	}
	pair := func(left string, minor int64) {
		m.lines = append(m.lines, peerLine{Left: left, Right: amountText(minor)})
	}
	text("La Brasa de Ñusta", true, true)
	text("RUC 20123456789", true, false)
	text(fmt.Sprintf("BOLETA DE VENTA B001-%07d", t.next), true, false)
	text("Fecha: "+at.Format("02/01/2006")+" Hora: "+at.Format("15:04"), false, false)
	m.lines = append(m.lines, peerLine{Rule: true})
	for range 1 + r.IntN(7) {
		quantity, price := int64(1+r.IntN(4)), int64(100+50*r.IntN(300))
		cells := []string{fmt.Sprint(quantity), names[r.IntN(len(names))], "", amountText(quantity * price)}
		if t.priced {
			cells[2] = amountText(price)
		}
		m.lines = append(m.lines, peerLine{Cells: cells})
		sold := quantity * price
		if r.IntN(3) == 0 {
			extra := int64(50 * (1 + r.IntN(6)))
			pair("  + Huevo", extra)
			sold += extra
		}
		if r.IntN(4) == 0 {
			text("  + sin cebolla", false, false)
		}
		m.sold = append(m.sold, sold)
		m.total += sold
	}
	m.lines = append(m.lines, peerLine{Rule: true})
	if r.IntN(4) == 0 {
		off := min(m.total/2, int64(100*(1+r.IntN(5))))
		pair("DESCUENTO", -off)
		m.sold = append(m.sold, -off)
		m.total -= off
	}
	t.sums(&m, pair)
	text("Gracias por su visita", true, false)
	return m
}

// sums prints taxes, total and payments.
func (t *posTill) sums(m *madeReceipt, pair func(string, int64)) {
	if t.added {
		tax := m.total * 18 / 100
		pair("SUBTOTAL", m.total)
		pair("IGV 18%", tax)
		m.total += tax
		m.sold = append(m.sold, tax)
	} else {
		net := m.total * 100 / 118
		pair("OP. GRAVADA", net)
		pair("IGV 18%", m.total-net)
	}
	m.lines = append(m.lines, peerLine{Left: "TOTAL S/", Right: amountText(m.total), Big: true})
	m.paid = m.total
	switch t.random.IntN(3) {
	case 0:
		pair("TARJETA VISA", m.total)
	case 1:
		given := (m.total/1000 + 1) * 1000
		pair("EFECTIVO", given)
		pair("VUELTO", given-m.total)
	default:
		part := m.total / 3
		if part == 0 {
			pair("YAPE", m.total)
			return
		}
		pair("EFECTIVO", part)
		pair("TARJETA VISA", m.total-part)
	}
}

// spoil does to a receipt what people, other programs and bad lines do.
func (t *posTill) spoil(m madeReceipt) madeReceipt {
	r := t.random
	m.lines = slices.Clone(m.lines)
	body := func(is func(peerLine) bool) int {
		var at []int
		for i, l := range m.lines {
			if is(l) {
				at = append(at, i)
			}
		}
		if len(at) == 0 {
			return -1
		}
		return at[r.IntN(len(at))]
	}
	isItem := func(l peerLine) bool { return l.Cells != nil }
	total := slices.IndexFunc(m.lines, func(l peerLine) bool { return strings.HasPrefix(l.Left, "TOTAL") })
	i := body(isItem)
	switch m.what = spoils[r.IntN(len(spoils))]; m.what {
	case "an item is missing":
		m.lines, m.noSale = slices.Delete(m.lines, i, i+1), true
	case "an item stands twice":
		m.lines, m.noSale = slices.Insert(m.lines, i, m.lines[i]), true
	case "a digit of the total is another":
		b := []byte(m.lines[total].Right)
		j := bytes.IndexFunc(b, func(r rune) bool { return r >= '0' && r <= '9' })
		b[j] = '0' + (b[j]-'0'+1+byte(r.IntN(8)))%10
		m.lines[total].Right, m.noSale = string(b), true
	case "the decimal mark is another":
		m.lines[total].Right, m.noSale = strings.NewReplacer(".", ",", ",", ".").Replace(m.lines[total].Right), true
	case "the number is missing":
		m.lines, m.noSale = slices.DeleteFunc(m.lines, func(l peerLine) bool { return strings.HasPrefix(l.Text, "BOLETA") }), true
	case "a bill before payment":
		m.lines, m.noSale = slices.Insert(m.lines, 2, peerLine{Text: []string{"*** PRE-CUENTA ***", "P R E C U E N T A", "Nota de crédito", "ANULADO", "Cierre Z", "VOID"}[r.IntN(6)], Center: true}), true
	case "another currency":
		m.lines[total].Left, m.noSale = "TOTAL US$", true
	case "an amount is garbled, and the total is without it":
		was := m.lines[i].Cells[3]
		cells := slices.Clone(m.lines[i].Cells)
		cells[3] = strings.Replace(was, "0", "O", 1)
		if cells[3] == was {
			cells[3] = was[:len(was)-1] + "S"
		}
		m.lines[i].Cells, m.noSale = cells, true
		var cents int64
		fmt.Sscan(strings.NewReplacer(",", "", ".", "").Replace(was), &cents)
		m.lines[total].Right = amountText(m.total - cents)
	case "a note that looks like a sum":
		m.lines, m.mayMiss = slices.Insert(m.lines, i+1, peerLine{Text: "  " + trickNotes[r.IntN(len(trickNotes))]}), true
	case "two totals":
		m.lines, m.noSale = slices.Insert(m.lines, total+1, peerLine{Left: "TOTAL S/", Right: amountText(m.total + 100)}), true
	case "something sold after the total":
		m.lines, m.noSale = slices.Insert(m.lines, total+1, m.lines[i]), true
	case "paid less":
		m.lines, m.noSale = slices.Insert(m.lines, total+1, peerLine{Left: "YAPE", Right: "0.50"}), true
	}
	return m
}

var spoils = []string{
	"an item is missing", "an item stands twice", "a digit of the total is another", "the decimal mark is another", "the number is missing",
	"a bill before payment", "another currency", "an amount is garbled, and the total is without it", "a note that looks like a sum", "two totals",
	"something sold after the total", "paid less",
}

// printByPeers prints receipts with each of the packages.
func printByPeers(t testing.TB, receipts []madeReceipt) map[string][][]byte {
	t.Helper()
	all := make([][]peerLine, len(receipts))
	for i, r := range receipts {
		all[i] = r.lines
	}
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "../../packaging/peers/receipts.js")
	node.Stdin, node.Stderr = bytes.NewReader(in), new(strings.Builder)
	out, err := node.Output()
	if err != nil {
		t.Fatalf("the npm packages did not answer: %v: run packaging/install-tools (make tools), which installs them\n%v", err, node.Stderr)
	}
	var printed map[string][][]byte
	if err := json.Unmarshal(out, &printed); err != nil {
		t.Fatal(err)
	}
	return printed
}

func genericDecoder() *escpos.Decoder {
	p, _ := profile.Lookup("generic")
	return escpos.NewDecoder(p)
}

var limaTill = sale.Source{Name: "tap/caja", Currency: "PEN", PointOfSale: "caja", Location: time.UTC}

func readTapped(in drivers.Receipt) (store.Sale, string) {
	if in.NoSale {
		return store.Sale{}, "no sale"
	}
	return sale.Read(&in, limaTill, store.Moment{Wall: time.Date(2026, 3, 14, 20, 0, 0, 0, time.UTC)})
}

// rightly says what of a sale is not as it was sold, line by line; with apart
// false, how the sum is shared among the lines is left out.
func (m madeReceipt) rightly(s store.Sale, apart bool) string {
	var sold []int64
	sum := int64(0)
	for _, l := range s.Lines {
		sold = append(sold, l.Total)
		sum += l.Total
	}
	paid := int64(0)
	for _, p := range s.Payments {
		paid += p.Amount
	}
	switch {
	case s.Total != m.total:
		return fmt.Sprintf("the total is %d, sold for %d", s.Total, m.total)
	case sum != m.total:
		return fmt.Sprintf("the lines come to %d, sold for %d", sum, m.total)
	case apart && !slices.Equal(sold, m.sold):
		return fmt.Sprintf("the lines are %d, sold were %d", sold, m.sold)
	case len(s.Payments) > 0 && paid != m.paid:
		return fmt.Sprintf("paid are %d, and were %d", paid, m.paid)
	}
	return ""
}

func TestPeersReceiptsAreReadRightOrNotAtAll(t *testing.T) {
	t.Parallel()
	count := 16
	if proof() {
		count = 2000
	}
	for _, layout := range []struct {
		name          string
		priced, added bool
	}{{"prices", true, false}, {"no prices", false, false}, {"taxes on top", false, true}} {
		random := rand.New(rand.NewPCG(7, uint64(len(layout.name))))
		till := &posTill{random: random, priced: layout.priced, added: layout.added}
		var made []madeReceipt
		for range 8 { // what the profile is learned from
			made = append(made, till.sell(tillNames))
		}
		for i := range count {
			m := till.sell(tillNames)
			switch {
			case i%4 == 0:
				m = till.sell(append(slices.Clone(tillNames), trickNames...))
				m.what, m.mayMiss = "names that look like something else", true
			case i%4 != 1:
				m = till.spoil(m)
			}
			made = append(made, m)
		}
		for peer, streams := range printByPeers(t, made) {
			t.Run(layout.name+", "+peer, func(t *testing.T) { judgePeer(t, random, made, streams) })
		}
	}
}

// judgePeer learns from the first eight receipts, and reads all, whole and with
// bytes missing.
func judgePeer(t *testing.T, random *rand.Rand, made []madeReceipt, streams [][]byte) {
	p, err := tap.Learn(tap.Lesson{
		Samples: streams[:8], Decoder: genericDecoder, Decimals: 2, Currency: []string{"S/.", "S/", "PEN"},
		Adds: func(in drivers.Receipt) bool { _, cause := readTapped(in); return cause == "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	clean, read, tricky, alike := 0, 0, 0, 0
	for i, stream := range streams {
		m := made[i]
		papers := tap.ReadAll(p, genericDecoder(), stream)
		if len(papers) != 1 {
			t.Fatalf("receipt %d is %d papers", i, len(papers))
		}
		s, cause := readTapped(papers[0])
		wrong := ""
		if cause == "" {
			wrong = m.rightly(s, true)
		}
		switch {
		case cause == "" && m.noSale:
			t.Errorf("receipt %d (%s) is read as a sale of %d:\n%s", i, m.what, s.Total, papers[0].Text)
		case wrong != "":
			t.Errorf("receipt %d (%s): %s:\n%s", i, m.what, wrong, papers[0].Text)
		case m.noSale:
		case m.mayMiss && cause == "":
			tricky++
		case m.mayMiss:
		default:
			if clean++; cause == "" {
				read++
			} else {
				t.Logf("receipt %d is not read: %s\n%s", i, cause, papers[0].Text)
			}
		}
		alike += cutOut(t, random, p, m, stream)
	}
	t.Logf("%d of %d clean receipts are read, and %d of the tricky ones; %d with bytes missing are like another receipt; the profile:\n%s", read, clean, tricky, alike, p)
	if read*100 < clean*95 {
		t.Errorf("only %d of %d clean receipts are read", read, clean)
	}
}

// cutOut reads a receipt with a few of its bytes missing, as an overrun line has
// it: no amount that is read is wrong. Where what is missing makes one whole line
// of two, each column in its place, the bytes are those of another receipt, "+ sin
// cALLINA" on it, and nobody can tell: then the sums must be right.
func cutOut(t *testing.T, random *rand.Rand, p *tap.Profile, m madeReceipt, stream []byte) (alike int) {
	for range 2 {
		at := random.IntN(len(stream))
		n := min(1+random.IntN(60), len(stream)-at)
		holed := slices.Concat(stream[:at], stream[at+n:])
		for _, in := range tap.ReadAll(p, genericDecoder(), holed) {
			if s, cause := readTapped(in); cause == "" && !m.noSale {
				whole := bytes.IndexByte(stream[at:at+n], '\n') >= 0 &&
					(printedColumn(stream[:at]) == printedColumn(stream[:at+n]) || isPositioned(stream[at+n:]))
				if whole && m.rightly(s, true) != "" {
					alike++
				}
				if wrong := m.rightly(s, !whole); wrong != "" {
					t.Errorf("%s, without bytes %d to %d: %s:\n%s", m.what, at, at+n, wrong, in.Text)
				}
			}
		}
	}
	return alike
}

// isPositioned: what is left of a line moves to its columns by position (ESC $), so
// that they are in their place whatever stands before.
func isPositioned(rest []byte) bool {
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return bytes.Contains(line, []byte("\x1b$"))
}

var printsNothing = regexp.MustCompile(`(?s)\x1b[@]|\x1b[aEMdt!].|\x1d[!V].|\r`)

// printedColumn is how many characters stand on the line that a stream ends in.
func printedColumn(stream []byte) int {
	return len(printsNothing.ReplaceAll(stream[bytes.LastIndexByte(stream, '\n')+1:], nil))
}
