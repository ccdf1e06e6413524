package order

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mostrador/store"
)

// sketch writes comandas in one line each: station: 2 Name(1 Modifier) ?unmatched <parent.
func sketch(cs []Comanda) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Station.Name+": "+sketchItems(c.Items))
	}
	return out
}

func sketchItems(items []store.Item) string {
	var words []string
	for _, it := range items {
		w := it.Quantity.String() + " " + it.Name
		if len(it.Modifiers) > 0 {
			w += "(" + sketchItems(it.Modifiers) + ")"
		}
		if it.Unmatched {
			w += "?"
		}
		if it.Parent != "" {
			w += "<" + it.Parent
		}
		words = append(words, w)
	}
	return strings.Join(words, ", ")
}

func line(name, id, category string, n int64, ms ...store.Modifier) store.Line {
	return store.Line{Name: name, ExternalID: id, Category: category, Quantity: store.Units(n), Modifiers: ms}
}

func mod(name, id string, ms ...store.Modifier) store.Modifier {
	return store.Modifier{Name: name, ExternalID: id, Quantity: store.Units(1), Modifiers: ms}
}

func TestRoute(t *testing.T) {
	lone := Rules{Printers: []string{"caja"}}
	single := Rules{Printers: []string{"caja"}, Stations: []Station{{Name: "cocina", Printers: []string{"caja"}, Products: []string{"X"}}}}
	for _, c := range []struct {
		name  string
		rules Rules
		lines []store.Line
		want  []string
	}{
		{"combo", rules(), asado("1").Order.Lines, []string{
			"parrilla: 2 Combo parrillero(1 A punto)",
			"fría: 1 César",
			"barra: 2 Inca Kola(1 Sin hielo)<Combo parrillero, 1 Torta de lúcuma?",
		}},
		{"case and accents", rules(), []store.Line{line("CEVICHÉ mixto", "", "", 1), line("x", "carne-9", "", 1), line("y", "", "ENSALÁDAS", 1)}, []string{
			"parrilla: 1 x", "fría: 1 CEVICHÉ mixto, 1 y",
		}},
		{"first match wins", rules(), []store.Line{line("ceviche de pollo", "POLLO-1", "ensaladas", 1)}, []string{
			"parrilla: 1 ceviche de pollo",
		}},
		{"a modifier of its own line's station stays", rules(), []store.Line{line("Agua", "BEB-1", "", 1, mod("Limón", "BEB-2"))}, []string{
			"barra: 1 Agua(1 Limón)",
		}},
		{"a modifier below one that moved moves on", rules(), []store.Line{line("Menú", "CARNE-2", "", 3, mod("Refresco", "BEB-1", mod("Mini ceviche", ""), mod("Hielo", "")))}, []string{
			"parrilla: 3 Menú", "fría: 3 Mini ceviche<Menú", "barra: 3 Refresco(1 Hielo)<Menú",
		}},
		{"the whole id must match", rules(), []store.Line{line("x", "MICARNE-1", "", 1)}, []string{"barra: 1 x?"}},
		{"lone printer", lone, []store.Line{line("a", "", "", 1, mod("b", "BEB-1"))}, []string{": 1 a(1 b)"}},
		{"single station marks nothing", single, []store.Line{line("a", "", "", 1)}, []string{"cocina: 1 a"}},
		{"no printer", Rules{}, []store.Line{line("a", "", "", 1)}, nil},
		{"no lines", rules(), nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			equal(t, "comandas", sketch(c.rules.Route(&store.Order{Lines: c.lines})), c.want)
		})
	}
}

// Every line and every modifier of any order stands on exactly one comanda,
// with as much as was ordered.
func TestRouteOnce(t *testing.T) {
	r := rules()
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 7))
		n := 0
		var modifiers func(depth int) []store.Modifier
		id := func() string {
			return []string{"", "CARNE-1", "BEB-1", "POLLO-1", "otro"}[rng.IntN(5)]
		}
		modifiers = func(depth int) []store.Modifier {
			var out []store.Modifier
			for range rng.IntN(4 - depth) {
				n++
				name := fmt.Sprintf("m%d %s", n, []string{"", "ceviche"}[rng.IntN(2)])
				out = append(out, store.Modifier{Name: name, ExternalID: id(), Quantity: store.Units(1 + rng.Int64N(3)), Modifiers: modifiers(depth + 1)})
			}
			return out
		}
		var o store.Order
		for range rng.IntN(6) {
			n++
			o.Lines = append(o.Lines, store.Line{Name: fmt.Sprintf("l%d", n), ExternalID: id(), Quantity: store.Units(1 + rng.Int64N(4)), Modifiers: modifiers(0)})
		}
		want := map[string]string{}
		for _, l := range o.Lines {
			want[l.Name] = l.Quantity.String()
			total(want, l.Modifiers, l.Quantity)
		}
		got := map[string]string{}
		for _, c := range r.Route(&o) {
			itemTotals(t, got, c.Items, store.Units(1))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
	}
}

func total(into map[string]string, ms []store.Modifier, each store.Quantity) {
	for _, m := range ms {
		q := each.Mul(m.Quantity)
		into[m.Name] = q.String()
		total(into, m.Modifiers, q)
	}
}

func itemTotals(t *testing.T, into map[string]string, items []store.Item, each store.Quantity) {
	for _, it := range items {
		q := each.Mul(it.Quantity)
		if _, twice := into[it.Name]; twice {
			t.Fatalf("%s stands twice", it.Name)
		}
		into[it.Name] = q.String()
		itemTotals(t, into, it.Modifiers, q)
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"carne-*", "CARNE-1", true}, {"carne-*", "carne-", true}, {"carne-*", "carne", false},
		{"*", "", true}, {"", "", true}, {"", "x", false}, {"?", "ñ", true}, {"?", "ab", false},
		{"*a*b*", "xxaxxbxx", true}, {"*a*b*", "xxbxxaxx", false}, {"a*a", "a", false}, {"a*a", "aba", true},
		{"ensaláda [1]", "Ensalada [1]", true},
		{strings.Repeat("*a", 40), strings.Repeat("a", 400) + "b", false},
	} {
		if got := glob([]rune(fold(c.pattern)), []rune(fold(c.s))); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func TestRulesCheck(t *testing.T) {
	good := rules()
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	bad := Rules{
		Printers: []string{"caja"},
		Stations: []Station{
			{Name: "a", Printers: []string{"nada"}, Default: true},
			{Name: "a", Printers: []string{"caja"}, Default: true},
			{Name: "b"},
		},
		Tickets: map[store.TicketKind]TicketRule{store.ReceiptTicket: {Printers: []string{"otra"}}},
	}
	err := bad.Check()
	if err == nil {
		t.Fatal("nothing found")
	}
	for _, want := range []string{`"nada"`, `"a": every`, `"b" has no`, "more than one", `"otra"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b@Pizza\u202e\xff ñ", 5)
	f.Add(strings.Repeat("e\u0301", 40), 7)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + (limit&0xff)%100
		got, short := Clean(s, limit)
		if n := utf8.RuneCountInString(got); n > limit || !utf8.ValidString(got) {
			t.Fatalf("%d runes of %q", n, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.IsSpace(r) && r != ' ' || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
				t.Fatalf("%q leaves %U", s, r)
			}
		}
		if again, _ := Clean(got, limit); !short && again != got {
			t.Fatalf("%q, then %q", got, again)
		}
	})
}
