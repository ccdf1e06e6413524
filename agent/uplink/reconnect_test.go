package uplink

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// TestFleetComesBack lets ten thousand terminals lose their broker at one moment
// and come back by the pauses that the uplink makes, and counts how many do in
// each second. Under make matrix the figures go into docs/uplink.md.
func TestFleetComesBack(t *testing.T) {
	const terminals = 10_000
	text := fmt.Sprintf("%d terminals lose their broker in one moment.\n\n", terminals) +
		"| the broker | logins in the busiest second | tries in it, refused ones too | 99 of 100 are back after | all are |\n|---|---|---|---|---|\n"
	for _, c := range []struct {
		name  string
		away  time.Duration
		takes int // logins that it takes in a second, 0 for any number
		most  int // in one second
	}{
		{"is back at once", 0, 0, 2_800},
		{"is away for 10 s", 10 * time.Second, 0, 2_000},
		{"is away for 10 minutes", 10 * time.Minute, 0, 420},
		{"is back at once, and takes 200 logins a second", 0, 200, 200},
	} {
		r := comeBack(terminals, c.away, c.takes)
		if r.busiest > c.most || len(r.back) != terminals {
			t.Errorf("%s: %d come back in one second, %d in all", c.name, r.busiest, len(r.back))
		}
		text += fmt.Sprintf("| %s | %d | %d | %d s | %d s |\n", c.name, r.busiest, r.tries,
			int(r.back[terminals*99/100].Seconds())+1, int(r.back[terminals-1].Seconds())+1)
	}
	t.Log("\n" + text)
	if os.Getenv("MOSTRADOR_PROOF") != "" && !t.Failed() {
		uplinktest.WriteBlock(t, "uplink.md", "reconnect", text)
	}
}

// A comeback is how a fleet came back: when each did, after the broker was back.
type comeback struct {
	back           []time.Duration
	busiest, tries int // most in one second: logins, and tries since the broker is back
}

// comeBack has each terminal try after the pauses of its own until the broker is
// back and has not taken as many in that second as it does.
func comeBack(terminals int, away time.Duration, takes int) (r comeback) {
	type till struct {
		backoff
		due time.Duration
	}
	tills := make([]*till, terminals)
	for i := range tills {
		tills[i] = &till{backoff: backoff{min: time.Second, max: time.Minute}}
		tills[i].due = tills[i].next()
	}
	for second := time.Duration(0); len(tills) > 0; second += time.Second {
		slices.SortFunc(tills, func(a, b *till) int { return int(a.due - b.due) })
		logins, tries := 0, 0
		tills = slices.DeleteFunc(tills, func(x *till) bool {
			for x.due < second+time.Second {
				up := x.due >= away
				if up {
					tries++
				}
				if up && (takes == 0 || logins < takes) {
					logins++
					r.back = append(r.back, x.due-away)
					return true
				}
				x.due += x.next()
			}
			return false
		})
		r.busiest, r.tries = max(r.busiest, logins), max(r.tries, tries)
	}
	return r
}
