//go:build linux

package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A ground is what the cases of one level start from.
type ground struct {
	level  level
	render *renderer
	dir    string
	// plant makes a template.
	plant  func(path string) error
	ref    reference
	length count // of an undisturbed run

	mu       sync.Mutex
	template string
	planted  time.Time // in real time
}

// tend makes a new template in time: the age of tickets counts from this
// machine's start, also in synthetic time, and late ones print otherwise.
func (g *ground) tend(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.planted) < 20*time.Second {
		return
	}
	g.planted = time.Now()
	template := filepath.Join(g.dir, fmt.Sprintf("template-%d", g.planted.UnixNano()))
	if err := g.plant(template); err != nil {
		t.Errorf("seed a store: %v", err)
		return
	}
	g.template = template
}

// newGround seeds a store and prints it undisturbed, in synthetic time.
func newGround(t *testing.T, render *renderer, l level) *ground {
	t.Helper()
	g := &ground{level: l, render: render, dir: memoryDir(t)}
	g.plant = func(path string) (err error) {
		synctest.Test(t, func(*testing.T) { err = seed(path, nil) })
		return err
	}
	g.tend(t)
	synctest.Test(t, func(t *testing.T) {
		b, end := newBooth(t, g, g.fresh(t), newTrigger())
		defer end()
		r, err := b.run(nil)
		if err != nil {
			t.Fatal(err)
		}
		g.length = b.trigger.counts()
		if g.ref, err = newReference(b.machine.Papers()); err != nil {
			t.Fatal(err)
		}
		v, err := judge(r.st, b.machine.Papers(), g.ref, l.proof)
		if want := (tally{Cases: 1, Printed: 3}); err != nil || v != want {
			t.Errorf("an undisturbed run: %+v, %v, want %+v", v, err, want)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// fresh is a copy of the template in a folder of its own.
func (g *ground) fresh(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(g.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "db")
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := copyFile(g.template, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// A cut is one thing that happens in synthetic time.
type cut struct {
	do action
	at place
	n  int
}

func (c cut) String() string { return fmt.Sprintf("%s, %s, %d", c.do, c.at, c.n) }

// try makes cuts, one after the other, and counts what came of them, with the
// story of a case that went wrong. Where none of the cuts came it counts nothing.
func (g *ground) try(t *testing.T, spoil func(string) error, cuts ...cut) (v tally, story string) {
	g.tend(t)
	synctest.Test(t, func(t *testing.T) {
		path := g.fresh(t)
		defer os.RemoveAll(filepath.Dir(path))
		trigger := newTrigger()
		b, end := newBooth(t, g, path, trigger)
		defer end()
		for _, c := range cuts {
			if c.do == lineBuffer { // counted where the line ends
				b.lagging = true
				b.machine.Break(virtual.Fault{Kind: virtual.Unplug, After: c.n, For: unpluggedFor})
				continue
			}
			trigger.steps = append(trigger.steps, step{c.at, c.n, b.does(c.do)})
		}
		r, err := b.run(spoil)
		if err != nil {
			t.Errorf("%s, %v: %v", g.level.name, cuts, err)
		}
		if r == nil {
			return
		}
		if trigger.fired > 0 || b.lagging {
			if v, err = judge(r.st, b.machine.Papers(), g.ref, g.level.proof); err != nil {
				t.Errorf("%s, %v: %v", g.level.name, cuts, err)
			}
		}
		if v.faults() > 0 {
			story = fmt.Sprintf("%s, %v: %+v%s", g.level.name, cuts, v, tell(r.st, b.machine))
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
	return v, story
}

// tell shows records and papers of a case that went wrong.
func tell(st *store.Store, m *virtual.Printer) (text string) {
	jobs, _, err := recordsOf(st)
	if err != nil {
		return err.Error()
	}
	for _, j := range jobs {
		text += fmt.Sprintf("\nticket %d (copy of %d): %s, %s, %s, %v", j.Seq, j.CopyOf, j.Kind, j.State, j.Proof(), j.Marks)
		for _, a := range j.Attempts {
			text += fmt.Sprintf("\n  %s, %d of %d bytes: %s", a.Outcome, a.Sent, a.Bytes, a.Cause)
		}
	}
	for _, p := range m.Papers() {
		text += "\n---\n" + p.Text()
	}
	return text
}
