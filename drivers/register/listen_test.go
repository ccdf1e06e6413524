package register_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/register"
)

// A heard is what a listener has heard, in words: kind of thing and content.
type heard []string

func (h *heard) keep(x drivers.Heard) error {
	switch {
	case x.Record != nil:
		fields, err := json.Marshal(x.Record.Fields)
		if err != nil {
			return err
		}
		*h = append(*h, fmt.Sprintf("record %s", fields))
	case len(x.Garbage) > 0:
		*h = append(*h, fmt.Sprintf("garbage %q", x.Garbage))
	case len(x.Partial) > 0:
		*h = append(*h, fmt.Sprintf("partial %q", x.Partial))
	default:
		return errors.New("nothing was heard")
	}
	return nil
}

func (h heard) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(h, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(h, "\n"), strings.Join(want, "\n"))
	}
}

func newRegister(t *testing.T, s register.Settings) drivers.Device {
	t.Helper()
	device, err := register.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return device
}

// play lets a register say and hear ops, until it is unplugged.
func play(t *testing.T, s register.Settings, partial string, ops ...drivertest.Op) heard {
	t.Helper()
	var got heard
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: ops, End: drivers.ErrGone}
		err := newRegister(t, s).Listen(t.Context(), port, []byte(partial), got.keep)
		if !errors.Is(err, drivers.ErrGone) {
			t.Errorf("Listen returned %v, want %v", err, drivers.ErrGone)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
	return got
}

func says(s string) drivertest.Op { return drivertest.Op{Read: []byte(s)} }
func gets(s string) drivertest.Op { return drivertest.Op{Write: []byte(s)} }

var pause = drivertest.Op{Pause: time.Second}

// A format of two fields, for what is not about fields.
var simple = register.Settings{Format: `(?P<receipt>\d+) (?P<amount>[\d.]+)`}

func one(receipt, amount string) string {
	return fmt.Sprintf(`record {"amount":%q,"kind":"sale","receipt":%q}`, amount, receipt)
}

func TestJournalColumns(t *testing.T) {
	got := play(t, register.Profiles()["journal-columns"], "", says(
		"I 000123 2026-03-14 13:05:22 000101 LOMO SALTADO              1.000       38.00\r\n"+
			"I 000123 2026-03-14 13:05:40 000207 AJÍ DE GALLINA            2.000       56.00\r\n"+
			"V 000123 2026-03-14 13:05:51 000101 LOMO SALTADO             -1.000      -38.00\r\n"+
			"P 000123 2026-03-14 13:06:02        EFECTIVO                              56.00\r\n"+
			"T 000123 2026-03-14 13:06:02                                              56.00\r\n"+
			"V 000124 2026-03-14 13:07\r\n"+
			"X 000124 2026-03-14 13:06:02                                              56.00\r\n"+
			"  RECIBO FECHA      HORA     PLU    PRODUCTO               CANTIDAD      IMPORTE\r\n"))
	item := func(kind, clock, plu, name, quantity, amount string) string {
		return fmt.Sprintf(`record {"amount":%q,"date":"2026-03-14","kind":%q,"name":%q,"plu":%q,"quantity":%q,"receipt":"000123","time":%q}`,
			amount, kind, name, plu, quantity, clock)
	}
	got.want(t,
		item("item", "13:05:22", "000101", "LOMO SALTADO", "1.000", "38.00"),
		item("item", "13:05:40", "000207", "AJÍ DE GALLINA", "2.000", "56.00"),
		item("void", "13:05:51", "000101", "LOMO SALTADO", "-1.000", "-38.00"),
		`record {"amount":"56.00","date":"2026-03-14","kind":"payment","name":"EFECTIVO","receipt":"000123","time":"13:06:02"}`,
		`record {"amount":"56.00","date":"2026-03-14","kind":"total","receipt":"000123","time":"13:06:02"}`,
		`record {"date":"2026-03-14","kind":"void","receipt":"000124","time":"13:07:00"}`,
		`garbage "X 000124 2026-03-14 13:06:02                                              56.00"`,
		`garbage "  RECIBO FECHA      HORA     PLU    PRODUCTO               CANTIDAD      IMPORTE"`,
	)
}

func TestSemicolons(t *testing.T) {
	got := play(t, register.Profiles()["journal-semicolons"].Or(register.Settings{Encoding: "cp850"}), "",
		says("I;000123;14/03/2026;13:05;101;JAM\xe0N;1,500;1.038,50\rT;000123;14/03/2026;13:05;;;;1.038,50\r"))
	got.want(t,
		`record {"amount":"1038.50","date":"2026-03-14","kind":"item","name":"JAMÓN","plu":"101","quantity":"1.500","receipt":"000123","time":"13:05:00"}`,
		`record {"amount":"1038.50","date":"2026-03-14","kind":"total","receipt":"000123","time":"13:05:00"}`,
	)
	got = play(t, register.Profiles()["sales-semicolons"], "",
		says("000123;14/03/2026;13:05;58,00;5,00;TARJETA\n000124;14/03/2026;13:09;12,5;;12,50\n"))
	got.want(t,
		`record {"amount":"58.00","date":"2026-03-14","kind":"sale","payment":"TARJETA","receipt":"000123","time":"13:05:00","tip":"5.00"}`,
		`record {"amount":"12.5","date":"2026-03-14","kind":"sale","payment":"12.50","receipt":"000124","time":"13:09:00"}`,
	)
}

func TestValues(t *testing.T) {
	for _, test := range []struct {
		settings register.Settings
		line     string
		want     string // "" for garbage
	}{
		{register.Settings{}, "1 2.50", `"amount":"2.50"`},
		{register.Settings{}, "1 002.50-", `"amount":"-2.50"`},
		{register.Settings{}, "1 -1,234,567.5", `"amount":"-1234567.5"`},
		{register.Settings{}, "1 1 234.00", `"amount":"1234.00"`},
		{register.Settings{}, "1 -.50", `"amount":"-0.50"`},
		{register.Settings{}, "1 -0.00", `"amount":"0.00"`},
		{register.Settings{}, "1 2,50", ""}, // no thousands: another mark is meant
		{register.Settings{}, "1 12,34.00", ""},
		{register.Settings{}, "1 2.", ""},
		{register.Settings{}, "1 --2", ""},
		{register.Settings{}, "1 -", ""},
		{register.Settings{}, "1 1e3", ""},
		{register.Settings{Decimal: ","}, "1 1.234,50", `"amount":"1234.50"`},
		{register.Settings{Decimal: ","}, "1 2.50", ""},
		{register.Settings{Date: "DD/MM/YY"}, "1 2.50 d=14/03/99", `"date":"2099-03-14"`},
		{register.Settings{Date: "D.M.YYYY"}, "1 2.50 d=4.3.2026", `"date":"2026-03-04"`},
		{register.Settings{}, "1 2.50 d=2026-02-30", ""},
		{register.Settings{Date: "YYYYMMDD", Time: "HHMM"}, "1 2.50 d=20260314 t=0905", `"time":"09:05:00"`},
		{register.Settings{Time: "hh:MM AM"}, "1 2.50 t=09:05pm", ""},
		{register.Settings{Time: "hh:MM AM"}, "1 2.50 t=09:05 pm", `"time":"21:05:00"`},
		{register.Settings{}, "1 2.50 t=13:05", `"time":"13:05:00"`},
		{register.Settings{}, "1 2.50 t=13:05:09", `"time":"13:05:09"`},
		{register.Settings{}, "1 2.50 t=25:05:09", ""},
		{register.Settings{Encoding: "windows-1252"}, "1 2.50 n=CAF\xc9 \x80", `"name":"CAFÉ €"`},
		{register.Settings{}, "1 2.50 n=CAF\xc9", `"name":"CAF�"`},
		{register.Settings{}, "\ufeff1 2.50 n=Ñandú", `"name":"Ñandú"`},
	} {
		test.settings.Format = `(?P<receipt>\d+) (?P<amount>[-+\d., e]*?)(?: d=(?P<date>\S+))?(?: t=(?P<time>.+))?(?: n=(?P<name>.+))?`
		got := play(t, test.settings, "", says(test.line+"\n"))
		want := test.want
		if want == "" {
			want = fmt.Sprintf("garbage %q", test.line)
		}
		if len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%q with %+v: heard %q, want %s", test.line, test.settings, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("9", 4096)
	for _, test := range []struct {
		name, line string
		want       []string
	}{
		{"every line end", "1 2.00\r\n2 3.00\r3 4.00\n\r\n\n4 5.00\r\n", []string{one("1", "2.00"), one("2", "3.00"), one("3", "4.00"), one("4", "5.00")}},
		{"padding", "\x00\x00\x021 2.00\x03\r\x00\x00\n\x00\x002 3.00\n", []string{one("1", "2.00"), one("2", "3.00")}},
		{"spaces", "1 2.00   \r\n      \r\n", []string{one("1", "2.00")}},
		{"control bytes around", "\x05\x051 2.00\x04\n", []string{one("1", "2.00"), `garbage "\x05\x05"`, `garbage "\x04"`}},
		{"control bytes inside", "1 2\x07.00\n", []string{`garbage "1 2\a.00"`}},
		{"NUL inside", "1 2\x00.00\n", []string{`garbage "1 2\x00.00"`}},
		{"control bytes alone", "\x05\x05\n", []string{`garbage "\x05\x05"`}},
		{"garbage between", "1 2.00\nDRAWER\n2 3.00\n", []string{one("1", "2.00"), `garbage "DRAWER"`, one("2", "3.00")}},
		{"a longest line", long + "\n1 2.00\n", []string{`garbage "` + long + `"`, one("1", "2.00")}},
		{"too long a line", long + "1 2.00\n1 2.00\n", []string{`garbage "` + long + `"`, `garbage "1 2.00"`, one("1", "2.00")}},
		{"far too long a line", long + long + "1\n1 2.00\n", []string{`garbage "` + long + `"`, `garbage "` + long + `"`, `garbage "1"`, one("1", "2.00")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, simple, "", says(test.line)).want(t, test.want...)
		})
	}
}

// A record that comes in halves is one record; a restart between them changes
// nothing, and what was kept of it is always replaced.
func TestPartial(t *testing.T) {
	for _, test := range []struct {
		name, partial string
		ops           []drivertest.Op
		want          []string
	}{
		{"halves", "", []drivertest.Op{says("1 2"), pause, says(".5"), pause, pause, says("0\r\n"), pause},
			[]string{`partial "1 2"`, `partial "1 2.5"`, one("1", "2.50")}},
		{"after a restart", "1 2.", []drivertest.Op{pause, says("50\r\n")}, []string{one("1", "2.50")}},
		{"nothing more", "1 2.", []drivertest.Op{pause}, nil},
		{"a restart before the line feed", "", []drivertest.Op{says("\n1 2.00\n")}, []string{one("1", "2.00")}},
		{"half when unplugged", "", []drivertest.Op{says("1 2")}, []string{`partial "1 2"`}},
		{"padding is no beginning", "", []drivertest.Op{says("\x00\x00"), pause, says("1 2.00\n")}, []string{one("1", "2.00")}},
		{"spaces that were kept are replaced", "", []drivertest.Op{says("  "), pause, says("\n1 2.00\n")},
			[]string{`partial "  "`, `garbage "  "`, one("1", "2.00")}},
		{"a long line falls silent", "", []drivertest.Op{says(strings.Repeat("9", 4097)), pause, says("9\n")},
			[]string{fmt.Sprintf("garbage %q", strings.Repeat("9", 4096)), `garbage "99"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, simple, test.partial, test.ops...).want(t, test.want...)
		})
	}
}

func TestAnswers(t *testing.T) {
	settings := register.Settings{Ack: "06", Nak: "15"}.Or(simple)
	got := play(t, settings, "",
		says("1 2.00\r\n"), gets("\x06"),
		says("DRAWER\r\n"), gets("\x15"),
		says("1 2"), pause, says(".00\n"), gets("\x06"),
		says("\r\n\x00\n\x05\n2 3.00\n"), gets("\x06"),
		says("2\x07 3.00\n"), gets("\x15"),
		says(strings.Repeat("9", 5000)), says("\n"), gets("\x15"))
	if len(got) != 9 {
		t.Errorf("heard %d things: %q", len(got), got)
	}
}

// What was not kept is not acknowledged, and keep's error ends Listen.
func TestKeepFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settings := register.Settings{Ack: "06"}.Or(simple)
		port := &drivertest.Playback{Ops: []drivertest.Op{says("1 2.00\r\n2 3.")}}
		full := errors.New("the disk is full")
		calls := 0
		err := newRegister(t, settings).Listen(t.Context(), port, nil, func(drivers.Heard) error { calls++; return full })
		if !errors.Is(err, full) || calls != 1 {
			t.Errorf("Listen returned %v after %d calls of keep, want %v after one", err, calls, full)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A register that does not take the answer is a failed port; what was read
// before is kept all the same.
func TestAnswerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settings := register.Settings{Ack: "06"}.Or(simple)
		port := &drivertest.Playback{Ops: []drivertest.Op{says("1 2.00\r\n2 3.00\r\n3 4")}}
		var got heard
		err := newRegister(t, settings).Listen(t.Context(), port, nil, got.keep)
		if err == nil || !strings.Contains(err.Error(), "answer the register") {
			t.Errorf("Listen returned %v", err)
		}
		got.want(t, one("1", "2.00"), one("2", "3.00"), `partial "3 4"`)
	})
}

// The end of the context ends Listen at once, with what has come so far kept.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+100*time.Millisecond)
		defer cancel()
		port := &drivertest.Playback{Ops: []drivertest.Op{{Pause: time.Minute}, says("1 2")}}
		var got heard
		began := time.Now()
		err := newRegister(t, simple).Listen(ctx, port, nil, got.keep)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Listen returned %v, want the context's error", err)
		}
		if took := time.Since(began); took != time.Minute+100*time.Millisecond {
			t.Errorf("Listen took %v", took)
		}
		got.want(t, `partial "1 2"`)
	})
}
