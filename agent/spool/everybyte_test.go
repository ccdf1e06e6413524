//go:build linux

package spool

import (
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"mostrador/store"
)

// everyByteSeed is that of the pairs of cuts, the only thing that is left to
// chance.
const everyByteSeed = 3

// TestEveryByte cuts the process, the line and the power at the bytes of a
// conversation that prints three tickets, at those of the printer's answers, and
// at the commits; and holds the records against the papers. Under
// MOSTRADOR_PROOF=1 it cuts at every one, and writes the table of
// docs/printing.md.
func TestEveryByte(t *testing.T) {
	if spec := os.Getenv(doomedEnv); spec != "" {
		runDoomed(t, spec)
		return
	}
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	render, err := everyByteRenderer()
	if err != nil {
		t.Fatal(err)
	}
	proof := os.Getenv("MOSTRADOR_PROOF") != ""
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // many short lives
	start, where := time.Now(), circumstances(t)
	var rows []row
	for n, l := range levels() {
		c := cutter{level: l, stride: 29, salt: n}
		if proof {
			c.stride = 1
		}
		rows = append(rows, c.rows(t, render)...)
	}
	recordEveryByte(t, rows, proof, where, time.Since(start))
}

// rows are all cuts of a level: processes are killed meanwhile, for they mostly
// wait.
func (c *cutter) rows(t *testing.T, render *renderer) []row {
	rows := []row{{level: c.level, action: killed}}
	shops := newShopGround(t, render, c.level)
	var killing sync.WaitGroup
	killing.Go(func() { rows[0].tally = c.sparser(10, 0).kills(t, shops) }) // a process takes longer
	defer killing.Wait()
	g := newGround(t, render, c.level)
	var others []row
	actions := []action{unplugged, lineBuffer, switchedOff, blackout, blackouts}
	for n, do := range actions {
		// They take turns at the offsets.
		others = append(others, row{c.level, do, c.sparser(len(actions), n*c.stride).cuts(t, g, do)})
	}
	others = append(others, row{c.level, twice, c.pairs(t, g)})
	killing.Wait()
	return append(rows, others...)
}

// What is in the table beside the actions of one cut.
const (
	killed action = "process killed"
	twice  action = "two of the cuts below the first, by chance"
)

// A row is what all cuts of one action came to at one level.
type row struct {
	level  level
	action action
	tally  tally
}

// A cutter makes the cuts of one level.
type cutter struct {
	level        level
	stride, salt int
}

// sparser is the cutter with so many times its stride, which begins later,
// unless it cuts everywhere.
func (c *cutter) sparser(times, later int) *cutter {
	sparse := *c
	if c.stride > 1 {
		sparse.stride *= times
		sparse.salt += later
	}
	return &sparse
}

// offsets are the numbers up to n of which every one is cut at, or each
// stride-th and the last.
func (c *cutter) offsets(n int) (all []int) {
	for i := range n + 1 {
		if (i+c.salt)%c.stride == 0 || i == n {
			all = append(all, i)
		}
	}
	return all
}

// places are the cuts of one action: at bytes and at answers by stride, at each
// end of a write, and at each commit.
func (c *cutter) places(do action, length count) (cuts []cut) {
	for _, n := range c.offsets(length.Out) {
		cuts = append(cuts, cut{do, beforeOut, n})
	}
	if do == lineBuffer {
		return cuts // which breaks where the printer is
	}
	for i, n := range length.Ends {
		if c.stride == 1 || (i+c.salt)%(c.stride/5) == 0 {
			cuts = append(cuts, cut{do, behindOut, n})
		}
	}
	for _, n := range c.offsets(length.In) {
		cuts = append(cuts, cut{do, beforeIn, n})
	}
	for n := 1; n <= length.Commits; n++ {
		cuts = append(cuts, cut{do, beforeCommit, n}, cut{do, behindCommit, n})
	}
	return cuts
}

// inParallel runs each case, so many at a time, and adds up what they come to.
func inParallel(at, cases int, one func(n int) tally) (sum tally) {
	var mu sync.Mutex
	var workers sync.WaitGroup
	next := 0
	take := func(v tally) (n int, more bool) {
		mu.Lock()
		defer mu.Unlock()
		sum.add(v)
		next++
		return next - 1, next <= cases
	}
	for range at {
		workers.Go(func() {
			for n, more := take(tally{}); more; n, more = take(one(n)) {
			}
		})
	}
	workers.Wait()
	return sum
}

// kills kills a process at each place. Most of their time is waiting.
func (c *cutter) kills(t *testing.T, g *ground) tally {
	cuts := c.places(killed, g.length)
	at := 32
	if c.level.proof == store.ProofStatus {
		at = 96 // each of its tickets takes more than two seconds
	}
	return inParallel(at, len(cuts), func(n int) tally {
		v, story, err := g.kill(t, cuts[n])
		if err != nil {
			t.Errorf("%s, %v: %v", c.level.name, cuts[n], err)
		}
		if story != "" {
			t.Error(story)
		}
		return v
	})
}

// cuts makes one cut at each place, in synthetic time.
func (c *cutter) cuts(t *testing.T, g *ground, do action) tally {
	cuts := c.places(do, g.length)
	return inParallel(runtime.GOMAXPROCS(0), len(cuts), func(n int) tally {
		v, story := g.try(t, nil, cuts[n])
		if story != "" {
			t.Error(story)
		}
		return v
	})
}

// pairs makes two cuts by chance, one after the other.
func (c *cutter) pairs(t *testing.T, g *ground) tally {
	random := rand.New(rand.NewPCG(everyByteSeed, uint64(c.salt)))
	var pairs [][]cut
	for range 1000 / c.stride {
		pairs = append(pairs, []cut{c.random(random, g.length), c.random(random, g.length)})
	}
	return inParallel(runtime.GOMAXPROCS(0), len(pairs), func(n int) tally {
		v, story := g.try(t, nil, pairs[n]...)
		if story != "" {
			t.Error(story)
		}
		return v
	})
}

func (c *cutter) random(random *rand.Rand, length count) cut {
	do := []action{unplugged, switchedOff, blackout, blackouts}[random.IntN(4)]
	switch random.IntN(4) {
	case 0:
		return cut{do, beforeIn, random.IntN(length.In + 1)}
	case 1:
		return cut{do, []place{beforeCommit, behindCommit}[random.IntN(2)], 1 + random.IntN(length.Commits)}
	}
	return cut{do, beforeOut, random.IntN(length.Out + 1)}
}

// The judge sees what it is there for: spoolers that are wrong fail.
func TestEveryByteFails(t *testing.T) {
	render, err := everyByteRenderer()
	if err != nil {
		t.Fatal(err)
	}
	g := newGround(t, render, levels()[0])
	for _, tt := range []struct {
		name  string
		spoil func(path string) error
		saw   func(tally) int
	}{
		{"a disk that has not kept what it was told to", func(path string) error { return copyFile(g.template, path) },
			func(v tally) int { return v.Doubles }},
		{"what was under way is sent again", underWay(func(j *store.Job) { j.State, j.Attempts = store.JobQueued, nil }),
			func(v tally) int { return v.Doubles }},
		{"what was under way is called printed", underWay(func(j *store.Job) {
			j.State, j.Attempts[0].Proof = store.JobPrinted, store.ProofProcessID
		}), func(v tally) int { return min(v.False, v.Lost, v.Disagree) }},
		{"what was under way is forgotten", underWay(func(j *store.Job) { j.State, j.Attempts = store.JobPrinted, nil }),
			func(v tally) int { return min(v.Lost, v.Disagree) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var v tally
			for n := 0; n <= g.length.Out && tt.saw(v) == 0; n += 31 {
				o, _ := g.try(t, tt.spoil, cut{blackout, beforeOut, n})
				v.add(o)
				o, _ = g.try(t, tt.spoil, cut{blackouts, beforeOut, n})
				v.add(o)
			}
			if tt.saw(v) == 0 {
				t.Errorf("nobody noticed: %+v", v)
			}
		})
	}
}

// underWay alters the jobs that a store holds as sending.
func underWay(alter func(*store.Job)) func(path string) error {
	return func(path string) error {
		st, err := everyByteStore(path, nil, nil)
		if err != nil {
			return err
		}
		_, err = st.UpdateVital(func(tx *store.Tx) error {
			var found []*store.Job
			for j, err := range tx.JobsIn(store.JobSending) {
				if err != nil {
					return err
				}
				found = append(found, j)
			}
			for _, j := range found {
				alter(j)
				if err := tx.PutJob(j); err != nil {
					return err
				}
			}
			return nil
		})
		if closed := st.Close(); err == nil {
			err = closed
		}
		return err
	}
}
