package printer

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

func TestAbilities(t *testing.T) {
	named := Abilities{Status: true, Fence: true, Firmware: "TM-T20II", Maker: "TM-T20II", Model: "TM-T20II", Serial: "TM-T20II"}
	all := named
	all.ProcessID, all.Auto = true, true
	for _, tt := range []struct {
		name     string
		can, ask profile.Answers
		want     Abilities
	}{
		{"all", everything, everything, all},
		{"nothing", profile.Answers{}, everything, Abilities{}},
		{"asked for nothing", everything, profile.Answers{}, Abilities{}},
		{"named", namedFence, everything, named},
		{"asked for fences", everything, plainFence, Abilities{Status: true, Fence: true}},
		{"status", onlyStatus, everything, Abilities{Status: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun(t, newPeer(tt.can), Options{Ask: tt.ask}, func(t *testing.T, s *Session) {
				if got := s.Abilities(); got != tt.want {
					t.Errorf("\n got %+v\nwant %+v", got, tt.want)
				}
			})
		})
	}
}

// Whatever is asked while a printer is met, it stays silent about what it does
// not know: a GS r, whose r could be printed, is for those that answered DLE
// EOT, and everything else for those that answered GS r.
func TestNothingIsAskedThatCouldPrint(t *testing.T) {
	for _, tt := range []struct {
		can  profile.Answers
		only []string
	}{
		{profile.Answers{}, []string{"\x10\x04\x01"}},
		{onlyStatus, []string{"\x10\x04\x01", "\x10\x04\x02", "\x10\x04\x03", "\x10\x04\x04", "\x1dr\x01"}},
	} {
		p := newPeer(tt.can)
		begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
			got := bytes.TrimLeft(p.bytes(), "\x00") // which only end what was cut off
			for _, ask := range tt.only {
				got = bytes.ReplaceAll(got, []byte(ask), nil)
			}
			if len(got) > 0 {
				t.Errorf("a printer that can %+v was sent % x", tt.can, got)
			}
		})
	}
}

// A printer that has answered before and is silent now is absent, not worse.
func TestSilentOneThatHasAnsweredBefore(t *testing.T) {
	for _, tt := range []struct {
		can   profile.Answers
		known Abilities
		want  error
	}{
		{profile.Answers{}, Abilities{Fence: true}, ErrSilent},
		{profile.Answers{}, Abilities{Status: true}, ErrSilent},
		{onlyStatus, Abilities{Status: true, Fence: true}, ErrSilent},
		{onlyStatus, Abilities{Status: true}, nil},
		{profile.Answers{}, Abilities{}, nil},
	} {
		talk(t, newPeer(tt.can), Options{Ask: everything, Known: tt.known, Resync: -1}, func(t *testing.T, _ *Session, err error) {
			if !errors.Is(err, tt.want) {
				t.Errorf("can %+v, known %+v: error %v, want %v", tt.can, tt.known, err, tt.want)
			}
		})
	}
}

// A printer that has proven its tickets, and of which only the first answer comes,
// is silent; one that never has can do no better.
func TestSilentOneThatHasProven(t *testing.T) {
	for _, tt := range []struct {
		numbers []byte
		proves  bool
		want    error
	}{
		{[]byte{1}, true, ErrSilent},
		{[]byte{1}, false, nil},
		{nil, true, nil},
	} {
		p := newPeer(onlyStatus)
		p.numbers = tt.numbers
		talk(t, p, Options{Ask: everything, Known: Abilities{Status: true}, Proves: tt.proves, Resync: -1}, func(t *testing.T, _ *Session, err error) {
			if !errors.Is(err, tt.want) {
				t.Errorf("answers %v, has proven %v: error %v, want %v", tt.numbers, tt.proves, err, tt.want)
			}
		})
	}
}

// One that is blocked when it is met is there; what stands in its buffer is
// asked when it is well, before its first ticket.
func TestMetWhileBlocked(t *testing.T) {
	known := Abilities{Status: true, Fence: true}
	for _, tt := range []struct {
		known           Abilities
		blocked, better Proof
	}{{Abilities{}, Status, ProcessID}, {known, Fence, ProcessID}} {
		p := newPeer(everything)
		p.says, p.held = out, true
		begun(t, p, Options{Ask: everything, Known: tt.known}, func(t *testing.T, s *Session) {
			if got := s.Proof(); got != tt.blocked || p.fences > 0 {
				t.Errorf("blocked, it promises %s after %d fences, want %s and none", got, p.fences, tt.blocked)
			}
			r := sent(t, s)
			var blocked *Blocked
			if !errors.As(r.Err, &blocked) || r.Sent != 0 || !blocked.Condition.PaperEnd {
				t.Errorf("report %+v", r)
			}
			p.set(func(p *peer) { p.says, p.held = well, false })
			if r := sent(t, s); r.Proof != tt.better || r.Err != nil {
				t.Errorf("with paper: %+v", r)
			}
		})
	}
}

// Answers that an earlier session left in the line, or that come only now, prove
// nothing and name nothing.
func TestPastIsDrained(t *testing.T) {
	p := newPeer(plainFence)
	first := true
	p.on = func(p *peer, e escpos.Event) bool {
		if e.Kind == escpos.StatusRequest && first {
			first = false
			go p.say([]byte("\x1e\x12\x00_TM-T88V\x00\x01\x007\"abcd\x00\x16"))
			return true
		}
		return false
	}
	var c told
	begun(t, p, Options{Ask: everything, OnCondition: c.hear}, func(t *testing.T, s *Session) {
		if got := s.Abilities(); got != (Abilities{Status: true, Fence: true}) {
			t.Errorf("found %+v", got)
		}
		if all, _ := c.heard(); len(all) != 1 || all[0].Blocked() {
			t.Errorf("conditions of the past were told: %+v", all)
		}
		p.set(func(p *peer) { p.held = true })
		if r := sent(t, s); r.Err == nil || r.Proof != "" {
			t.Errorf("report %+v: proven by an answer to another question", r)
		}
	})
}

// A line that never makes sense is said to.
func TestBabble(t *testing.T) {
	p := newPeer(plainFence)
	talking := true
	p.on = func(p *peer, e escpos.Event) bool {
		if talking {
			talking = false
			go func() {
				for range 200 {
					p.say([]byte{0x12, 0x00, 0xff})
					time.Sleep(20 * time.Millisecond)
				}
			}()
		}
		return true
	}
	talk(t, p, Options{Ask: everything, Resync: -1}, func(t *testing.T, _ *Session, err error) {
		if !errors.Is(err, ErrNoise) {
			t.Errorf("error %v, want %v", err, ErrNoise)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
	})
}

// After ESC @, which switches automatic status off, it is on again; and the
// bytes of the ticket are counted without what was put between them.
func TestAutoIsSwitchedOnAgain(t *testing.T) {
	p := newPeer(everything)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		before := len(p.bytes())
		if r := sent(t, s); r.Sent != len(ticket) || r.Err != nil {
			t.Fatalf("report %+v", r)
		}
		want := append(append([]byte("\x1b@"), autoOn()...), ticket[2:]...)
		if got := p.bytes()[before:]; !bytes.Contains(got, want) {
			t.Errorf("sent % .40x", got)
		}
	})
	for cut, want := range map[int]int{1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 3} {
		p := newPeer(everything)
		begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
			p.set(func(p *peer) { p.breakAfter = p.got.Len() + 12 + cut })
			if r := sent(t, s); r.Sent != want {
				t.Errorf("cut after %d bytes of the stream: %d of the ticket, want %d", cut, r.Sent, want)
			}
		})
	}
}
