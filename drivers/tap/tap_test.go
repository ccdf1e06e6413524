package tap_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/tap"
	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// simple is a profile for what is not about profiles.
const simple = `
date: DD/MM/YYYY
open: BOLETA {receipt}[ {date} {time}]
item: {quantity} {name} {amount}
total: TOTAL {amount}
payment EFECTIVO: EFECTIVO {amount}
change: VUELTO {amount}
`

func decoder() *escpos.Decoder {
	p, _ := profile.Lookup("generic")
	return escpos.NewDecoder(p)
}

func parse(t testing.TB, source string) *tap.Profile {
	t.Helper()
	p, err := tap.ParseProfile([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// heard collects what a tap tells.
type heard struct {
	mu       sync.Mutex
	receipts []drivers.Receipt
	changes  []drivers.Change
	partial  []byte
}

func (h *heard) keep(one drivers.Heard) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case one.Receipt != nil:
		h.receipts, h.partial = append(h.receipts, *one.Receipt), nil
	case one.Behind != nil:
		h.changes = append(h.changes, *one.Behind)
	case one.Partial != nil:
		h.partial = one.Partial
	}
	return nil
}

// told is a receipt in a line for each of its lines.
func told(r drivers.Receipt) string {
	if r.Cause != "" {
		return "unread: " + r.Cause
	}
	var lines []string
	for _, l := range r.Lines {
		text := l.Fields["kind"]
		for _, f := range []string{"receipt", "date", "time", "quantity", "name", "price", "amount"} {
			if v := l.Fields[f]; v != "" {
				text += " " + f + "=" + v
			}
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

func says(s string) drivertest.Op { return drivertest.Op{Read: []byte(s)} }
func gets(s string) drivertest.Op { return drivertest.Op{Write: []byte(s)} }

const (
	boleta = "\x1b@BOLETA B001-17 14/03/2026 13:05\n2 LOMO SALTADO 56.00\n1 CHICHA 9.00\nTOTAL 65.00\nEFECTIVO 100.00\nVUELTO 35.00\n\n"
	cut    = "\x1dV\x42\x03"
)

// play runs a tap between a POS and a printer that say and expect exactly these.
func play(t *testing.T, s tap.Settings, partial string, pos, printer []drivertest.Op) *heard {
	t.Helper()
	got := new(heard)
	synctest.Test(t, func(t *testing.T) {
		posPort := &drivertest.Playback{Ops: pos}
		printerPort := &drivertest.Playback{Ops: printer}
		s.Printer = func(context.Context) (drivers.Port, error) { return drivertest.Record(printerPort), nil }
		s.Decoder = decoder
		device, err := tap.New(s)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := device.Listen(ctx, posPort, []byte(partial), got.keep); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Listen returned %v, want the context's error", err)
		}
		if err := posPort.Close(); err != nil {
			t.Errorf("the POS: %v", err)
		}
		if err := printerPort.Close(); err != nil {
			t.Errorf("the printer: %v", err)
		}
	})
	return got
}

// Every byte passes both ways, and the receipt is read.
func TestPassesAndReads(t *testing.T) {
	got := play(t, tap.Settings{Profile: parse(t, simple)}, "",
		[]drivertest.Op{says("\x10\x04\x01"), gets("\x16"), says(boleta + cut)},
		[]drivertest.Op{gets("\x10\x04\x01"), says("\x16"), gets(boleta + cut)})
	want := `open receipt=B001-17 date=2026-03-14 time=13:05:00
item quantity=2 name=LOMO SALTADO amount=56.00
item quantity=1 name=CHICHA amount=9.00
total amount=65.00
payment name=EFECTIVO amount=100.00
change amount=35.00`
	if len(got.receipts) != 1 || told(got.receipts[0]) != want {
		t.Fatalf("read %d receipts, the first\n%s", len(got.receipts), told(got.receipts[0]))
	}
	if r := got.receipts[0]; string(r.Stream) != "\x10\x04\x01"+boleta+cut || !strings.HasPrefix(r.Text, "BOLETA B001-17") {
		t.Errorf("kept %q and the text %q", r.Stream, r.Text)
	}
}

// A printer that never answers has somebody who does, where that is wished; one
// that answers speaks for itself.
func TestStandsIn(t *testing.T) {
	ask := "\x10\x04\x01\x10\x04\x04\x1dr\x01\x1dI\x43"
	got := play(t, tap.Settings{Answer: true}, "",
		[]drivertest.Op{says(ask), gets("\x16"), gets("\x12"), gets("\x00")},
		[]drivertest.Op{gets(ask)})
	if len(got.changes) != 1 || !got.changes[0].Up {
		t.Errorf("told %+v of the printer", got.changes)
	}
	play(t, tap.Settings{}, "", []drivertest.Op{says(ask)}, []drivertest.Op{gets(ask)})
	play(t, tap.Settings{Answer: true}, "",
		[]drivertest.Op{says("\x10\x04\x01"), gets("\x1e"), says("\x10\x04\x04\x1dr\x01"), {Pause: 10 * time.Second}},
		[]drivertest.Op{gets("\x10\x04\x01"), says("\x1e"), gets("\x10\x04\x04\x1dr\x01")})
}

// What was cut off is never read as a sale, whatever its rest looks like.
func TestTorn(t *testing.T) {
	half := strings.Index(boleta, "1 CHICHA")
	got := play(t, tap.Settings{Profile: parse(t, simple)}, "", []drivertest.Op{says(boleta[:half])}, []drivertest.Op{gets(boleta[:half])})
	if len(got.receipts) != 1 || strings.Contains(told(got.receipts[0]), "total") { // quiet for long enough to be torn off
		t.Errorf("read %d receipts: %s", len(got.receipts), told(got.receipts[0]))
	}
	got = play(t, tap.Settings{Profile: parse(t, simple)}, boleta[:half], []drivertest.Op{says(boleta[half:] + cut)}, []drivertest.Op{gets(boleta[half:] + cut)})
	if len(got.receipts) != 1 || !strings.Contains(told(got.receipts[0]), "incompleto") || !got.receipts[0].Torn {
		t.Fatalf("read %d receipts: %s", len(got.receipts), told(got.receipts[0]))
	}
	if text := got.receipts[0].Text; !strings.Contains(text, "LOMO") || !strings.Contains(text, "VUELTO") {
		t.Errorf("the text of both halves: %q", text)
	}
}

// Several receipts in one piece, and one in several.
func TestCuts(t *testing.T) {
	second := strings.Replace(boleta, "B001-17", "B001-18", 1)
	both := boleta + cut + "\x1bp\x00\x32\x32" + second + cut
	var pos []drivertest.Op
	for _, c := range []byte(both) {
		pos = append(pos, says(string(c)))
	}
	for _, ops := range [][]drivertest.Op{{says(both)}, pos} {
		got := play(t, tap.Settings{Profile: parse(t, simple)}, "", ops, []drivertest.Op{gets(both)})
		if len(got.receipts) != 2 {
			t.Fatalf("read %d receipts, want 2", len(got.receipts))
		}
		for i, number := range []string{"B001-17", "B001-18"} {
			if !strings.HasPrefix(told(got.receipts[i]), "open receipt="+number) {
				t.Errorf("receipt %d: %s", i, told(got.receipts[i]))
			}
		}
		if stream := string(got.receipts[1].Stream); stream != "\x1bp\x00\x32\x32"+second+cut {
			t.Errorf("the stream of the second: %q", stream)
		}
	}
}

// What a paper prints with settings that were made before it prints alone, too.
func TestStreamStandsAlone(t *testing.T) {
	printed := "\x1b@\x1b3\x20\x1bt\x10" + "uno\n" + cut + "CAF\xc9\n" + cut
	got := play(t, tap.Settings{}, "", []drivertest.Op{says(printed)}, []drivertest.Op{gets(printed)})
	if len(got.receipts) != 2 {
		t.Fatalf("read %d receipts, want 2", len(got.receipts))
	}
	r := got.receipts[1]
	alone := tap.ReadStream(nil, decoder(), r.Stream)
	if r.Text != "CAFÉ\n" || alone.Text != r.Text {
		t.Errorf("the text is %q, and alone %q", r.Text, alone.Text)
	}
}

// A line that lost its beginning and stands behind the one above is told by its
// column, where the profile says that there is one.
func TestOutOfLine(t *testing.T) {
	receipt := func(lines string) []byte {
		return []byte("BOLETA B001-17\n1 CHICHA               9.00\n" + lines + "\x1d!\x10TOTAL      111.00\n\x1d!\x00" + cut)
	}
	modifiers := simple + "modifier: + {name} {amount}\nmodifier: + {name}\n"
	whole := "  + sin cebolla\n2 AJI DE GALLINA     102.00\n"
	torn := "  + sin cALLINA     102.00\n"
	for _, test := range []struct {
		profile, lines string
		read           bool
	}{
		{"amounts: aligned\n", whole, true}, {"amounts: aligned\n", torn, false}, {"amounts: ragged\n", torn, true}, {"", torn, true},
	} {
		r := tap.ReadStream(parse(t, test.profile+modifiers), decoder(), receipt(test.lines))
		if read := r.Cause == ""; read != test.read || !read && !strings.Contains(r.Cause, "columna") {
			t.Errorf("%q with %q: %s", test.lines, test.profile, told(r))
		}
	}
}
