package scale_test

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
	"mostrador/drivers/drivertest"
	"mostrador/drivers/scale"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A heard is what a listener has heard, in words.
type heard []string

func (h *heard) keep(x drivers.Heard) error {
	switch {
	case x.Record != nil && x.Record.Fields["kind"] == scale.Weight:
		f := x.Record.Fields
		*h = append(*h, strings.TrimSpace(fmt.Sprintf("%s %s %s", f["state"], f["weight"], f["unit"])))
	case len(x.Garbage) > 0:
		*h = append(*h, fmt.Sprintf("garbage %q", x.Garbage))
	default:
		return errors.New("neither a weight nor garbage was heard")
	}
	return nil
}

func (h heard) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(h, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(h, "\n"), strings.Join(want, "\n"))
	}
}

func newScale(t *testing.T, s scale.Settings) drivers.Device {
	t.Helper()
	device, err := scale.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return device
}

// play lets a scale hear and say ops, until it is unplugged, in reads of at
// most chunk bytes.
func play(t *testing.T, s scale.Settings, chunk int, ops ...drivertest.Op) heard {
	t.Helper()
	var got heard
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: ops, Chunk: chunk, End: drivers.ErrGone}
		err := newScale(t, s).Listen(t.Context(), port, nil, got.keep)
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

// asked is a conversation in which the scale is asked for each answer.
func asked(question string, answers ...string) []drivertest.Op {
	var ops []drivertest.Op
	for _, a := range answers {
		ops = append(ops, gets(question), says(a))
	}
	return ops
}

var kilos = scale.Settings{Protocol: "toledo-8217", Unit: "kg"}

// A purchase as a Toledo 8217 tells it: empty, in motion, 1.250 kg, in motion,
// empty. The answers are those of the manuals that toledo.go names; the status
// bytes have bits 5 and 6 set, as the BenchPro and the 67xxU send them, and not,
// as the 8217 does.
func TestToledo8217(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings scale.Settings
		answers  []string
		want     []string
	}{
		{"a purchase", kilos,
			[]string{"\x02 0.000\r", "\x02?a\r", "\x02?\x01\r", "\x02 1.250\r", "\x02 1.250\r", "\x02?a\r", "\x0200.000\r"},
			[]string{"stable 0.000 kg", "unstable", "stable 1.250 kg", "unstable", "stable 0.000 kg"}},
		{"net", kilos, []string{"\x0201.125N\r"}, []string{"stable 1.125 kg"}},
		{"pounds", scale.Settings{Protocol: "TOLEDO-8217", Unit: "LB"}, []string{"\x0202.76\r"}, []string{"stable 2.76 lb"}},
		{"out of range", kilos, []string{"\x02?b\r", "\x02?\x02\r", "\x02?d\r", "\x02?h\r", "\x02?\x40\r", "\x02?c\r"},
			[]string{"over", "under", "not_zeroed", "fault", "over"}},
		{"drift", scale.Settings{Protocol: "toledo-8217", Unit: "kg", Zero: "0.005"},
			[]string{"\x02 0.000\r", "\x02 0.002\r", "\x02 0.005\r", "\x02 0.006\r", "\x02-0.005\r"},
			[]string{"stable 0.000 kg", "stable 0.006 kg", "stable 0.000 kg"}},
		{"no weight", kilos, []string{"\x021.2.5\r", "\x02?\r", "\x02?ab\r", "\x02 1,250\r", "\x02123456789\r", "\x02.5\r", "\x02\x1b@\r", "\x02 0.500\r"},
			[]string{`garbage "1.2.5"`, `garbage "\x02?\r"`, `garbage "?ab"`, `garbage " 1,250"`, `garbage "123456789"`, `garbage ".5"`, `garbage "\x1b@"`, "stable 0.500 kg"}},
		{"noise before and between", kilos, []string{"xy\x02 0.5\x02 0.500\r", "\x02 0.750\r"},
			[]string{`garbage "xy\x02 0.5"`, "stable 0.500 kg", "stable 0.750 kg"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, test.settings, 0, asked("W", test.answers...)...).want(t, test.want...)
		})
	}
	play(t, kilos, 1, asked("W", "\x02 0.000\r", "\x02?a\r", "\x02 1.250\r")...).
		want(t, "stable 0.000 kg", "unstable", "stable 1.250 kg")
}

// The answers are those of the manuals that sics.go names: the weight takes ten
// characters, right-aligned.
func TestSICS(t *testing.T) {
	poll := scale.Settings{Protocol: "sics"}
	play(t, poll, 0, asked("SI\r\n",
		"S S       0.00 g\r\n", "S D     129.07 g\r\n", "S S     100.00 g\r\n", "S S      -0.00 g\r\n", "S S     -12.50 g\r\n",
		"S +\r\n", "S -\r\n", "S I\r\n", "ES\r\n", "EL\r\n", "S S Error 10b g\r\n", "S S      1.250 kg\r\n", "S S      2.500 lb\r\n")...).
		want(t, "stable 0.00 g", "unstable 129.07 g", "stable 100.00 g", "stable 0.00 g", "stable -12.50 g",
			"over", "under", "unstable", "fault", "stable 1.250 kg", "stable 2.500 lb")
	play(t, poll, 0, asked("SI\r\n", "I4 A \"0123456789\"\r\nS S     100.00 g\r\n", "S S 12 PCS\r\n", "S X 1 g\r\n", "S ?\r\n", "hola\r\n")...).
		want(t, `garbage "I4 A \"0123456789\""`, "stable 100.00 g", `garbage "S S 12 PCS"`, `garbage "S X 1 g"`, `garbage "S ?"`, `garbage "hola"`)
}

// A scale that speaks by itself is asked once, and again when it has fallen
// silent: it may have been switched off. A weight that moves is handed on four
// times a second at most.
func TestSICSContinuous(t *testing.T) {
	settings := scale.Settings{Protocol: "sics", Mode: "continuous"}
	ops := []drivertest.Op{gets("SIR\r\n"), says("S S       0.00 g\r\n")}
	for i := range 10 {
		ops = append(ops, pause(50*time.Millisecond), says(fmt.Sprintf("S D      %d.00 g\r\n", 10+i)))
	}
	ops = append(ops, says("S S      20.00 g\r\n"), pause(time.Minute/20), gets("SIR\r\n"), says("S S      20.00 g\r\n"))
	play(t, settings, 0, ops...).want(t,
		"stable 0.00 g", "unstable 10.00 g", "unstable 15.00 g", "stable 20.00 g", "silent", "stable 20.00 g")
}

// continuous is a message of Toledo's continuous output: the status bytes, six
// digits, no tare.
func continuous(status, weight string) string { return "\x02" + status + weight + "000000\r" }

// The status bytes are made of the bits of the manuals that toledo.go names: the
// point stands before the third digit from the right with A = 35 (101), status B
// 30 is kg, 20 lb; bit 5 of each is 1.
func TestToledoContinuous(t *testing.T) {
	settings := scale.Settings{Protocol: "toledo-continuous"}
	for _, chunk := range []int{0, 1, 5} {
		play(t, settings, chunk, says(
			continuous("\x35\x30\x20", "  1250")+continuous("\x35\x38\x20", "001300")+continuous("\x35\x32\x20", "000005")+
				continuous("\x35\x30\x20", "000000")+continuous("\x35\x34\x20", "015000")+continuous("\x35\x36\x20", "000100")+
				continuous("\x35\x70\x20", "000000")+continuous("\x34\x20\x20", "  1250")+continuous("\x32\x20\x21", "  1250")+
				continuous("\x31\x20\x21", "     5")+continuous("\x30\x20\x21", "     5")+continuous("\x33\x20\x23", "    55"))).
			want(t, "stable 1.250 kg", "unstable 1.300 kg", "stable -0.005 kg", "stable 0.000 kg", "over", "under",
				"not_zeroed", "stable 12.50 lb", "stable 1250 g", "stable 50 g", "stable 500 g", "stable 5.5 oz")
	}
	play(t, settings, 0, says("50000\r"+continuous("\x35\x30\x20", " 1.250")+"\x02\x35"+continuous("\x35\x30\x22", "001250")+continuous("\x35\x30\x20", "      ")+continuous("\x35\x30\x20", "001250"))).
		want(t, `garbage "50000\r"`, `garbage "50  1.250000000"`, `garbage "\x025"`, `garbage "50\"001250000000"`, `garbage "50       000000"`, "stable 1.250 kg")
}

func TestToledoChecksum(t *testing.T) {
	settings := scale.Settings{Protocol: "toledo-continuous", Checksum: true}
	message := continuous("\x35\x30\x20", "001250")
	var sum byte
	for _, b := range []byte(message) {
		sum += b
	}
	good, bad := string(-sum&0x7f), string((-sum+1)&0x7f)
	play(t, settings, 0, says(message+bad+message+good)).want(t, fmt.Sprintf("garbage %q", message+bad), "stable 1.250 kg")
}

// A scale that does not answer is asked once a second and no more often, and
// after three seconds no weight is known; half an answer is none.
func TestSilence(t *testing.T) {
	var got heard
	synctest.Test(t, func(t *testing.T) {
		var ops []drivertest.Op
		ops = append(ops, gets("W"), says("\x02 0.500\r"), gets("W"), pause(900*time.Millisecond), says("\x02 0."), pause(50*time.Millisecond),
			gets("W"), pause(500*time.Millisecond), gets("W"), pause(500*time.Millisecond), gets("W"), says("\x02 0.500\r"))
		port := &drivertest.Playback{Ops: ops, End: drivers.ErrGone}
		began := time.Now()
		err := newScale(t, kilos).Listen(t.Context(), port, nil, got.keep)
		if err = errors.Join(err, port.Close()); !errors.Is(err, drivers.ErrGone) || strings.Contains(err.Error(), "playback") {
			t.Error(err)
		}
		if took := time.Since(began); took != 3250*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
	got.want(t, "stable 0.500 kg", `garbage "\x02 0."`, "silent", "stable 0.500 kg")
}

// The pace of questions, and the end of the context.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+time.Millisecond)
		defer cancel()
		settings := kilos
		settings.Every = 500 * time.Millisecond
		port := &drivertest.Playback{Ops: asked("W", "\x02 0.500\r", "\x02 0.500\r", "\x02 0.500\r")}
		var got heard
		if err := newScale(t, settings).Listen(ctx, port, []byte("old"), got.keep); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Listen returned %v, want the context's error", err)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
		got.want(t, `garbage "old"`, "stable 0.500 kg")
	})
}

func TestKeepAndAskFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := &drivertest.Playback{Ops: asked("W", "\x02 0.500\r")}
		full := errors.New("the disk is full")
		err := newScale(t, kilos).Listen(t.Context(), port, nil, func(drivers.Heard) error { return full })
		if !errors.Is(err, full) {
			t.Errorf("Listen returned %v, want %v", err, full)
		}
		port = &drivertest.Playback{}
		err = newScale(t, kilos).Listen(t.Context(), port, nil, func(drivers.Heard) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "ask the scale") {
			t.Errorf("Listen returned %v", err)
		}
	})
}

func TestSettingsFaults(t *testing.T) {
	for _, test := range []struct {
		settings scale.Settings
		fault    string
	}{
		{kilos, ""},
		{scale.Settings{Protocol: "SICS", Mode: "Continuous", Every: 10 * time.Second, Zero: "1"}, ""},
		{scale.Settings{Protocol: "toledo-continuous", Checksum: true}, ""},
		{scale.Settings{}, "protocol: it is missing"},
		{scale.Settings{Protocol: "cas"}, `protocol: "cas" is not known`},
		{scale.Settings{Protocol: "toledo-8217"}, "unit: this protocol does not say it"},
		{scale.Settings{Protocol: "toledo-8217", Unit: "arroba"}, `unit: "arroba" is not known`},
		{scale.Settings{Protocol: "sics", Unit: "kg"}, "unit: sics says it with each weight"},
		{scale.Settings{Protocol: "sics", Mode: "stream"}, `mode: "stream" is not known`},
		{scale.Settings{Protocol: "toledo-continuous", Mode: "poll"}, "mode: toledo-continuous has one way only"},
		{scale.Settings{Protocol: "sics", Checksum: true}, "checksum: only toledo-continuous"},
		{scale.Settings{Protocol: "sics", Every: time.Millisecond}, "every: 1ms"},
		{scale.Settings{Protocol: "sics", Zero: "-0.005"}, `zero: "-0.005"`},
		{scale.Settings{Protocol: "sics", Zero: "5 g"}, `zero: "5 g"`},
	} {
		_, err := scale.New(test.settings)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%+v is refused: %v", test.settings, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%+v: got %v, want %q", test.settings, err, test.fault)
		}
	}
	_, err := scale.New(scale.Settings{Protocol: "toledo-8217", Zero: "x"})
	if err == nil || !strings.Contains(err.Error(), "unit: ") || !strings.Contains(err.Error(), "zero: ") {
		t.Errorf("two faults: %v", err)
	}
}

// What came while nobody could read is read before silence is told.
func TestBusyMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := continuous("\x35\x30\x20", "001250"), continuous("\x35\x30\x20", "001300")
		port := &drivertest.Playback{Ops: []drivertest.Op{says(one), says(two), pause(time.Minute)}, End: drivers.ErrGone}
		var got heard
		err := newScale(t, scale.Settings{Protocol: "toledo-continuous"}).Listen(t.Context(), port, nil, func(h drivers.Heard) error {
			if len(got) == 0 {
				time.Sleep(5 * time.Second)
			}
			return got.keep(h)
		})
		if !errors.Is(err, drivers.ErrGone) {
			t.Error(err)
		}
		got.want(t, "stable 1.250 kg", "stable 1.300 kg", "silent")
	})
}
