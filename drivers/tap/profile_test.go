package tap

import (
	"slices"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

const whole = "item: {name} {amount}\ntotal: TOTAL {amount}\n"

func TestProfileFaults(t *testing.T) {
	for _, test := range []struct{ source, fault string }{
		{whole, ""},
		{"# a comment\n\n\ufeffdecimal: ,\ndecimals: 0\ncurrency: $ CLP\ntaxes: added\n" + whole, ""},
		{"", "no line of the kind item"},
		{"item: {name} {amount}", "no line of the kind total"},
		{whole + "decimal: ;", "line 3: decimal"},
		{whole + "decimals: 4", "line 3: decimals"},
		{whole + "decimals: 2\ndecimals: 2", "line 4: decimals stands there twice"},
		{whole + "currency: S/ 3", "holds a digit"},
		{whole + "taxes: maybe", "line 3: taxes"},
		{whole + "date: DD/MM", "line 3: "},
		{whole + "sold: {name}", `there is no key "sold"`},
		{whole + "item {name}", "write KEY: VALUE"},
		{whole + "item:", "write KEY: VALUE"},
		{whole + "item: {name}", "item needs {amount}"},
		{whole + "tax: IGV", "tax needs {amount}"},
		{whole + "item: {clerk} {name} {amount}", `there is no field "clerk"`},
		{whole + strings.Repeat("x", 400), "at most 300"},
		{whole + strings.Repeat("note: a\n", 300), "at most 200 templates"},
		{strings.Repeat("#", maxProfile+1), "at most"},
	} {
		_, err := ParseProfile([]byte(test.source))
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%q is refused: %v", test.source, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%q: got %v, want a fault with %q", short(test.source), err, test.fault)
		}
	}
}

// An amount is what is written as the currency is, and nothing else.
func TestAmounts(t *testing.T) {
	for _, test := range []struct{ settings, line, want string }{
		{"", "A 1,234.50", "1234.50"},
		{"", "A -1.50", "-1.50"},
		{"", "A 1.50-", "-1.50"},
		{"", "A 1.5", ""},
		{"", "A 1.500", ""},
		{"", "A 12,34.50", ""},
		{"", "A 1 234.50", "234.50"}, // 1 is of the name
		{"", "A S/ 1.50", "1.50"},    // so is the mark
		{"", "A S/1.50", ""},
		{"", "A 2.00 1.50", ""}, // a name that holds an amount
		{"currency: S/ S/. PEN", "A S/.1.50", "1.50"},
		{"currency: S/ S/. PEN", "A s/ 1.50", "1.50"},
		{"currency: S/ S/. PEN", "A -S/1.50", "-1.50"},
		{"currency: S/ S/. PEN", "A 1.50 PEN", "1.50"},
		{"currency: S/", "A US$1.50", ""},
		{"decimal: ,", "A 1.234,50", "1234.50"},
		{"decimal: ,", "A 1.50", ""},
		{"decimal: ,\ndecimals: 0\ncurrency: $", "A $1.234", "1234"},
		{"decimal: ,\ndecimals: 0", "A 12345", "12345"},
		{"decimal: ,\ndecimals: 0", "A 1.23", ""},
	} {
		p, err := ParseProfile([]byte(test.settings + "\n" + whole))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.match(test.line)["amount"]; got != test.want {
			t.Errorf("%q with %q is read as %q, want %q", test.line, test.settings, got, test.want)
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"PRE-CUENTA": "PRE CUENTA", "*** precuenta ***": "PRECUENTA", "P R E C U E N T A": "PRECUENTA",
		"Anulación de venta": "ANULACION", "ЗВІТ": "ЗВІТ", "CORTESIA DE LA CASA": "", "Devoluciones en 7 días": "", "": "",
	} {
		if got := wordIn(text, noSaleWords); got != want {
			t.Errorf("%q holds %q, want %q", text, got, want)
		}
	}
}

func generic() *escpos.Decoder {
	p, _ := profile.Lookup("generic")
	return escpos.NewDecoder(p)
}

// However a stream is split, the same papers come out; each of them prints the
// same alone, and no more is kept than is allowed.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("\x1b@\x1bt\x10A\xc9 1.00\n\x1dV\x42\x03B 2\n\x1dV\x00\x1bp\x00"), []byte{3, 1, 9})
	f.Add([]byte("\x1dv0\x00\x01\x00\x01\x00\xff\n\x1dVA\x00x\x1b$\x10\x00y\t\tz\n"), []byte{1, 1, 1, 1})
	f.Add([]byte("\x10\x04\x01\x1dr\x01\x1b=\x00nothing\n\x1b=\x01a\n\x1bi"), []byte{})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole := papersOf(generic(), data)
		var split []paper
		s := newSplitter(generic, func(p paper) { split = append(split, p) }, func(escpos.Event) {})
		for rest := data; len(rest) > 0; {
			n := len(rest)
			if len(cuts) > 0 {
				n, cuts = min(n, int(cuts[0])+1), cuts[1:]
			}
			s.feed(rest[:n])
			rest = rest[n:]
		}
		s.end()
		if len(whole) != len(split) {
			t.Fatalf("%d papers in one piece, %d in several", len(whole), len(split))
		}
		for i, p := range whole {
			if textOf(p.lines) != textOf(split[i].lines) || string(p.stream) != string(split[i].stream) || p.odd != split[i].odd {
				t.Errorf("paper %d: %q\nin pieces: %q", i, textOf(p.lines), textOf(split[i].lines))
			}
			if len(p.stream) > maxStream+maxSettings*maxSetting || len(p.lines) > maxLines {
				t.Errorf("paper %d keeps %d bytes and %d lines", i, len(p.stream), len(p.lines))
			}
		}
	})
}

// A profile that is taken reads any paper without harm, and its text again.
func FuzzProfile(f *testing.F) {
	f.Add(whole, "A 1.00\nTOTAL 1.00\n")
	f.Add("decimal: ,\ndecimals: 0\ncurrency: $\ndate: DD.MM.YY\ntime: hh:MM AM\nopen: N {receipt} {date} {time}\n"+whole, "N 7 01.02.26 01:05 p.m.\nA $1.000\nTOTAL $1.000\n")
	f.Add("tax IGV: IGV[ 18%] {amount}\nmodifier: + {name}[ {amount}]\nnosale: {_:COMANDA|CIERRE}\n"+whole, "COMANDA\n+ x\n")
	f.Fuzz(func(t *testing.T, source, text string) {
		p, err := ParseProfile([]byte(source))
		if err != nil {
			return
		}
		again, err := ParseProfile([]byte(p.String()))
		if err != nil {
			t.Fatalf("%q is not read again: %v", source, err)
		}
		for _, of := range papersOf(generic(), []byte(text)) {
			r, r2 := p.Read(of), again.Read(of)
			if r.Cause != "" && len(r.Lines) > 0 || r.Cause != r2.Cause || len(r.Lines) != len(r2.Lines) {
				t.Errorf("read %q with %d lines, and again %q with %d", r.Cause, len(r.Lines), r2.Cause, len(r2.Lines))
			}
			for _, l := range r.Lines {
				if l.Fields["kind"] == "" {
					t.Errorf("a line without a kind: %q", l.Raw)
				}
			}
		}
	})
}

func TestWordsAreFolded(t *testing.T) {
	for _, w := range slices.Concat(noSaleWords, copyWords) {
		if got := folded(w); got != " "+w+" " {
			t.Errorf("%q is %q when it is looked for", w, got)
		}
	}
}
