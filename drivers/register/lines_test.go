package register_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/register"
)

func TestParseLinesFaults(t *testing.T) {
	for _, test := range []struct{ line, fault string }{
		{"item: {name} {amount}", ""},
		{"payment CA: {amount}[ ]CA", ""},
		{"open: {_:REG|Z} {date}[ {time}]", ""},
		{"item {name} {amount}", "write KIND: TEMPLATE"},
		{"item:", "write KIND: TEMPLATE"},
		{"sold: {name} {amount}", `there is no kind "sold"`},
		{"item: {nome} {amount}", `there is no field "nome"`},
		{"item: {name} {name} {amount}", "name is named twice"},
		{"item: {name}", "item needs {amount}"},
		{"times: {name}", "times needs {quantity} or {price}"},
		{"net: NET", "net needs {amount}, or {count}"},
		{"item: {name {amount}", `there is no field "name {amount"`},
		{"item: {amount", "a { is not closed"},
		{"item: [{amount}", "a [ is not closed"},
		{"item: [a[b]] {amount}", "a [ has no partner"},
		{"item: {amount}]", "a ] has no partner"},
		{"item: {kind} {amount}", "the kind stands before the colon"},
		{"payment: {name:A||B} {amount}", "an empty choice"},
		{"item: " + strings.Repeat("x", 300), "at most 200"},
	} {
		wantFault(t, test.line, register.ParseLines([]string{test.line}), test.fault)
	}
	wantFault(t, "many", register.ParseLines(make([]string, 201)), "at most 200 are allowed")
	_, err := register.New(register.Settings{Format: "amount:1-9", Lines: []string{"due: {amount}"}})
	wantFault(t, "both layouts", err, "write one of the two")
	own := register.Settings{Format: "amount:1-9"}.Or(register.Profiles()["casio-tk"])
	if own.Lines != nil {
		t.Error("a format of one's own left the profile's lines in place")
	}
}

func TestLineValues(t *testing.T) {
	settings := register.Settings{Date: "DD/MM/YYYY", Lines: []string{
		"open: N {receipt} {date}[ {time}]",
		"item: {quantity} {name}[ T{_}] {amount}",
		"payment CASH: CA {amount}",
		"end: [*]{_}-{_} {receipt}",
	}}
	for _, test := range []struct{ line, want string }{
		{"1 TEA  T1   •1.00", `record {"amount":"1.00","kind":"item","name":"TEA","quantity":"1"}`},
		{"2 Té de menta $1,234.50", `record {"amount":"1234.50","kind":"item","name":"Té de menta","quantity":"2"}`},
		{"1 LOMO S/ 38.00", `record {"amount":"38.00","kind":"item","name":"LOMO","quantity":"1"}`},
		{"1 LOMO S/.38.00", `record {"amount":"38.00","kind":"item","name":"LOMO","quantity":"1"}`},
		{"1 CAFE R$ 5.00", `record {"amount":"5.00","kind":"item","name":"CAFE","quantity":"1"}`},
		{"1 TEA −2.00", `record {"amount":"-2.00","kind":"item","name":"TEA","quantity":"1"}`},
		{"1 TEA -£2.00", `record {"amount":"-2.00","kind":"item","name":"TEA","quantity":"1"}`},
		{"1 TEA 2·50", `record {"amount":"2.50","kind":"item","name":"TEA","quantity":"1"}`},
		{"1 CHICHA $1500", `record {"amount":"1500","kind":"item","name":"CHICHA","quantity":"1"}`},
		{"ca ·17", `record {"amount":"0.17","kind":"payment","name":"CASH"}`},
		{"n 12 14/03/2026", `record {"date":"2026-03-14","kind":"open","receipt":"12"}`},
		{"N 12 14/03/2026 13:05", `record {"date":"2026-03-14","kind":"open","receipt":"12","time":"13:05:00"}`},
		{"N 12 31/02/2026", `garbage "N 12 31/02/2026"`},
		{"*5-35 010", `record {"kind":"end","receipt":"010"}`},
		{"1 TABLE 4", `garbage "1 TABLE 4"`},
		{"Tel. 555 1234", `garbage "Tel. 555 1234"`},
		{"1 TEA 1.2.3.4", `garbage "1 TEA 1.2.3.4"`},
		{"THANK YOU", `record {"kind":"note"}`},
		{"--------", `record {"kind":"note"}`},
	} {
		play(t, settings, "", says(test.line+"\n")).want(t, test.want)
	}
}

// Each maker's profile reads every line of its sample journal.
func TestSampleJournals(t *testing.T) {
	for name, settings := range register.Profiles() {
		if settings.Lines == nil {
			continue
		}
		journal, err := os.ReadFile("testdata/journals/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		got := play(t, settings, "", drivertest.Op{Read: journal})
		if lines := strings.Count(string(journal), "\n"); len(got) != lines {
			t.Errorf("%s: heard %d things in %d lines", name, len(got), lines)
		}
		for _, what := range got {
			if !strings.HasPrefix(what, "record") {
				t.Errorf("%s: %s", name, what)
			}
		}
	}
}

// Whatever the template, it is refused with a word or reads lines without
// harm; what it reads are numbers, dates and known kinds.
func FuzzLines(f *testing.F) {
	for _, settings := range register.Profiles() {
		for _, line := range settings.Lines {
			f.Add(line, "1 DEPT01 T1 •1.00")
		}
	}
	f.Add("item: [{name} {amount", "x")
	f.Fuzz(func(t *testing.T, template, line string) {
		err := register.ParseLines([]string{template})
		device, newErr := register.New(register.Settings{Lines: []string{template}})
		if (err == nil) != (newErr == nil) {
			t.Fatalf("%q: ParseLines says %v, New %v", template, err, newErr)
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("a fault without a word")
			}
			return
		}
		port := &drivertest.Playback{Ops: []drivertest.Op{{Read: []byte(line + "\n")}}, End: drivers.ErrGone}
		err = device.Listen(t.Context(), port, nil, func(h drivers.Heard) error {
			if h.Record != nil && h.Record.Fields["kind"] == "" {
				t.Errorf("%q: a record without a kind", line)
			}
			return nil
		})
		if !errors.Is(err, drivers.ErrGone) {
			t.Errorf("%q: %v", line, err)
		}
	})
}
