package scanner_test

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

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/scanner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A heard is what a listener has heard, in words.
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
	default:
		return errors.New("neither a record nor garbage was heard")
	}
	return nil
}

func (h heard) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(h, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(h, "\n"), strings.Join(want, "\n"))
	}
}

func newScanner(t *testing.T, s scanner.Settings) *scanner.Scanner {
	t.Helper()
	device, err := scanner.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return device
}

// play lets a reader say and hear ops, until it is unplugged, in reads of at
// most chunk bytes.
func play(t *testing.T, s scanner.Settings, chunk int, ops ...drivertest.Op) heard {
	t.Helper()
	var got heard
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: ops, Chunk: chunk, End: drivers.ErrGone}
		err := newScanner(t, s).Listen(t.Context(), port, nil, got.keep)
		if !errors.Is(err, drivers.ErrGone) {
			t.Errorf("Listen returned %v, want %v", err, drivers.ErrGone)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
	return got
}

func says(s string) drivertest.Op         { return drivertest.Op{Read: []byte(s)} }
func gets(s string) drivertest.Op         { return drivertest.Op{Write: []byte(s)} }
func pause(d time.Duration) drivertest.Op { return drivertest.Op{Pause: d} }
func code(s string) string                { return fmt.Sprintf(`record {"code":%q,"kind":"scan"}`, s) }
func garbage(s string) string             { return fmt.Sprintf("garbage %q", s) }
func identified(aim, name, s string) string {
	text, _ := json.Marshal(s)
	return fmt.Sprintf(`record {"aim":%q,"code":%s,"kind":"scan","symbology":%q}`, aim, text, name)
}

// What readers send as their manuals have it, whole and byte by byte.
func TestAsReadersSend(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings scanner.Settings
		ops      []drivertest.Op
		want     []string
	}{
		// Zebra LS2208 Product Reference Guide, "Scan Data Options": data, suffix
		// CR LF.
		{"CR LF", scanner.Settings{}, []drivertest.Op{says("4006381333931\r\n"), says("lima-01/1842\r\n")},
			[]string{code("4006381333931"), code("lima-01/1842")}},
		// Cino FA470 User's Manual, "Record Suffix": CR is how it comes.
		{"CR", scanner.Settings{}, []drivertest.Op{says("4006381333931\r"), says("96385074\r")},
			[]string{code("4006381333931"), code("96385074")}},
		{"TAB", scanner.Settings{Ends: "tab"}, []drivertest.Op{says("4006381333931\t96385074\t")},
			[]string{code("4006381333931"), code("96385074")}},
		// Hand Held Products 3080 User's Guide, "Serial Interface Message String":
		// STX, preamble, prefix ID, data, postamble, ETX, record suffix.
		{"STX preamble ID data postamble ETX CR LF", scanner.Settings{Ends: "stx-etx", Prefix: "CAJA1:", Suffix: ";", CodeID: "aim"},
			[]drivertest.Op{says("\x02CAJA1:]E04006381333931;\x03\r\n\x02CAJA1:]Q1lima-01/1842;\x03\r\n")},
			[]string{identified("E0", "ean", "4006381333931"), identified("Q1", "qr", "lima-01/1842")}},
		// Motorola LS4208 Product Reference Guide, table B-3: a Full ASCII Code 39
		// with check character W, A+I+MI+DW, is sent as ]A7AIMID.
		{"AIM identifier", scanner.Settings{CodeID: "AIM"}, []drivertest.Op{says("]A7AIMID\r\n]C10195012345678903\x1d10LOTE\r\n]d1x\r\n]z0x\r\n]Y0x\r\n")},
			[]string{identified("A7", "code39", "AIMID"), identified("C1", "code128", "0195012345678903\u001d10LOTE"),
				identified("d1", "datamatrix", "x"), identified("z0", "aztec", "x"), identified("Y0", "other", "x")}},
		// Zebra LS2208, "RS-232 Handshaking: ACK/NAK": the reader repeats what is
		// not acknowledged.
		{"ACK and NAK", scanner.Settings{Ack: "06", Nak: "15"},
			[]drivertest.Op{says("4006381333931\r"), gets("\x06"), says("40\x0706\r"), gets("\x15"), says("4006381333931\r"), gets("\x06")},
			[]string{code("4006381333931"), garbage("40\x0706")}},
	} {
		for _, chunk := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s/%d", test.name, chunk), func(t *testing.T) {
				play(t, test.settings, chunk, test.ops...).want(t, test.want...)
			})
		}
	}
}

func TestWhatIsNoCode(t *testing.T) {
	long := strings.Repeat("9", 4096)
	for _, test := range []struct {
		name     string
		settings scanner.Settings
		say      string
		want     []string
	}{
		{"empty lines and padding", scanner.Settings{}, "\r\n\x00\r\n\x02\x03\n\x02123\x03\r\n", []string{code("123")}},
		{"control characters", scanner.Settings{}, "12\x1b@3\r4\x7f\r5\r", []string{garbage("12\x1b@3"), garbage("4\x7f"), code("5")}},
		{"half a character", scanner.Settings{}, "ni\xc3\r", []string{garbage("ni\xc3")}},
		{"latin", scanner.Settings{Encoding: "iso-8859-1"}, "ni\xf1o\r\x85\r", []string{code("niño"), garbage("\x85")}},
		{"letters", scanner.Settings{}, "niño\r", []string{code("niño")}},
		{"what turns text around", scanner.Settings{}, "12\u202e34\r", []string{garbage("12\u202e34")}},
		{"too short", scanner.Settings{Min: 4}, "123\r1234\r", []string{garbage("123"), code("1234")}},
		{"too long", scanner.Settings{Max: 4}, "12345\r1234\r", []string{garbage("12345"), code("1234")}},
		{"characters are counted, not bytes", scanner.Settings{Max: 4}, "niño\r", []string{code("niño")}},
		{"far too long", scanner.Settings{Max: 4096}, long + "\r" + long + "9\r1\r", []string{code(long), garbage(long), garbage("9"), code("1")}},
		{"no prefix", scanner.Settings{Prefix: "P"}, "123\rP123\r", []string{garbage("123"), code("123")}},
		{"a prefix alone", scanner.Settings{Prefix: "P"}, "P\r", []string{garbage("P")}},
		{"no suffix", scanner.Settings{Suffix: ";"}, "123\r123;\r", []string{garbage("123"), code("123")}},
		{"no identifier", scanner.Settings{CodeID: "aim"}, "123\r]E\r]E0\r]+0123\r]E0123\r",
			[]string{garbage("123"), garbage("]E"), garbage("]E0"), garbage("]+0123"), identified("E0", "ean", "123")}},
		{"between ETX and STX", scanner.Settings{Ends: "stx-etx"}, "12\x0234\x03\r\n56\x02\x03\x0278\x02910\x03",
			[]string{garbage("12"), code("34"), garbage("\r\n56"), garbage("78"), code("910")}},
		{"ETX without STX", scanner.Settings{Ends: "stx-etx"}, "12\x03\x0234\x03", []string{garbage("12\x03"), code("34")}},
		{"a beginning when unplugged", scanner.Settings{}, "123\r45", []string{code("123"), garbage("45")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, test.settings, 0, says(test.say)).want(t, test.want...)
			play(t, test.settings, 1, says(test.say)).want(t, test.want...)
		})
	}
}

// Silence ends a code where nothing else does, and elsewhere it ends the hope
// for its end: two halves are never one code.
func TestSilence(t *testing.T) {
	play(t, scanner.Settings{Ends: "silence"}, 0,
		says("123"), pause(50*time.Millisecond), says("45"), pause(150*time.Millisecond), says("678\r\n"), pause(time.Second)).
		want(t, code("12345"), code("678"))
	play(t, scanner.Settings{Ends: "silence", Silence: 20 * time.Millisecond}, 0,
		says("123"), pause(50*time.Millisecond), says("45")).
		want(t, code("123"), garbage("45"))
	play(t, scanner.Settings{}, 0, says("123"), pause(500*time.Millisecond), says("45\r"), says("67"), pause(2*time.Second), says("89\r")).
		want(t, code("12345"), garbage("67"), code("89"))
	play(t, scanner.Settings{Ends: "stx-etx"}, 0, says("\x0212"), pause(2*time.Second), says("34\x03"), pause(2*time.Second), says("\x0256\x03")).
		want(t, garbage("12"), garbage("34\x03"), code("56"))
	long := strings.Repeat("9", 4097)
	play(t, scanner.Settings{}, 0, says(long), pause(2*time.Second), says("12\r")).
		want(t, garbage(long[:4096]), garbage("9"), code("12"))
}

// A slowPort is late to read: its reads begin only when the deadline of the
// first silence has passed.
type slowPort struct {
	drivers.Port
	reads int
}

func (p *slowPort) Read(b []byte) (int, error) {
	if p.reads++; p.reads == 2 {
		time.Sleep(1500 * time.Millisecond)
	}
	return p.Port.Read(b)
}

// The rest of a code that came while nobody could read is not another code.
func TestBusyMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: []drivertest.Op{says("40063813"), says("33931\r")}, End: drivers.ErrGone}
		var got heard
		if err := newScanner(t, scanner.Settings{}).Listen(t.Context(), &slowPort{Port: port}, nil, got.keep); !errors.Is(err, drivers.ErrGone) {
			t.Error(err)
		}
		got.want(t, code("4006381333931"))
	})
}

func TestAgain(t *testing.T) {
	same := []drivertest.Op{says("12\r12\r"), pause(900 * time.Millisecond), says("12\r"), pause(900 * time.Millisecond),
		says("12\r34\r12\r"), pause(1100 * time.Millisecond), says("12\r")}
	play(t, scanner.Settings{}, 0, same...).want(t, code("12"), code("34"), code("12"), code("12"))
	play(t, scanner.Settings{Again: time.Minute}, 0, same...).want(t, code("12"), code("34"), code("12"))
	play(t, scanner.Settings{Again: -1}, 0, says("12\r12\r")).want(t, code("12"), code("12"))
	play(t, scanner.Settings{CodeID: "aim"}, 0, says("]E012\r]C012\r]C012\r")).
		want(t, identified("E0", "ean", "12"), identified("C0", "code128", "12"))
}

// What was not kept is not acknowledged, and is no earlier reading.
func TestKeepFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: []drivertest.Op{says("12\r34")}}
		full := errors.New("the disk is full")
		calls := 0
		err := newScanner(t, scanner.Settings{Ack: "06"}).Listen(t.Context(), port, nil, func(drivers.Heard) error { calls++; return full })
		if !errors.Is(err, full) || calls != 1 {
			t.Errorf("Listen returned %v after %d calls of keep, want %v after one", err, calls, full)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnswerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: []drivertest.Op{says("12\r")}}
		var got heard
		err := newScanner(t, scanner.Settings{Ack: "06"}).Listen(t.Context(), port, nil, got.keep)
		if err == nil || !strings.Contains(err.Error(), "answer the scanner") {
			t.Errorf("Listen returned %v", err)
		}
		got.want(t, code("12"))
	})
}

// The person in front of the reader hears what became of a code; the beep comes
// before the acknowledgement, as it is given while the code is kept.
func TestSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := newScanner(t, scanner.Settings{Ack: "06", Good: "07", Bad: "07 07"})
		port := &drivertest.Playback{End: drivers.ErrGone, Ops: []drivertest.Op{
			says("12\r"), gets("\x07"), gets("\x06"), says("34\r"), gets("\x07\x07"), gets("\x06"),
		}}
		err := device.Listen(t.Context(), port, nil, func(h drivers.Heard) error {
			return device.Signal(port, h.Record.Fields["code"] == "12")
		})
		if !errors.Is(err, drivers.ErrGone) {
			t.Error(err)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
		if err := device.Signal(port, true); err == nil || !strings.Contains(err.Error(), "signal on the scanner") {
			t.Errorf("a signal on a closed port: %v", err)
		}
		if err := newScanner(t, scanner.Settings{}).Signal(port, true); err != nil {
			t.Errorf("without a signal in the settings: %v", err)
		}
	})
}

// The end of the context ends Listen at once.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		port := &drivertest.Playback{Ops: []drivertest.Op{pause(time.Minute - time.Millisecond), says("12")}}
		var got heard
		began := time.Now()
		err := newScanner(t, scanner.Settings{}).Listen(ctx, port, []byte("old"), got.keep)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Listen returned %v, want the context's error", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("Listen took %v", took)
		}
		got.want(t, garbage("old"), garbage("12"))
	})
}

// Half a code when the reader is unplugged is told, and not answered.
func TestUnplugged(t *testing.T) {
	play(t, scanner.Settings{Ack: "06", Nak: "15"}, 0, says("12\r"), gets("\x06"), says("34")).want(t, code("12"), garbage("34"))
}

func TestSettingsFaults(t *testing.T) {
	for _, test := range []struct {
		settings scanner.Settings
		fault    string
	}{
		{scanner.Settings{}, ""},
		{scanner.Settings{Ends: "STX-ETX", CodeID: "AIM", Encoding: "ISO-8859-1", Silence: time.Millisecond, Again: time.Minute, Min: 1, Max: 4096}, ""},
		{scanner.Settings{Ends: "crlf"}, `ends: "crlf" is not known: it is one of line, tab, stx-etx, silence`},
		{scanner.Settings{Silence: time.Microsecond}, "silence: 1µs: it is from 1 ms to 10s"},
		{scanner.Settings{Silence: time.Minute}, "silence: 1m0s"},
		{scanner.Settings{CodeID: "symbol"}, `code_id: "symbol" is not known`},
		{scanner.Settings{Prefix: strings.Repeat("x", 16)}, "prefix: "},
		{scanner.Settings{Suffix: "\n"}, "suffix: "},
		{scanner.Settings{Encoding: "cp437"}, `encoding: "cp437" is not known`},
		{scanner.Settings{Again: time.Hour}, "again: 1h0m0s"},
		{scanner.Settings{Min: 5, Max: 4}, "min: from 5 to max 4"},
		{scanner.Settings{Min: -1}, "min: "},
		{scanner.Settings{Max: 5000}, "min: from 1 to max 5000"},
		{scanner.Settings{Ack: "ACK"}, `ack: "ACK": write bytes in hex`},
		{scanner.Settings{Bad: strings.Repeat("07", 17)}, "bad: 17 bytes"},
	} {
		_, err := scanner.New(test.settings)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%+v is refused: %v", test.settings, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%+v: got %v, want %q", test.settings, err, test.fault)
		}
	}
	_, err := scanner.New(scanner.Settings{Ends: "x", Ack: "g"})
	if err == nil || !strings.Contains(err.Error(), "ends: ") || !strings.Contains(err.Error(), "ack: ") {
		t.Errorf("two faults: %v", err)
	}
}
