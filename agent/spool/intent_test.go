package spool

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A ticket that was begun while the store was held in memory, and that a crash
// made wait again, comes out marked; so it does when the channel has handed its
// order over anew. The printer is freed from the torn one first.
func TestBegunInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "s.db")
		st := openStore(t, path)
		comanda := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, "begun\n")
		receipt := queue(t, st, "cocina", store.ReceiptTicket, store.JobQueued, "asked\n")
		other := queue(t, st, "cocina", store.ComandaTicket, store.JobQueued, "untouched\n")
		for _, seq := range []uint64{comanda, receipt} {
			name := ""
			if err := st.View(func(tx *store.Tx) error {
				j, err := tx.Job(seq)
				if err == nil {
					name, err = intentOf(tx, j)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := st.NoteIntents(store.Intent{Name: name}, store.Intent{Name: tornIntent("cocina"), Detail: 60}); err != nil {
				t.Fatal(err)
			}
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}

		m := newMachine(t, "cocina", virtual.Options{})
		m.Write([]byte("half a tic\n\x1b*\x21\x10\x00")) // and 48 bytes of a picture that never came
		st = openStore(t, path)
		stop := run(t, newSpool(t, st, m))
		if j := awaitState(t, st, comanda, store.JobUnknown); len(j.Attempts) != 1 || j.Attempts[0].Outcome != store.OutcomeUnknown {
			t.Errorf("the ticket that was begun is %+v", j)
		}
		awaitState(t, st, receipt, store.JobUnknown)
		awaitState(t, st, other, store.JobPrinted)
		awaitState(t, st, other+1, store.JobPrinted) // the one copy, by policy
		stop()
		papers := text(m)
		if len(papers) != 3 || !strings.HasPrefix(papers[0], "halfatic") || !strings.Contains(papers[1], "untouched") ||
			!strings.Contains(papers[2], "begun") || !strings.Contains(papers[2], "POSIBLEDUPLICADO") {
			t.Errorf("papers: %q", papers)
		}
		for _, name := range []string{tornIntent("cocina"), "ticket/" + job(t, st, comanda).ID} {
			if _, ok := st.Intended(name); ok {
				t.Errorf("the intent %s is not forgotten", name)
			}
		}
	})
}

// The same ticket of an order has the same name when the order comes again, and
// no other ticket has it.
func TestIntentNames(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "s.db"))
	names := map[string]int{}
	order := func(nickname, id string) *store.Order {
		return &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: nickname, ChannelID: id}, Revision: 1}
	}
	for _, o := range []*store.Order{order("a", "1"), order("a", "2"), order("b", "1")} {
		_, err := st.UpdateVital(func(tx *store.Tx) error {
			if err := tx.PutOrder(o); err != nil {
				return err
			}
			for _, j := range []store.Job{{Kind: store.ReceiptTicket}, {Kind: store.ComandaTicket, Station: "x"}, {Kind: store.ComandaTicket, Station: "y"}} {
				for copy := 1; copy <= 2; copy++ {
					j.Order, j.Revision, j.Copy = o.Seq, o.Revision, copy
					for _, id := range []string{"first", "again"} {
						j.ID = id
						name, err := intentOf(tx, &j)
						if err != nil {
							return err
						}
						names[name]++
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) != 3*3*2 {
		t.Errorf("%d names: %v", len(names), names)
	}
	for name, n := range names {
		if n != 2 {
			t.Errorf("%s stands for %d tickets", name, n)
		}
	}
}

// Papers of one order that say nearly the same have names of their own, and the
// same ones when the order comes again after a crash, wherever they were moved.
func TestIntentNamesOfLikePapers(t *testing.T) {
	first, again := likeNames(t, 0), likeNames(t, 3)
	seen := map[string]int{}
	for i := range first {
		if first[i] != again[i] {
			t.Errorf("paper %d is %s, and then %s", i, first[i], again[i])
		}
		if other, ok := seen[first[i]]; ok {
			t.Errorf("papers %d and %d are both %s", other, i, first[i])
		}
		seen[first[i]] = i
	}
}

// likeNames are the names of such papers in a store that has had others before.
func likeNames(t *testing.T, others int) (names []string) {
	t.Helper()
	st := openStore(t, filepath.Join(t.TempDir(), "s.db"))
	put := func(tx *store.Tx, o *store.Order, j store.Job) *store.Job {
		j.Order, j.Revision, j.State = o.Seq, o.Revision, store.JobUnknown
		if j.Copy == 0 {
			j.Copy = 1
		}
		if j.Printer == "" {
			j.Printer, j.MeantFor = "cocina", "cocina"
		}
		if err := tx.PutJob(&j); err != nil {
			t.Error(err)
		}
		return &j
	}
	sp := newSpool(t, st, newMachine(t, "cocina", virtual.Options{}))
	if _, err := st.UpdateVital(func(tx *store.Tx) error {
		for range others {
			o := &store.Order{Key: store.OrderKey{ChannelID: "other"}, Revision: 1}
			o.Key.Nickname = string(rune('a' + len(names)))
			names = append(names, "")
			if err := tx.PutOrder(o); err != nil {
				return err
			}
			put(tx, o, store.Job{Kind: store.ComandaTicket})
		}
		o := &store.Order{Key: store.OrderKey{ChannelID: "1"}, Revision: 1}
		if err := tx.PutOrder(o); err != nil {
			return err
		}
		one := put(tx, o, store.Job{Kind: store.ComandaTicket, Station: "x"})
		two := put(tx, o, store.Job{Kind: store.ComandaTicket, Station: "x", Copy: 2})
		all := []*store.Job{one, two}
		copied := func(j *store.Job) *store.Job {
			c := put(tx, o, *markedCopy(j, tx.Now()))
			all = append(all, c)
			return c
		}
		copied(copied(one)) // a copy of a copy
		copied(one)         // and another, by hand
		copied(two)
		for _, j := range []*store.Job{one, two, one} {
			copies, err := copiesOf(tx, j)
			if err != nil {
				return err
			}
			all = append(all, put(tx, o, *sp.reprintOf(j, copies, "Ana", tx.Now())))
		}
		void := store.Job{Kind: store.VoidTicket, Station: "x", Printer: "cocina", MeantFor: "cocina", Follows: one.Seq}
		all = append(all, put(tx, o, void))
		void.Printer, void.Follows = "bar", two.Seq
		if others > 0 {
			void.Printer, void.Via = "caja", []string{"bar"} // moved meanwhile
		}
		all = append(all, put(tx, o, void))
		for _, number := range []string{"F-1", "F-2"} {
			all = append(all, put(tx, o, store.Job{Kind: store.InvoiceTicket, Invoice: &store.Invoice{Number: number}}))
		}
		names = nil
		for _, j := range all {
			name, err := intentOf(tx, j)
			if err != nil {
				return err
			}
			names = append(names, name)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return names
}
