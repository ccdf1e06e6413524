package printer

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status [4]byte
		asb    []byte
		want   Condition
	}{
		{"well, drawer closed", [4]byte{0x16, 0x12, 0x12, 0x12}, []byte{0x14, 0, 0, 0x0f}, Condition{Drawer: true}},
		{"well, drawer pin low", [4]byte{0x12, 0x12, 0x12, 0x12}, []byte{0x10, 0, 0, 0x0f}, Condition{}},
		{"near end", [4]byte{0x12, 0x12, 0x12, 0x1e}, []byte{0x10, 0, 0x03, 0}, Condition{NearEnd: true}},
		{"paper end", [4]byte{0x1a, 0x32, 0x12, 0x7e}, []byte{0x18, 0, 0x0f, 0}, Condition{Offline: true, PaperEnd: true, NearEnd: true}},
		{"cover", [4]byte{0x1a, 0x16, 0x12, 0x12}, []byte{0x38, 0, 0, 0}, Condition{Offline: true, Cover: true}},
		{"cutter", [4]byte{0x3a, 0x52, 0x1a, 0x12}, []byte{0x18, 0x09, 0, 0}, Condition{Offline: true, Cutter: true}},
		{"beyond repair", [4]byte{0x1a, 0x52, 0x32, 0x12}, []byte{0x18, 0x20, 0, 0}, Condition{Offline: true, Error: true}},
		{"head too hot", [4]byte{0x1a, 0x52, 0x52, 0x12}, []byte{0x18, 0x40, 0, 0}, Condition{Offline: true, Error: true}},
		{"taken offline at its panel", [4]byte{0x3e, 0x12, 0x12, 0x12}, []byte{0x1c, 0x01, 0, 0x0f}, Condition{Offline: true, Drawer: true}},
		{"waits for its button only", [4]byte{0x32, 0x12, 0x12, 0x12}, []byte{0x10, 0x01, 0, 0x0f}, Condition{Offline: true}},
		{"error that waits for its button", [4]byte{0x3a, 0x52, 0x16, 0x12}, []byte{0x18, 0x05, 0, 0}, Condition{Offline: true, Error: true}},
		{"fed by its button", [4]byte{0x1a, 0x1a, 0x12, 0x12}, []byte{0x58, 0, 0, 0}, Condition{Offline: true}},
	} {
		if got := ofStatus(tt.status); got != tt.want {
			t.Errorf("%s, by DLE EOT: %+v, want %+v", tt.name, got, tt.want)
		}
		if got := ofASB(tt.asb); got != tt.want {
			t.Errorf("%s, by ASB: %+v, want %+v", tt.name, got, tt.want)
		}
		if blocked := tt.want.Blocked(); blocked != tt.want.Offline {
			t.Errorf("%s: blocked %v", tt.name, blocked)
		}
	}
}

// Each change is known within five seconds, at whatever moment it comes: told by
// the printer at once, or found by asking.
func TestChangesAreToldInTime(t *testing.T) {
	ends := Condition{Offline: true, PaperEnd: true, NearEnd: false, Drawer: true}
	for _, can := range []profile.Answers{everything, plainFence, onlyStatus} {
		for wait := 100 * time.Millisecond; wait < 6*time.Second; wait += 300 * time.Millisecond {
			var c told
			p := newPeer(can)
			begun(t, p, Options{Ask: everything, OnCondition: c.hear}, func(t *testing.T, s *Session) {
				if all, _ := c.heard(); !slices.Equal(all, []Condition{{Drawer: true}}) {
					t.Fatalf("met with %+v", all)
				}
				time.Sleep(wait)
				c.mark()
				p.set(func(p *peer) { p.says = out })
				limit := 5 * time.Second
				if can.Auto {
					limit = 0
					go p.say([]byte{0x1c, 0, 0x0c, 0x0f})
				}
				time.Sleep(6 * time.Second)
				synctest.Wait()
				all, after := c.heard()
				// A look in the middle of which it happens tells a part, the next the rest.
				if len(all) == 0 || len(all) > 2 || all[len(all)-1] != ends || after[len(all)-1] > limit {
					t.Errorf("can %+v, after %v: %+v after %v", can, wait, all, after)
				}
			})
		}
	}
}

// A printer that was switched off behind a line that is not is noticed within
// five seconds, whatever it can.
func TestSwitchedOff(t *testing.T) {
	for _, can := range []profile.Answers{everything, plainFence, onlyStatus} {
		for wait := 50 * time.Millisecond; wait < 6*time.Second; wait += 250 * time.Millisecond {
			p := newPeer(can)
			begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
				time.Sleep(wait)
				p.set(func(p *peer) { p.can = profile.Answers{} })
				off := time.Now()
				<-s.Dead()
				if took := time.Since(off); took > 5*time.Second || !errors.Is(s.Cause(), ErrSilent) {
					t.Errorf("can %+v, after %v: noticed after %v: %v", can, wait, took, s.Cause())
				}
			})
		}
	}
}

// An idle printer costs little.
func TestIdleCost(t *testing.T) {
	p := newPeer(everything)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		before := len(p.bytes())
		time.Sleep(time.Hour)
		synctest.Wait()
		looks := (len(p.bytes()) - before) / 12
		if want := int(time.Hour / DefaultTiming().Poll); looks > want {
			t.Errorf("%d looks an hour, want %d", looks, want)
		}
		if s.alive.Err() != nil {
			t.Error(s.Cause())
		}
	})
}

// One unanswered look is no silence, and what comes late is not taken for the
// answer to the next one.
func TestOneLookIsMissed(t *testing.T) {
	var c told
	p := newPeer(plainFence)
	begun(t, p, Options{Ask: everything, OnCondition: c.hear}, func(t *testing.T, s *Session) {
		c.mark()
		asked := 0
		p.set(func(p *peer) {
			p.on = func(_ *peer, e escpos.Event) bool {
				if e.N == 3 {
					asked++
				}
				return e.N == 3 && asked%2 == 1
			}
		})
		time.Sleep(time.Minute)
		if all, _ := c.heard(); len(all) > 0 || s.alive.Err() != nil {
			t.Errorf("heard %+v, ended with %v", all, s.Cause())
		}
	})
}

// A blocked printer is sent nothing, in whichever way.
func TestBlockedIsSentNothing(t *testing.T) {
	for _, can := range []profile.Answers{everything, plainFence, onlyStatus} {
		p := newPeer(can)
		begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
			for _, says := range [][4]byte{out, {0x1e, 0x16, 0x12, 0x12}, {0x1e, 0x52, 0x1a, 0x12}, {0x1e, 0x12, 0x12, 0x12}} {
				p.set(func(p *peer) { p.says = says })
				before := len(p.bytes())
				r := sent(t, s)
				var blocked *Blocked
				if !errors.As(r.Err, &blocked) || r.Sent != 0 || blocked.Condition != ofStatus(says) {
					t.Errorf("%x: %+v", says, r)
				}
				if after := len(p.bytes()); after-before != 12 {
					t.Errorf("%d bytes were sent", after-before)
				}
			}
			p.set(func(p *peer) { p.says = well })
			if r := sent(t, s); r.Err != nil {
				t.Errorf("well again: %+v", r)
			}
		})
	}
}

// A printer without paper in the middle of a ticket is waited for while it says
// so, and then confirms what it had in its buffer; its time is not the ticket's.
func TestMended(t *testing.T) {
	for _, tt := range []struct {
		can  profile.Answers
		want Proof
	}{{everything, ProcessID}, {namedFence, Fence}, {plainFence, Fence}} {
		var c told
		p := newPeer(tt.can)
		begun(t, p, Options{Ask: everything, OnCondition: c.hear}, func(t *testing.T, s *Session) {
			p.set(func(p *peer) { p.held = true })
			time.AfterFunc(2*time.Second, func() {
				c.mark()
				p.set(func(p *peer) { p.says = out })
			})
			time.AfterFunc(9*time.Minute, func() {
				p.set(func(p *peer) { p.says = well })
				p.resume()
			})
			r := sent(t, s)
			if r.Err != nil || r.Proof != tt.want {
				t.Errorf("report %+v", r)
			}
			if all, after := c.heard(); len(all) == 0 || !all[0].PaperEnd || after[0] > 5*time.Second {
				t.Errorf("told %+v after %v", all, after)
			}
		})
	}
}

// Past Mend it is unknown. By status alone it is unknown at once.
func TestNotMended(t *testing.T) {
	for _, tt := range []struct {
		can  profile.Answers
		want time.Duration
	}{{everything, DefaultTiming().Mend}, {plainFence, DefaultTiming().Mend}, {onlyStatus, 0}} {
		p := newPeer(tt.can)
		begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
			p.set(func(p *peer) { p.held = true })
			time.AfterFunc(time.Second, func() { p.set(func(p *peer) { p.says = out }) })
			began := time.Now()
			r := sent(t, s)
			var blocked *Blocked
			if !errors.As(r.Err, &blocked) || r.Sent != len(ticket) || !blocked.Condition.PaperEnd {
				t.Errorf("report %+v", r)
			}
			if took := time.Since(began); took < tt.want || took > tt.want+4*time.Second {
				t.Errorf("can %+v: unknown after %v", tt.can, took)
			}
		})
	}
}

// A fault that came and went between two looks is a fault.
func TestFaultBetweenLooks(t *testing.T) {
	p := newPeer(onlyStatus)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		time.AfterFunc(1100*time.Millisecond, func() { p.say([]byte{0x1c, 0, 0x0c, 0x0f}) })
		time.AfterFunc(1200*time.Millisecond, func() { p.say([]byte{0x14, 0, 0, 0x0f}) })
		r := sent(t, s)
		var blocked *Blocked
		if !errors.As(r.Err, &blocked) || r.Sent != len(ticket) {
			t.Errorf("report %+v", r)
		}
	})
}

// One that was blocked and is then switched off says nothing any more, so it is
// not waited for as one that does.
func TestSwitchedOffWhileBlocked(t *testing.T) {
	p := newPeer(plainFence)
	begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
		p.set(func(p *peer) { p.held = true })
		time.AfterFunc(2*time.Second, func() { p.set(func(p *peer) { p.says = out }) })
		time.AfterFunc(20*time.Second, func() { p.set(func(p *peer) { p.can = profile.Answers{} }) })
		began := time.Now()
		r := sent(t, s)
		if took := time.Since(began); !errors.Is(r.Err, ErrSilent) || r.Sent == 0 || took > time.Minute {
			t.Errorf("after %v %+v", took, r)
		}
	})
}

// A line that stands still in the middle is told in time, and is a doubt unless
// the printer has said why.
func TestStandsStill(t *testing.T) {
	for _, tt := range []struct {
		name  string
		can   profile.Answers
		pause time.Duration
		says  []byte
		want  error
	}{
		{"for a moment", plainFence, 2 * time.Second, nil, nil},
		{"for long, without a word", plainFence, 6 * time.Second, nil, ErrDoubt},
		{"for long, without paper", everything, 5 * time.Minute, []byte{0x1c, 0, 0x0c, 0x0f}, nil},
		{"for longer than it is waited for", everything, 11 * time.Minute, []byte{0x1c, 0, 0x0c, 0x0f}, ErrStuck},
		{"for good", plainFence, time.Hour, nil, ErrStuck},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c told
			p := newPeer(tt.can)
			begun(t, p, Options{Ask: everything, OnCondition: c.hear}, func(t *testing.T, s *Session) {
				release := make(chan struct{})
				p.set(func(p *peer) { p.release, p.stopAfter = release, p.got.Len()+600 })
				if tt.says != nil {
					time.AfterFunc(time.Second, func() { p.say(tt.says) })
				}
				time.AfterFunc(tt.pause, func() {
					if tt.says != nil {
						p.say([]byte{0x14, 0, 0, 0x0f})
					}
					close(release)
				})
				c.mark()
				r := sent(t, s)
				if !errors.Is(r.Err, tt.want) || (r.Proof != "") != (tt.want == nil) {
					t.Errorf("report %+v, want %v", r, tt.want)
				}
				all, after := c.heard()
				if tt.pause > 5*time.Second && (len(all) == 0 || !all[0].Offline || after[0] > 5*time.Second) {
					t.Errorf("told %+v after %v", all, after)
				}
				<-release
			})
		})
	}
}
