package ticket

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
	"unicode"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
	"mostrador/store"
)

var update = flag.Bool("update", false, "write the tickets in testdata anew")

// A paper is one width of paper of one model.
type paper struct {
	name string
	profile.Profile
}

// papers are the two that the golden tickets are for.
func papers(t testing.TB) []paper {
	return []paper{{"80mm", lookup(t, "TM-T20II")}, {"58mm", lookup(t, "POS-5890")}}
}

// allPapers are all papers of all profiles.
func allPapers(t testing.TB) []paper {
	var out []paper
	for _, model := range profile.Names() {
		p := lookup(t, model)
		for name := range p.Papers {
			out = append(out, paper{name, p})
		}
	}
	return out
}

func lookup(t testing.TB, model string) profile.Profile {
	t.Helper()
	p, ok := profile.Lookup(model)
	if !ok {
		t.Fatalf("there is no profile %s", model)
	}
	return p
}

// set lays a ticket out and makes its bytes, as the spooler does.
func set(t testing.TB, doc receipt.Document, p paper) layout.Page {
	t.Helper()
	page, err := layout.Layout(doc, p.Profile, p.name)
	if err != nil {
		t.Fatalf("%s on %s: %v", p.name, p.Name, err)
	}
	if _, err := escpos.Encode(page, p.Profile, escpos.Options{}); err != nil {
		t.Fatalf("%s on %s: %v", p.name, p.Name, err)
	}
	return page
}

func render(t testing.TB, s sample, job *store.Job) receipt.Document {
	t.Helper()
	return rendered(t, rendererOf(t, s), s.input(job))
}

// rendererOf a sample: where there are many tickets, one is enough for all.
func rendererOf(t testing.TB, s sample) *Renderer {
	t.Helper()
	r, err := New(s.settings)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rendered(t testing.TB, r *Renderer, in Input) receipt.Document {
	t.Helper()
	doc, err := r.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTicketsAsShipped(t *testing.T) {
	for locale, s := range samples(t) {
		r := rendererOf(t, s)
		for name, job := range s.jobs {
			doc := rendered(t, r, s.input(job))
			for _, p := range papers(t) {
				golden(t, filepath.Join("testdata", locale+"-"+name+"-"+p.name+".txt"), layout.Text(set(t, doc, p)))
			}
		}
	}
}

// TestNothingIsMissingOnAnyPaper looks for every name, note and number of the
// order on its papers, wherever their lines break.
func TestNothingIsMissingOnAnyPaper(t *testing.T) {
	packed := strings.NewReplacer(" ", "", "\n", "").Replace
	for locale, s := range samples(t) {
		for name, job := range s.jobs {
			want := []string{s.order.Number, s.order.Customer.Name}
			switch job.Kind {
			case store.DigestTicket, store.ReportTicket, store.TestTicket:
				want = nil // of no order
			}
			for _, it := range job.Items {
				want = append(want, it.Name, it.Note, it.Parent)
				for _, m := range it.Modifiers {
					want = append(want, m.Name)
				}
			}
			if job.Kind == store.DeliveryTicket {
				for _, l := range s.order.Lines {
					want = append(want, l.Name)
				}
				want = append(want, s.order.Customer.Phone)
			}
			doc := render(t, s, job)
			for _, p := range allPapers(t) {
				text := packed(layout.Text(set(t, doc, p)))
				for _, w := range want {
					// Two columns may stand between the words of a name.
					// A row that is drawn keeps its letters.
					for word := range strings.FieldsSeq(w) {
						if !strings.Contains(text, word) && !strings.Contains(text, packed(p.Fit(word))) {
							t.Errorf("%s of %s on %s of %s lacks %q", name, locale, p.name, p.Name, w)
						}
					}
				}
			}
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: go test -update writes it anew; got\n%s", file, got)
	}
}

func TestHostileTextsStayText(t *testing.T) {
	for name, text := range map[string]string{
		"long":     strings.Repeat("Supercalifragilístico ", 230),
		"words":    strings.Repeat("a 1 ", 1250),
		"one word": strings.Repeat("ñ", 5000),
		"controls": "a\x1b@\x10\x04\x01\x1dV\x00b\r\n\x00c\x9bd",
		"markup":   "|{code:1}|\n===\n---\n^^^^\"_`~\\x1b{command:x}\\",
		"bidi":     "\u202e\u2066abc\u2069\u200f\u200e",
		"empty":    "",
		"blank":    " \n\t ",
		"not UTF8": "\xff\xfe\xc3",
		"emoji":    "🍕👨‍👩‍👧 ¡rico! 漢字 עברית العربية",
		"expands":  strings.Repeat("щ½", 2500),
		"template": `{{.W}} {{define "x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, lines := range []int{1, 500} {
				s := hostile(t, text, lines)
				r := rendererOf(t, s)
				for _, job := range s.jobs {
					doc := rendered(t, r, s.input(job))
					// 30 columns, the narrowest there are: what fits there fits anywhere.
					checkPage(t, set(t, doc, paper{"58mm", lookup(t, "TM-T88V")}))
				}
			}
		})
	}
}

// checkPage: nothing but printable text, one cut, at the end.
func checkPage(t *testing.T, page layout.Page) {
	t.Helper()
	for i, row := range page.Rows {
		if row.Kind == layout.CutRow && i != len(page.Rows)-1 {
			t.Fatalf("row %d cuts the paper", i)
		}
		if row.Kind == layout.CodeRow && row.Code.Type != "qrcode" {
			t.Fatalf("row %d is a code of type %s", i, row.Code.Type)
		}
		if row.Drawn {
			continue // its text is not sent
		}
		for _, run := range row.Runs {
			for _, r := range run.Text {
				if !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
					t.Fatalf("row %d holds %U", i, r)
				}
			}
		}
	}
}

// plainText is all text of a document, blanks folded.
func plainText(doc receipt.Document) string {
	var words []string
	for _, l := range doc.Lines {
		for _, c := range l.Columns {
			var b strings.Builder
			for _, s := range c.Spans {
				b.WriteString(s.Text)
			}
			words = append(words, strings.Fields(strings.ReplaceAll(b.String(), "\u00a0", " "))...)
		}
	}
	return strings.Join(words, " ")
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	s := hostile(t, "Arroz con pollo a la chiclayana de la casa", 500)
	for name, want := range map[string]string{
		"comanda":  "más: vea la pantalla",
		"delivery": "más: vea la pantalla",
		"receipt":  "más: vea la pantalla",
	} {
		if got := plainText(render(t, s, s.jobs[name])); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
	s = hostile(t, strings.Repeat("papa ", 1000), 1)
	for name, job := range s.jobs {
		if got := plainText(render(t, s, job)); !strings.Contains(got, "textos acortados") {
			t.Errorf("%s does not say that texts were shortened", name)
		}
	}
}

func TestPayment(t *testing.T) {
	for _, c := range []struct {
		name    string
		pay     store.Payment
		want    []string
		wantNot []string
	}{
		{"cash with change", store.Payment{Cash: true, CashGiven: 20000}, []string{"COBRAR S/ 181.25", "Efectivo", "Paga con S/ 200.00", "Vuelto S/ 18.75"}, []string{"PAGADO"}},
		{"cash, not enough", store.Payment{Cash: true, CashGiven: 10000}, []string{"COBRAR S/ 181.25", "FALTAN S/ 81.25"}, []string{"Vuelto"}},
		{"cash, amount unknown", store.Payment{Cash: true}, []string{"COBRAR S/ 181.25", "Efectivo"}, []string{"Paga con", "Vuelto"}},
		{"card at the door", store.Payment{Method: "cardOnDelivery"}, []string{"COBRAR S/ 181.25", "cardOnDelivery"}, []string{"PAGADO"}},
		{"paid", store.Payment{Paid: true, Method: "mercadoPago", CardLast4: "1234", CashGiven: 20000}, []string{"PAGADO", "mercadoPago *1234"}, []string{"COBRAR", "Paga con"}},
	} {
		s := limaDelivery(t)
		o := *s.order
		o.Payment = c.pay
		s.order = &o
		got := plainText(render(t, s, s.jobs["delivery"]))
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the slip does not say %q:\n%s", c.name, want, got)
			}
		}
		for _, not := range c.wantNot {
			if strings.Contains(got, not) {
				t.Errorf("%s: the slip says %q:\n%s", c.name, not, got)
			}
		}
	}
}

func TestNotFiscalInTheCountrysWords(t *testing.T) {
	for locale, want := range map[string]string{
		"es-CL": "NO VÁLIDO COMO BOLETA", "es-CO": "NO VÁLIDO COMO FACTURA", "es-PE": "NO VÁLIDO COMO COMPROBANTE DE PAGO",
		"es-MX": "NO VÁLIDO COMO COMPROBANTE FISCAL", "es": "NO VÁLIDO COMO FACTURA", "en": "NOT A TAX INVOICE",
		"fr": "NE TIENT PAS LIEU DE FACTURE", "it": "DOCUMENTO NON FISCALE", "uk": "НЕ Є ФІСКАЛЬНИМ ЧЕКОМ", "en-IE": "NOT A TAX INVOICE", "es_pe": "NO VÁLIDO COMO COMPROBANTE DE PAGO",
	} {
		s := limaDelivery(t)
		s.settings.Locale = locale
		if got := plainText(render(t, s, s.jobs["receipt"])); !strings.Contains(got, want) {
			t.Errorf("%s: the receipt does not say %q:\n%s", locale, want, got)
		}
	}
	if _, err := New(Settings{Locale: "tlh"}); err == nil || !strings.Contains(err.Error(), "use es, en, fr, it or uk") {
		t.Errorf("a locale without words gives %v", err)
	}
}

func TestEveryLanguageHasEveryWord(t *testing.T) {
	for _, locale := range []string{"es", "en", "fr", "it", "uk"} {
		words, err := wordsOf(locale)
		if err != nil {
			t.Fatal(err)
		}
		v := reflect.ValueOf(words)
		for i := range v.NumField() {
			if strings.TrimSpace(v.Field(i).String()) == "" {
				t.Errorf("%s has no word for %s", locale, v.Type().Field(i).Name)
			}
		}
	}
}

// A country's file holds only words that differ from its language's.
func TestCountriesHoldOnlyTheirOwnWords(t *testing.T) {
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		language, _, country := strings.Cut(strings.TrimSuffix(f.Name(), ".json"), "-")
		if !country {
			continue
		}
		var base, own map[string]string
		for name, into := range map[string]*map[string]string{language + ".json": &base, f.Name(): &own} {
			text, err := wordFiles.ReadFile("words/" + name)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for key, word := range own {
			if base[key] == "" {
				t.Errorf("%s: %s has no word %q", f.Name(), language, key)
			}
			if base[key] == word {
				t.Errorf("%s repeats %q", f.Name(), key)
			}
		}
	}
}

func TestMarkupOfAPerson(t *testing.T) {
	r, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	job := &store.Job{Kind: store.TestTicket}
	for _, job.Markup = range []string{"hola | caracola\n=", "hola | caracola"} {
		doc, err := r.Render(Input{Job: job})
		if err != nil || plainText(doc) != "hola caracola" {
			t.Errorf("got %q, %v", plainText(doc), err)
		}
		if len(doc.Lines) != 2 || doc.Lines[1].Kind != receipt.CutLine {
			t.Errorf("%q: the paper is not cut once, at the end", job.Markup)
		}
	}
	job.Marks = []store.Mark{store.MarkReprint}
	if doc, err := r.Render(Input{Job: job}); err != nil || plainText(doc) != "REIMPRESIÓN hola caracola" {
		t.Errorf("got %q, %v", plainText(doc), err)
	}
	job.Markup = "{"
	if _, err = r.Render(Input{Job: job}); err == nil {
		t.Error("faulty markup became a ticket")
	}
}

func TestWhatCannotBeRendered(t *testing.T) {
	r, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Render(Input{Job: &store.Job{Kind: store.ComandaTicket}}); err == nil || !strings.Contains(err.Error(), "no order") {
		t.Errorf("a comanda without an order gives %v", err)
	}
	if _, err := r.Render(Input{Job: &store.Job{Kind: store.DigestTicket}, Order: &store.Order{}}); err == nil || !strings.Contains(err.Error(), "digest") {
		t.Errorf("a digest gives %v", err)
	}
}

func TestEverySampleIsGolden(t *testing.T) {
	var want []string
	for locale, s := range samples(t) {
		for name := range s.jobs {
			for _, p := range papers(t) {
				want = append(want, filepath.Join("testdata", locale+"-"+name+"-"+p.name+".txt"))
			}
		}
	}
	sort.Strings(want)
	got, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("testdata holds\n%s\nand should hold\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func BenchmarkRender(b *testing.B) {
	s := limaDelivery(b)
	r, err := New(s.settings)
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"comanda", "delivery", "receipt"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Render(Input{Job: s.jobs[name], Order: s.order}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
