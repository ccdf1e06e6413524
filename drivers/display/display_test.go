package display_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/display"
	"mostrador/drivers/drivertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is what clears the display: ESC @, twice.
const start = "\x1b@\x1b@"

// shown is a frame of the DM-D110, written from its specification: ESC R 0, ESC t
// 2 (PC850), US MD1, US X 4, US C 0, and US $ 1 y before each row.
func shown(rows ...string) string {
	return frame("\x02", "\x04", rows...)
}

func frame(page, brightness string, rows ...string) string {
	out := "\x1bR\x00\x1bt" + page + "\x1f\x01\x1fX" + brightness + "\x1fC\x00"
	for i := range display.Rows {
		row := ""
		if i < len(rows) {
			row = rows[i]
		}
		out += fmt.Sprintf("\x1f$\x01%c%s%s", i+1, row, strings.Repeat(" ", display.Columns-len(row)))
	}
	return out
}

func gets(s string) drivertest.Op         { return drivertest.Op{Write: []byte(s)} }
func says(s string) drivertest.Op         { return drivertest.Op{Read: []byte(s)} }
func pause(d time.Duration) drivertest.Op { return drivertest.Op{Pause: d} }

func newDisplay(t *testing.T, s display.Settings) *display.Display {
	t.Helper()
	d, err := display.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func show(t *testing.T, d *display.Display, lines ...drivers.Line) {
	t.Helper()
	if err := d.Show(lines); err != nil {
		t.Error(err)
	}
}

// silent fails when the display says anything.
func silent(t *testing.T) func(drivers.Heard) error {
	return func(h drivers.Heard) error {
		t.Errorf("heard %q", h.Garbage)
		return nil
	}
}

// listen lets a display hear ops and then be unplugged.
func listen(t *testing.T, d *display.Display, ops ...drivertest.Op) {
	t.Helper()
	port := &drivertest.Playback{Ops: ops, End: drivers.ErrGone}
	err := d.Listen(t.Context(), port, nil, silent(t))
	if !errors.Is(err, drivers.ErrGone) {
		t.Errorf("Listen returned %v, want %v", err, drivers.ErrGone)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
}

// What is shown when: at once, at each change, every thirty seconds, and again
// when the display is back.
func TestShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(t, display.Settings{})
		total := drivers.Line{Left: "TOTAL", Right: "S/ 38.00"}
		go func() {
			time.Sleep(time.Second)
			show(t, d, drivers.Line{Left: "Pedido listo"}, drivers.Line{Left: "A-17"})
			time.Sleep(time.Second)
			show(t, d, drivers.Line{Left: "Pedido listo"}, drivers.Line{Left: "A-17"}) // as before
			time.Sleep(time.Second)
			show(t, d, drivers.Line{Left: "Gracias"}, total)
		}()
		listen(t, d,
			gets(start+shown()),
			gets(shown("Pedido listo", "A-17")),
			gets(shown("Gracias", "TOTAL       S/ 38.00")),
			pause(20*time.Second), gets(shown("Gracias", "TOTAL       S/ 38.00")))
		listen(t, d, gets(start+shown("Gracias", "TOTAL       S/ 38.00")))
		show(t, d, total) // never seen
		show(t, d)
		listen(t, d, gets(start+shown()))
	})
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		settings display.Settings
		line     drivers.Line
		want     string // of 20 columns, in the page's bytes; "!" and a word of the error
	}{
		{display.Settings{}, drivers.Line{Left: "Lomo saltado", Right: "38.00"}, "Lomo saltado   38.00"},
		{display.Settings{}, drivers.Line{Left: "Lomo saltado con arroz", Right: "38.00"}, "Lomo saltado c 38.00"},
		{display.Settings{}, drivers.Line{Left: "Lomo saltado con arroz"}, "Lomo saltado con arr"},
		{display.Settings{}, drivers.Line{Left: "x", Right: "12345678901234567890"}, "12345678901234567890"},
		{display.Settings{}, drivers.Line{Left: "xy", Right: "1234567890123456789"}, " 1234567890123456789"},
		{display.Settings{}, drivers.Line{Right: "123456789012345678901"}, "!takes 21 columns"},
		{display.Settings{}, drivers.Line{Left: "AJÍ Ñ €"}, "AJ\xd6 \xa5 ?"},
		{display.Settings{Encoding: "cp858"}, drivers.Line{Left: "AJI\u0301 \u20ac"}, "AJ\xd6 \xd5"},
		{display.Settings{Encoding: "CP437"}, drivers.Line{Left: "JAMÓN ½"}, "JAMON \xab"},
		{display.Settings{Encoding: "cp866"}, drivers.Line{Left: "Борщ ½ €", Right: "1"}, "\x81\xae\xe0\xe9 ? ?           1"},
		{display.Settings{Encoding: "windows-1252"}, drivers.Line{Left: "crème “x” – y’s"}, "cr\xe8me \x93x\x94 \x96 y\x92s"},
		{display.Settings{}, drivers.Line{Left: "“x” – y’s"}, `"x" - y's`},
		{display.Settings{}, drivers.Line{Left: "a\u200db\u0301c\u0336d\u202ee"}, "ab\u0301cde"},
		{display.Settings{}, drivers.Line{Left: "鮨 🍣"}, "? ?"},
		{display.Settings{}, drivers.Line{Left: "x \xff"}, "x ?"},
		// No text is a command.
		{display.Settings{}, drivers.Line{Left: "a\x1b@b\x0cc\x1fX\x01d\re\nf\tg\x00\x7f\u0085h\u009b"}, "a@b cXd e f g h"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDisplay(t, test.settings)
			err := d.Show([]drivers.Line{test.line})
			if fault, ok := strings.CutPrefix(test.want, "!"); ok {
				if err == nil || !strings.Contains(err.Error(), "line 1: ") || !strings.Contains(err.Error(), fault) {
					t.Errorf("%+v: got %v, want %q", test.line, err, fault)
				}
				listen(t, d, gets(start+shown()))
				return
			}
			if err != nil {
				t.Errorf("%+v: %v", test.line, err)
			}
			page := map[string]string{"": "\x02", "cp858": "\x13", "CP437": "\x00", "cp866": "\x11", "windows-1252": "\x10"}[test.settings.Encoding]
			want := strings.ReplaceAll(test.want, "b\u0301", "b")
			listen(t, d, gets(start+frame(page, "\x04", want)))
		})
	}
	if err := newDisplay(t, display.Settings{}).Show(make([]drivers.Line, 3)); err == nil || !strings.Contains(err.Error(), "3 lines") {
		t.Errorf("three lines: %v", err)
	}
}

func TestSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(t, display.Settings{Encoding: "cp866", CodePage: 7, Brightness: 1})
		listen(t, d, gets(start+frame("\x07", "\x01")))
	})
	for _, test := range []struct {
		settings display.Settings
		fault    string
	}{
		{display.Settings{Encoding: "latin"}, `encoding: "latin" is not known: it is one of cp437, cp850`},
		{display.Settings{CodePage: 256}, "code_page: 256"},
		{display.Settings{CodePage: -1}, "code_page: -1"},
		{display.Settings{Brightness: 5}, "brightness: 5"},
		{display.Settings{Brightness: -1}, "brightness: -1"},
	} {
		if _, err := display.New(test.settings); err == nil || !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%+v: got %v, want %q", test.settings, err, test.fault)
		}
	}
	_, err := display.New(display.Settings{Encoding: "x", Brightness: 9})
	if err == nil || !strings.Contains(err.Error(), "encoding: ") || !strings.Contains(err.Error(), "brightness: ") {
		t.Errorf("two faults: %v", err)
	}
}

// What a display says is garbage, and Listen ends with keep's error.
func TestHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		port := &drivertest.Playback{Ops: []drivertest.Op{gets(start + shown()), says("\x06"), says("ab")}}
		full := errors.New("the disk is full")
		err := newDisplay(t, display.Settings{}).Listen(t.Context(), port, []byte("old"), func(h drivers.Heard) error {
			if got = append(got, string(h.Garbage)); len(got) == 3 {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || !slices.Equal(got, []string{"old", "\x06", "ab"}) {
			t.Errorf("heard %q, and then %v", got, err)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A display that takes nothing, and the end of the context.
func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: []drivertest.Op{says("x")}} // it expects no write
		err := newDisplay(t, display.Settings{}).Listen(t.Context(), port, nil, func(drivers.Heard) error { time.Sleep(time.Second); return nil })
		if err != nil && !strings.Contains(err.Error(), "show on the display") || err == nil {
			t.Errorf("Listen returned %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		port = &drivertest.Playback{Ops: []drivertest.Op{gets(start + shown())}}
		began := time.Now()
		if err := newDisplay(t, display.Settings{}).Listen(ctx, port, nil, silent(t)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Listen returned %v, want the context's error", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("Listen took %v", took)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
}
