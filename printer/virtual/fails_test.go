package virtual_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/virtual"
)

// A recorder is a printer whose words are kept.
type recorder struct {
	*virtual.Printer
	mu   sync.Mutex
	said []byte
}

func record(t testing.TB, o virtual.Options) *recorder {
	t.Helper()
	r := &recorder{}
	o.OnAnswer = func(b []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, b...)
	}
	r.Printer, _ = load(t, "TM-T88V", "80mm", o)
	return r
}

func fault(t testing.TB, text string) virtual.Fault {
	t.Helper()
	f, err := virtual.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// heard is what was said since it was asked last.
func (r *recorder) heard() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := r.said
	r.said = nil
	return fmt.Sprintf("% x", said)
}

func (r *recorder) send(t testing.TB, text string) {
	t.Helper()
	if _, err := r.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// texts are the papers' texts, and what hangs out behind a bar.
func (r *recorder) texts() string {
	var b strings.Builder
	for _, p := range r.Papers() {
		b.WriteString(strings.ReplaceAll(p.Text(), "\n", "/"))
	}
	return b.String() + "|" + strings.ReplaceAll(r.Current().Text(), "\n", "/")
}

// balance checks that every byte that came is printed, waits, or is lost.
func (r *recorder) balance(t testing.TB) {
	t.Helper()
	if r.Received() != r.Printed()+uint64(r.Buffered())+r.Lost() {
		t.Errorf("%d bytes received, %d printed, %d buffered, %d lost", r.Received(), r.Printed(), r.Buffered(), r.Lost())
	}
}

const (
	askAll   = "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
	askFence = "\x1dr\x01"
	askID    = "\x1d(H\x06\x0000abcd"
	cut      = "\x1dV\x00"
)

// A fault after n bytes leaves exactly n of them printed.
func TestStopsAtTheByte(t *testing.T) {
	ticket := "uno\ndos\n" + cut + askFence
	for _, kind := range []string{"paper-out", "cover-open", "offline", "error", "hang"} {
		for n := range len(ticket) + 1 {
			r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, fmt.Sprintf("%s@%d", kind, n))}})
			r.send(t, ticket)
			if r.Printed() != uint64(n) || r.Buffered() != len(ticket)-n || string(r.Current().Bytes()) != strings.TrimPrefix(ticket[:n], "uno\ndos\n"+cut) && len(r.Papers()) == 1 {
				t.Fatalf("%s@%d: %d bytes wait", kind, n, r.Buffered())
			}
			whole := record(t, virtual.Options{})
			whole.send(t, ticket[:n])
			if got, want := r.texts(), whole.texts(); got != want {
				t.Fatalf("%s@%d: %q, want %q", kind, n, got, want)
			}
			r.balance(t)
			r.Mend()
			if got := r.texts(); got != "uno/dos/|" || r.heard() != "00" {
				t.Fatalf("%s@%d, mended: %q", kind, n, got)
			}
			if !bytes.Equal(r.Papers()[0].Bytes(), []byte("uno\ndos\n"+cut)) {
				t.Fatalf("%s@%d: the paper's bytes are %q", kind, n, r.Papers()[0].Bytes())
			}
		}
	}
}

func TestPaperOutByMillimetres(t *testing.T) {
	r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, "paper-out@12mm")}}) // 96 dots: four lines of 30
	r.send(t, "1\n2\n3\n4\n5\n6\n"+cut)
	if got := r.texts(); got != "|1/2/3/4/" {
		t.Error(got)
	}
	r.Mend()
	if got := r.texts(); got != "1/2/3/4/5/6/|" {
		t.Error(got)
	}
}

// A cutter jams at the cut: the ticket is printed and hangs out.
func TestCutterJams(t *testing.T) {
	r := record(t, virtual.Options{})
	r.send(t, "\x1da\x0f")
	r.Break(fault(t, "cutter"))
	r.heard()
	r.send(t, "uno\n"+askFence+cut+askFence+"dos\n")
	if got := r.texts(); got != "|uno/" {
		t.Error(got)
	}
	if got := r.heard(); got != "00 1c 08 00 0f" { // the first fence, then the jam
		t.Error(got)
	}
	r.send(t, askAll)
	if got := r.heard(); got != "1e 52 1a 12" {
		t.Error(got)
	}
	if !r.Condition().Cutter || r.Buffered() != 1+3+4+len(askAll) {
		t.Errorf("%+v, %d bytes wait", r.Condition(), r.Buffered())
	}
	r.Mend()
	if got := r.texts(); got != "uno/|dos/" || r.heard() != "14 00 00 0f 00" {
		t.Error(got)
	}
}

// DLE ENQ 1 goes on after an error that can be recovered from, DLE ENQ 2 drops
// what waits.
func TestRecovery(t *testing.T) {
	for _, c := range []struct{ fault, ask, want, state string }{
		{"error", "\x10\x05\x01", "uno/|", "16"},
		{"error", "\x10\x05\x02", "|", "16"},
		{"error", "\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", "|", "16"},
		{"error=unrecoverable", "\x10\x05\x01", "|", "1e"},
		{"cover-open", "\x10\x05\x01", "|", "1e"},
	} {
		r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, c.fault)}})
		r.send(t, "uno\n"+cut+c.ask+"\x10\x04\x01")
		if got := r.texts(); got != c.want || r.heard() != c.state {
			t.Errorf("%s, % x: %q", c.fault, c.ask, got)
		}
	}
}

// Power that goes takes the buffer, the line that was not fed and the settings;
// a line that goes takes nothing.
func TestPowerAndLine(t *testing.T) {
	for _, c := range []struct {
		fault, want string
		lost        int
	}{
		{"power-off", "|uno/cuatro/", 11},
		{"unplug", "uno/dostres/|cuatro/", 0},
	} {
		r := record(t, virtual.Options{})
		r.send(t, "\x1da\x0funo\ndos") // dos stands in the line
		r.Break(fault(t, "cover-open"))
		r.send(t, "tres\n"+cut+"\x1dr\x01")
		r.Break(fault(t, c.fault))
		if n, err := r.Write([]byte("x")); n != 0 || !errors.Is(err, virtual.ErrAway) {
			t.Errorf("%s: takes %d, %v", c.fault, n, err)
		}
		r.heard()
		r.Mend(virtual.CoverOpen)
		r.Mend()
		r.send(t, "cuatro\n")
		if got := r.texts(); got != c.want || r.Lost() != uint64(c.lost) {
			t.Errorf("%s: %q, %d bytes lost", c.fault, got, r.Lost())
		}
		r.heard()
		r.Break(fault(t, "error"))
		if on := r.heard() != ""; on == (c.fault == "power-off") {
			t.Errorf("%s: automatic status still on: %v", c.fault, on)
		}
	}
}

// A printer that takes no more says so; one that overruns does not.
func TestBufferIsFull(t *testing.T) {
	text := "0123456789\n" + cut
	full := record(t, virtual.Options{Buffer: 8})
	full.Break(fault(t, "offline"))
	if n, err := full.Write([]byte(text)); n != 8 || !errors.Is(err, virtual.ErrBusy) {
		t.Errorf("it took %d, %v", n, err)
	}
	full.Mend()
	full.send(t, text[8:])
	if got := full.texts(); got != "0123456789/|" {
		t.Error(got)
	}

	over := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, "offline"), fault(t, "overrun"), fault(t, "buffer=8")}})
	over.send(t, text+"\x10\x04\x01") // real-time commands are obeyed all the same
	if got := over.heard(); got != "3e" || over.Buffered() != 8 || over.Lost() != uint64(len(text)+3-8) {
		t.Errorf("%s, %d wait, %d lost", got, over.Buffered(), over.Lost())
	}
	over.Mend()
	over.send(t, "\n"+cut)
	if got := over.texts(); got != "01234567/|" {
		t.Error(got)
	}
	over.balance(t)
}

// What answers say under each fault of theirs.
func TestAnswersFail(t *testing.T) {
	ask := "\x10\x04\x01" + askFence + askID
	for _, c := range []struct{ fault, want string }{
		{"silent", ""},
		{"silent@3", "16"},
		{"missing", ""},
		{"missing=2", "16 37 22 61 62 63 64 00"},
		{"missing=3", "16 00"},
		{"wrong=id", "16 00 37 22 61 62 63 65 00"},
		{"asb-mid", "16 00 37 22 61 14 00 00 0f 62 63 64 00"},
		{"xoff-mid", "13 16 11 13 00 11 37 22 61 13 62 63 64 11 00"},
		{"hang", ""},
		{"hang@6", "16 00"},
	} {
		r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, c.fault)}})
		r.send(t, ask+"a\n")
		if got := r.heard(); got != c.want {
			t.Errorf("%s: %s, want %s", c.fault, got, c.want)
		}
	}
}

// Random faults are the same under the same seed.
func TestSeed(t *testing.T) {
	for _, kind := range []string{"wrong", "garbage"} {
		said := map[string]bool{}
		for _, seed := range []uint64{1, 1, 2} {
			r := record(t, virtual.Options{Seed: seed, Faults: []virtual.Fault{fault(t, kind)}})
			r.send(t, strings.Repeat(askFence+askID, 5))
			if got := r.heard(); got != "" {
				said[got] = true
			}
		}
		if len(said) != 2 {
			t.Errorf("%s: three printers, two of them of one seed, say %d different things", kind, len(said))
		}
	}
	r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, "wrong")}})
	r.send(t, askID)
	want, differ := []byte("7\"abcd\x00"), 0
	for i := range min(len(want), len(r.said)) {
		for diff := want[i] ^ r.said[i]; diff != 0; diff &= diff - 1 {
			differ++
		}
	}
	if len(r.said) != len(want) || differ != 1 {
		t.Errorf("% x: %d bits differ", r.said, differ)
	}
}

// Noise stands on both sides of each answer, and is none itself.
func TestGarbage(t *testing.T) {
	r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, "garbage")}})
	for range 50 {
		r.send(t, askID)
	}
	var kinds []escpos.AnswerKind
	var answers escpos.Answers
	answers.Feed(r.said, func(a escpos.Answer) {
		if n := len(kinds); n == 0 || kinds[n-1] != a.Kind {
			kinds = append(kinds, a.Kind)
		}
	})
	if len(kinds) != 2*50+1 || kinds[0] != escpos.AnswerUnknown || kinds[1] != escpos.AnswerProcessID {
		t.Errorf("%d runs of answers: %v", len(kinds), kinds)
	}
}

// One that hangs does not say late what it would have said before.
func TestHangsWhileAnswerIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, "late=2s")}})
		defer r.Close()
		r.send(t, "\x10\x04\x01")
		r.Break(fault(t, "hang"))
		time.Sleep(3 * time.Second)
		if got := r.heard(); got != "" {
			t.Error(got)
		}
	})
}

// A late answer comes later, in order, and a fault with a time mends itself.
func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := record(t, virtual.Options{Faults: []virtual.Fault{fault(t, "late=2s,for=1s"), fault(t, "paper-out@4,for=10s")}})
		defer r.Close()
		r.send(t, "\x10\x04\x01\n") // at 0 s
		time.Sleep(1500 * time.Millisecond)
		if got := r.heard(); got != "" {
			t.Errorf("before its time: %s", got)
		}
		r.send(t, "\x10\x04\x04") // no longer late, but behind the first
		time.Sleep(600 * time.Millisecond)
		if got := r.heard(); got != "16 7e" {
			t.Errorf("in time: %s", got)
		}
		r.send(t, "a\n"+cut)
		if r.Buffered() != 3+5 {
			t.Errorf("%d bytes wait", r.Buffered())
		}
		time.Sleep(10 * time.Second)
		if got := r.texts(); got != "/a/|" && got != "a/|" {
			t.Errorf("%q", got)
		}
		if len(r.Faults()) != 0 {
			t.Errorf("%v are left", r.Faults())
		}
	})
}

// The mechanism takes its time: what asks behind a ticket is answered when the
// ticket is out, and the line may be gone by then.
func TestSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := record(t, virtual.Options{Speed: 100, Buffer: 64})
		defer r.Close()
		lines := strings.Repeat("x\n", 20) // 600 dots: 75 mm, 750 ms
		start := time.Now()
		r.send(t, lines+cut+askFence+"\x10\x04\x01")
		if got := r.heard(); got != "16" || len(r.Papers()) != 0 {
			t.Errorf("at once: %s, %d papers", got, len(r.Papers()))
		}
		if n, err := r.Write(bytes.Repeat([]byte("y"), 64)); n >= 64 || !errors.Is(err, virtual.ErrBusy) {
			t.Errorf("it took %d of 64, %v", n, err)
		}
		time.Sleep(740 * time.Millisecond)
		if r.heard() != "" {
			t.Error("the fence was answered while the paper moved")
		}
		time.Sleep(20 * time.Millisecond)
		if got := r.heard(); got != "00" || len(r.Papers()) != 1 {
			t.Errorf("%v later: %s, %d papers", time.Since(start), got, len(r.Papers()))
		}
	})
}

// With a buffer and a speed the same comes out as without.
func FuzzBuffered(f *testing.F) {
	f.Add([]byte("a\x1bt\x13\xa4\n\x1dVB\x00\x10\x04\x01"), uint16(3))
	f.Add([]byte("uno\n\x1d(k\x06\x001P0abc\n\x1dV\x00\x1dr\x01\x10\x14\x01\x00\x05\x1bp"), uint16(9))
	f.Add([]byte("\x1dv0\x00\x01\x00\x02\x00ab\x10\x05\x02\x1da\x0f\x1b@\x1d(H\x06\x0000abcdx"), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, after uint16) {
		plain, stopped := record(t, virtual.Options{}), record(t, virtual.Options{})
		plain.Write(b)
		stopped.Break(virtual.Fault{Kind: virtual.NearEnd, After: 1 << 29}) // byte by byte
		at := int(after) % (len(b) + 1)
		stopped.Write(b[:at])
		stopped.Write(b[at:])
		if plain.texts() != stopped.texts() || plain.heard() != stopped.heard() || plain.Pulses() != stopped.Pulses() || stopped.Buffered() != 0 {
			t.Fatalf("at once %q, byte by byte %q", plain.texts(), stopped.texts())
		}
		for i, p := range plain.Papers() {
			if !bytes.Equal(p.Bytes(), stopped.Papers()[i].Bytes()) {
				t.Fatalf("paper %d is of %q, byte by byte of %q", i, p.Bytes(), stopped.Papers()[i].Bytes())
			}
		}
		broken := record(t, virtual.Options{Faults: []virtual.Fault{{Kind: virtual.CoverOpen, After: at}}})
		broken.Write(b)
		broken.balance(t)
		broken.Mend()
		if broken.Lost() == 0 && broken.texts() != plain.texts() && len(b) < 4000 {
			t.Fatalf("after the cover was closed %q, want %q", broken.texts(), plain.texts())
		}
	})
}
