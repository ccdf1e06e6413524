package printer

import (
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/escpos"
)

// said is what the peer says some time after a proof was asked for.
type said struct {
	after time.Duration
	bytes string
}

// What a line brings in the place of a proof, from a printer that answers no
// proof by itself: held for good. switchedOff: it answers no status either.
func TestNoise(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		can  []string
		off  bool
		says []said
	}{
		{"a NUL", nil, false, []said{{0, "\x00"}}},
		{"a NUL at switching off", nil, true, []said{{0, "\x00"}}},
		{"two NULs at switching off", nil, true, []said{{0, "\x00\x00"}}},
		{"a NUL at switching off, another at switching on", nil, false, []said{{100 * ms, "\x00"}, {3 * time.Second, "\x00"}}},
		{"a NUL too many", nil, false, []said{{0, "\x00\x00\x00"}}},
		{"a NUL, other noise and a NUL", nil, true, []said{{0, "\x00\xff\xfe\x00\x00"}}},
		{"two NULs while it prints", []string{"plain"}, false, []said{{0, "\x00"}, {100 * ms, "\x00"}}},
		{"another's id", []string{"process"}, false, []said{{0, "7\"abcd\x00"}, {ms, "7\"0000\x00"}}},
		{"another's name", []string{"named"}, false, []said{{0, "\x00_TM-T88V\x00"}}},
		{"half a name", []string{"named"}, false, []said{{0, "\x00_TM-T2"}, {ms, "\x00"}}},
		{"a name before the fence", []string{"named"}, false, []said{{0, "_TM-T20II\x00"}}},
		{"automatic status", nil, false, []said{{0, "\x14\x00\x00\x0f"}, {ms, "\x14\x00"}}},
		{"flow control", nil, false, []said{{0, "\x13\x11\x13\x11"}}},
		{"a status more", nil, false, []said{{0, "\x16\x12\x12\x12\x12"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, level := range []string{"plain", "plain, with a drawer that it does not tell", "named", "process"} {
				if tt.can != nil && tt.can[0] != level {
					continue
				}
				p := newPeer(plainFence)
				switch level {
				case "plain, with a drawer that it does not tell":
					p.says[0] = 0x12 // low, where GS r 2 says high
				case "named":
					p.can = namedFence
				case "process":
					p.can = processID
				}
				begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
					asked := false
					p.set(func(p *peer) {
						p.on = func(p *peer, e escpos.Event) bool {
							if e.Kind == escpos.StatusRequest {
								return asked && tt.off
							}
							if !asked && (e.Kind == escpos.FenceRequest || e.Kind == escpos.ProcessIDRequest) {
								asked = true
								for _, said := range tt.says {
									time.AfterFunc(said.after, func() { p.say([]byte(said.bytes)) })
								}
							}
							return true
						}
					})
					if r := sent(t, s); r.Err == nil || r.Proof != "" || r.Sent != len(ticket) {
						t.Errorf("%s: report %+v", level, r)
					}
					synctest.Wait()
				})
			}
		})
	}
}

// A printer that answers is believed in the end, whatever stands around its
// answer.
func TestNoiseAroundAProof(t *testing.T) {
	for _, noise := range []string{"\x00", "\xff", "\x14\x00\x00\x0f", "\x34\x00\x00\x0f", "\x13", "\x16", "_TM", "7\"ab", "\x00\x00\x00"} {
		for _, where := range []string{"before", "inside", "behind"} {
			for name, p := range map[string]*peer{"plain": newPeer(plainFence), "named": newPeer(namedFence), "process": newPeer(processID)} {
				begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
					once := true
					p.set(func(p *peer) {
						p.on = func(p *peer, e escpos.Event) bool {
							last := e.Kind == escpos.ProcessIDRequest || e.Kind == escpos.Identify || e.Kind == escpos.FenceRequest && e.N == 2
							if !once || !last {
								return false
							}
							once, p.on = false, nil
							answer := string(p.answer(e))
							half := len(answer) / 2
							switch where {
							case "before":
								answer = noise + answer
							case "inside":
								answer = answer[:half] + noise + answer[half:]
							case "behind":
								answer += noise
							}
							go p.say([]byte(answer))
							return true
						}
					})
					began := time.Now()
					r := sent(t, s)
					if r.Err != nil || r.Proof == "" || time.Since(began) > DefaultTiming().Paper/2 {
						t.Errorf("%s, %q %s the answer: after %v %+v", name, noise, where, time.Since(began), r)
					}
				})
			}
		}
	}
}

// An id that comes back damaged is asked for again, and either of them will do.
func TestAnyIDOfTheTicket(t *testing.T) {
	p := newPeer(processID)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		first := []byte(nil)
		p.set(func(p *peer) {
			p.on = func(p *peer, e escpos.Event) bool {
				if e.Kind != escpos.ProcessIDRequest {
					return false
				}
				if first == nil {
					first = e.Raw
					go p.say([]byte("7\"??"))
					return true
				}
				go p.say(append(append([]byte("7\""), first...), 0))
				return true
			}
		})
		if r := sent(t, s); r.Err != nil || r.Proof != ProcessID {
			t.Errorf("report %+v", r)
		}
	})
}

// Ids of one session differ, and so do those of the next.
func TestFreshIDs(t *testing.T) {
	seen := map[[4]byte]bool{}
	for range 3 {
		s := newSession(nil, Options{})
		for range 1000 {
			id := s.nextID()
			if seen[id] {
				t.Fatalf("id %q twice", id)
			}
			seen[id] = true
			if _, err := escpos.ProcessID(id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A fence that is answered twice for one ticket is not the next ticket's.
func TestAnswerTooManyProvesNothing(t *testing.T) {
	p := newPeer(plainFence)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		p.set(func(p *peer) {
			p.on = func(p *peer, e escpos.Event) bool {
				if e.Kind == escpos.StatusRequest && e.N == 4 && p.fences > 3 {
					p.on = nil
					time.AfterFunc(5*time.Millisecond, func() { p.say([]byte{0, 1}) })
				}
				return false
			}
		})
		if r := sent(t, s); r.Proof != Fence {
			t.Fatalf("report %+v", r)
		}
		time.Sleep(time.Second)
		p.set(func(p *peer) { p.held = true })
		if r := sent(t, s); r.Err == nil || r.Proof != "" {
			t.Errorf("report %+v: proven by an answer to another question", r)
		}
	})
}
