package spool

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A ticket whose making panics ends as one that cannot be printed; the agent
// and its other printers live on.
func TestPanicInTheMaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		bad := queue(t, st, "cocina", store.TestTicket, store.JobQueued, "")
		sp := newSpool(t, st, newMachine(t, "cocina", virtual.Options{}))
		sp.render = &renderer{} // without what it renders with
		run(t, sp)
		if j := awaitState(t, st, bad, store.JobNotPrinted); !strings.Contains(j.Cause, "fallo interno") {
			t.Errorf("it ended because of %q", j.Cause)
		}
	})
}

// A printer that opens and takes nothing is tried for a whole night: the job
// counts that and does not grow, and is not marked for it.
func TestManyAttemptsThatSendNothing(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	seq := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, "lomo\n=")
	sp := newSpool(t, st)
	attempt := func(a store.Attempt) {
		t.Helper()
		if _, ok, err := sp.begin(job(t, st, seq), "cocina", 100, 0); !ok || err != nil {
			t.Fatalf("begin: %v, %v", ok, err)
		}
		if err := sp.finish(seq, a); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		attempt(store.Attempt{Outcome: store.OutcomeNotPrinted, Cause: "sin papel"})
	}
	if j := job(t, st, seq); j.State != store.JobQueued || len(j.Attempts) != 1 || j.Tries() != 100 {
		t.Errorf("%s, %d attempts listed, %d counted", j.State, len(j.Attempts), j.Tries())
	}
	attempt(store.Attempt{Outcome: store.OutcomePrinted, Proof: store.ProofTransport})
	if j := job(t, st, seq); j.State != store.JobPrinted || len(j.Attempts) != 2 || j.Tries() != 101 || len(j.Marks) != 0 {
		t.Errorf("%s with %v, %d attempts listed, %d counted", j.State, j.Marks, len(j.Attempts), j.Tries())
	}
}

// A ticket that is cut off in the middle of a command's data leaves a printer
// that takes what comes next for the rest of it. The copy is whole all the same.
func TestLineCutInTheMiddleOfACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		m := newMachine(t, "cocina", virtual.Options{})
		m.cutsNext(200)
		code := strings.Repeat("mostrador", 60)
		seq := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, "arriba\n{code: "+code+"; option: qrcode, 3, L}\nlomo saltado\n=")
		run(t, newSpool(t, st, m))
		if a := awaitState(t, st, seq, store.JobUnknown).Attempts[0]; a.Block < len(code) {
			t.Errorf("the longest block of the ticket is noted as %d bytes", a.Block)
		}
		awaitState(t, st, seq+1, store.JobPrinted)
		await(t, st, "the torn paper and the copy", func() bool { return len(m.Papers()) == 2 })
		if got := text(m)[1]; !strings.Contains(got, "POSIBLEDUPLICADO") || !strings.Contains(got, code) || !strings.Contains(got, "lomosaltado") {
			t.Errorf("the copy is %q", got)
		}
	})
}
