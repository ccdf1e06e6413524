package printer

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/escpos"
)

// FuzzReader: whatever a line brings, at whatever moment and in whatever pieces,
// is no proof from a printer that has given none, and nothing hangs.
//
// The script is pieces of two bytes and what follows them: when (milliseconds
// after the ticket was begun, or after its proof was asked for), how many bytes,
// the bytes. A process id can be forged by nothing. Of the fences, the script
// may not hold the very answer: the model's name, or the drawer's level and,
// from a printer that is off, a status.
func FuzzReader(f *testing.F) {
	f.Add(byte(0), []byte("\x00\x02\x00\x00"))
	f.Add(byte(1), []byte("\x01\x01\x00\x05\x03\x16\x12\x12"))
	f.Add(byte(2), []byte("\x00\x08\x00_TM-T88V\x02\x01\x00"))
	f.Add(byte(3), []byte("\x80\x04\x00\x14\x00\x00\x81\x03\x0f\x5f\x00"))
	f.Add(byte(4), []byte("\x00\x077\"aaaa\x00\xff\x047\"\x13\x34"))
	f.Add(byte(5), []byte("\x81\x04\x1c\x00\x0c\x0f\x82\x02\x11\x13"))
	f.Fuzz(func(t *testing.T, how byte, script []byte) {
		level, off := how/2%3, how%2 == 1
		if level == 1 && bytes.Contains(script, []byte("TM-T20II")) {
			t.Skip("that is the answer")
		}
		p := newPeer(plainFence)
		switch level {
		case 1:
			p.can = namedFence
		case 2:
			p.can = everything
		}
		begun(t, p, Options{Ask: everything}, func(t *testing.T, s *Session) {
			asked := false
			p.set(func(p *peer) {
				p.on = func(p *peer, e escpos.Event) bool {
					if e.Kind == escpos.StatusRequest {
						return asked && off
					}
					if !asked && (e.Kind == escpos.FenceRequest || e.Kind == escpos.ProcessIDRequest) {
						asked = true
						p.play(script, true, level == 0, off)
					}
					return true
				}
			})
			p.play(script, false, level == 0, off)
			began := time.Now()
			r := sent(t, s)
			if r.Proof != "" || r.Err == nil {
				t.Errorf("report %+v of a printer that has proven nothing", r)
			}
			if took := time.Since(began); took > DefaultTiming().Mend+tries*time.Minute {
				t.Errorf("it took %v", took)
			}
			time.Sleep(time.Second)
			synctest.Wait()
		})
	})
}

// play says what the script has for the time before the proof is asked for, or
// behind.
func (p *peer) play(script []byte, behind, plain, off bool) {
	at := time.Duration(0)
	for len(script) > 2 {
		when, n := script[0], min(int(script[1]), len(script)-2)
		piece := bytes.Clone(script[2 : 2+n])
		script = script[2+n:]
		if (when < 0x80) != behind {
			continue
		}
		for i, c := range piece {
			if plain && (c&0xf1 == 0x01 || off && c&0x93 == 0x12) {
				piece[i] = 0
			}
		}
		at += time.Duration(when&0x7f) * time.Duration(when&0x7f) * time.Millisecond
		time.AfterFunc(at, func() { p.say(piece) })
	}
}
