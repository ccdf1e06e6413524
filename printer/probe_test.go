package printer

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

func TestProbe(t *testing.T) {
	named := func(maker, model string, can profile.Answers) *peer {
		p := newPeer(can)
		p.on = func(p *peer, e escpos.Event) bool {
			if e.Kind != escpos.Identify || !can.Identity {
				return false
			}
			text := map[int]string{66: maker, 67: model, 68: "X3YB000001", 65: "1.00"}[e.N]
			go p.say(append(append([]byte("_"), text...), 0))
			return true
		}
		return p
	}
	blocked := newPeer(everything)
	blocked.says, blocked.held = out, true
	for _, tt := range []struct {
		name    string
		peer    *peer
		proof   Proof
		profile string
		sure    Certainty
		open    []Gap
	}{
		{"an Epson", named("EPSON", "TM-T88V", everything), Fence, "TM-T88V", Likely, []Gap{GapPaper}},
		{"a clone that says so", named("EPSON", "TM-T88V", namedFence), Fence, "TM-T88V", Claimed, []Gap{GapPaper}},
		{"one that nobody knows", named("ACME", "Q1", everything), Fence, "", "", []Gap{GapModel, GapPaper}},
		{"nameless", newPeer(plainFence), Fence, "", "", []Gap{GapIdentity, GapPaper}},
		{"without paper", blocked, Status, "", "", []Gap{GapBlocked, GapPaper}},
		{"deaf", newPeer(profile.Answers{}), Transport, "", "", []Gap{GapSilent}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				p := tt.peer
				p.conn = far
				var running sync.WaitGroup
				running.Go(p.run)
				f, err := Probe(t.Context(), near, AskAll())
				if err != nil {
					t.Fatal(err)
				}
				if f.Proof != tt.proof || f.Profile != tt.profile || f.Sure != tt.sure || !slices.Equal(f.Open, tt.open) {
					t.Errorf("found %+v", f)
				}
				if f.Known != (tt.name != "deaf") || f.Condition.PaperEnd != (tt.name == "without paper") {
					t.Errorf("condition %+v, known %v", f.Condition, f.Known)
				}
				if id, _ := escpos.ProcessID([4]byte{'a', 'b', 'c', 'd'}); bytes.Contains(p.bytes(), id[:3]) {
					t.Error("a process id was asked for on a claim")
				}
				// The line is left as it was: a session begins on it.
				s, err := Begin(t.Context(), near, Options{Ask: AskAll(), Resync: -1})
				if err != nil {
					t.Fatal(err)
				}
				near.Close()
				far.Close()
				s.Wait()
				running.Wait()
			})
		})
	}
}
