package sale

import (
	"fmt"
	"slices"

	"mostrador/store"
)

// A journal takes several lines for one receipt: a head, items, what it comes
// to, payments, and in some layouts a foot. A receipt is closed by its foot; by
// its last payment where its head has numbered it; or by the next head.

// inJournal takes a record of a journal. It says false for the kinds that stand
// for themselves.
func (r *Recorder) inJournal(tx *store.Tx, m *memory, rec record) (taken bool, err error) {
	switch kind := rec.kind(); kind {
	case "open", "unread":
		return true, r.open(tx, m, rec)
	case "end":
		if m.Report != nil {
			if err := r.endReport(tx, m, nil); err != nil {
				return true, err
			}
		}
		m.Open = append(m.Open, rec)
		return true, r.finish(tx, m, true)
	case "day", "read":
		return true, r.report(tx, m, rec)
	default:
		if m.Report != nil {
			return true, r.figure(tx, m, rec)
		}
		switch kind {
		case "cancel":
			if len(m.Open) > 0 {
				return true, r.void(tx, m, rec)
			}
		case "times", "discount", "tax", "subtotal", "due", "change", "correct":
			return true, r.add(tx, m, rec)
		case "item", "payment":
			if len(m.Open) > 0 && m.Open[0].kind() == "open" {
				return true, r.add(tx, m, rec)
			}
			return false, nil
		case "note", "gross", "net", "tender", "figure", "done":
		default:
			return false, nil
		}
	}
	return true, nil
}

// add puts a record into the open receipt, and closes one that is paid.
func (r *Recorder) add(tx *store.Tx, m *memory, rec record) error {
	m.Open = append(m.Open, rec)
	if len(m.Open) >= maxOpen || sizeOf(m.Open) > maxOpenBytes || r.settled(m.Open) {
		return r.finish(tx, m, true)
	}
	return nil
}

// settled reports whether a receipt that its head has numbered is paid, and the
// change given.
func (r *Recorder) settled(rs []record) bool {
	last := rs[len(rs)-1].kind()
	if receiptOf(rs) == "" || rs[0].kind() != "open" || last != "payment" && last != "change" && last != "correct" {
		return false
	}
	b := r.sum(rs)
	if len(b.sale.Payments) == 0 {
		return false
	}
	return b.due && b.paid() == b.total || !b.due && b.paid() == b.sum
}

// open begins a receipt, or goes on with the head of one.
func (r *Recorder) open(tx *store.Tx, m *memory, rec record) error {
	if m.Report != nil {
		if err := r.breakReport(tx, m); err != nil {
			return err
		}
	}
	if !continuesHead(m.Open, rec) {
		if err := r.finish(tx, m, true); err != nil {
			return err
		}
	}
	m.Open = append(m.Open, rec)
	return nil
}

// continuesHead reports whether a line of a head belongs to the head before it.
func continuesHead(open []record, rec record) bool {
	for _, before := range open {
		if before.kind() != "open" && before.kind() != "unread" {
			return false
		}
		for name := range rec.Fields {
			if name != "kind" && before.Fields[name] != "" {
				return false
			}
		}
	}
	return true
}

// finish closes the open receipt. What is no sale, such as an opened drawer or a
// report, only has its number noted. In a journal, a line with no receipt around
// it is no sale either: it is a text, or what is left of a receipt.
func (r *Recorder) finish(tx *store.Tx, m *memory, journal bool) error {
	rs := m.Open
	m.Open = nil
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(rs, func(rec record) bool { return slices.Contains(kinds, rec.kind()) })
	}
	entered := has("item", "void", "discount", "due")
	switch {
	case entered && has("unread"):
		m.Day.Loose++
		m.Last = closed{Receipt: receiptOf(rs), Pos: r.posOf(rs)}
		return tx.Log(store.Entry{Kind: "sale.not_read", Subject: r.source.Name, Severity: store.Warning,
			Text: fmt.Sprintf("%s: el recibo %s es de un modo que este formato no lee; revíselo a mano", r.source.Name, orDash(clean(receiptOf(rs))))})
	case entered && (!journal || has("open", "end", "due", "payment") || receiptOf(rs) != ""):
		return r.close(tx, m, rs)
	case entered:
		m.Day.Loose++
	case receiptOf(rs) != "":
		m.Last = closed{Receipt: receiptOf(rs), Pos: r.posOf(rs)}
	}
	return nil
}

// posOf is the point of sale of a receipt's records.
func (r *Recorder) posOf(rs []record) string {
	if pos := clean(firstOf(rs, "pos")); pos != "" {
		return pos
	}
	return r.source.PointOfSale
}

// before is the entry that a correction takes back.
func before(rs []record, i int) (record, bool) {
	for i--; i >= 0; i-- {
		switch rs[i].kind() {
		case "item", "discount", "payment":
			return rs[i], true
		case "open", "unread", "correct":
			return record{}, false
		}
	}
	return record{}, false
}
