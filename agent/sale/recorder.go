package sale

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// A Source says what a device's records do not.
type Source struct {
	// Name is where sales are heard, such as register/registradora.
	Name string
	// Currency (ISO 4217) of amounts.
	Currency string
	// PointOfSale of records that name none.
	PointOfSale string
	// Location of the device's dates and times; nil: UTC.
	Location *time.Location
	// DayStarts is when a business day begins after midnight, 0 to 24 h.
	DayStarts time.Duration
	// Shared: other devices of this terminal hear the same sales, at the same
	// PointOfSale.
	Shared bool
	// Reread reads the bytes of a tapped receipt by the present profile; nil for
	// a source that is no tap.
	Reread func(stream []byte) drivers.Receipt
}

// A Recorder makes sales of the records of one source. Everything that it knows
// between two records is in the store, so that a restart goes on where the last
// run was cut off. It is for one goroutine.
type Recorder struct {
	store  *store.Store
	source Source
	// resumed: the line was opened anew since the last record, so that the next
	// one may be a repetition of it.
	resumed bool
	// partial: the store holds a partial record.
	partial bool
	// idle: the store holds no report that has begun, so that a note says
	// nothing.
	idle bool
	// unread counts the pieces of garbage since the last record.
	unread int
	// rereadDone: the unread receipts were read again in this run.
	rereadDone bool
}

// NewRecorder returns the recorder of a source.
func NewRecorder(st *store.Store, source Source) *Recorder {
	if source.Location == nil {
		source.Location = time.UTC
	}
	return &Recorder{store: st, source: source}
}

// The bounds of a receipt's records, in number and in bytes of their fields. A
// longer one is closed, so that a device that never sends a total fills nothing
// and the rest of the receipt still has room in the store's cursor.
const (
	maxOpen      = 1000
	maxOpenBytes = 128 << 10
)

// memory is what the store keeps of a source between two records.
type memory struct {
	// Partial is what was heard of a record that has not ended.
	Partial []byte `json:"partial,omitempty"`
	// Open is the receipt that has no total yet.
	Open []record `json:"open,omitempty"`
	// Last is the receipt that was closed last.
	Last closed `json:"last"`
	// Closed counts the receipts that were closed.
	Closed uint64 `json:"closed"`
	// Report is the register's report that has begun and not ended.
	Report *report `json:"report,omitempty"`
	// Day is what was read since the last day report, and Torn what was read
	// before one that broke off: the register may have begun anew or not.
	Day  day  `json:"day"`
	Torn *day `json:"torn,omitempty"`
	// LastDay is the last day report that was read to its end.
	LastDay *seen `json:"last_day,omitempty"`
	// Papers are the last tapped receipts that bore no number.
	Papers []string `json:"papers,omitempty"`
}

// A record is a drivers.Record as it is kept until its receipt is closed.
type record struct {
	Fields map[string]string `json:"fields"`
	Hash   string            `json:"hash"`
	// Resumed: it was the first after the line was opened anew.
	Resumed bool `json:"resumed,omitempty"`
}

// closed is what is known of the last closed receipt.
type closed struct {
	Receipt string   `json:"receipt,omitempty"`
	Pos     string   `json:"pos,omitempty"`
	Hashes  []string `json:"hashes,omitempty"` // the last is the one that closed it
	Lines   int      `json:"lines,omitempty"`
	Seq     uint64   `json:"seq,omitempty"` // of the sale, 0 for none
}

func (r *Recorder) key() string { return "sale/" + r.source.Name }

func (r *Recorder) load(tx *store.Tx) (m memory, err error) {
	kept := tx.Cursor(r.key())
	if kept == nil {
		return m, nil
	}
	if err := json.Unmarshal(kept, &m); err != nil {
		return m, fmt.Errorf("the open receipt of %s cannot be read: %w", r.source.Name, err)
	}
	return m, nil
}

func (r *Recorder) save(tx *store.Tx, m memory) error {
	kept, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("keep the open receipt of %s: %w", r.source.Name, err)
	}
	return tx.SetCursor(r.key(), kept)
}

// Resume tells that the source is opened anew, and returns what was heard of a
// record that was not finished.
func (r *Recorder) Resume() (partial []byte, err error) {
	err = r.store.View(func(tx *store.Tx) error {
		m, err := r.load(tx)
		partial = m.Partial
		return err
	})
	r.resumed, r.partial = true, len(partial) > 0
	if err != nil || r.source.Reread == nil || r.rereadDone {
		return partial, err
	}
	r.rereadDone = true
	if _, err := r.Reread(r.source.Reread); !errors.Is(err, store.ErrFull) { // they stay unread until there is room
		return partial, err
	}
	return partial, nil
}

// Keep takes what a device said. When it returns nil, that is durable: the
// record in the open receipt, or the sale that it closed with its event. The
// error is store.ErrFull when there is no room: the device must then not be
// acknowledged, and the same thing be handed over again.
func (r *Recorder) Keep(h drivers.Heard) error {
	if h.Receipt != nil {
		return r.keepReceipt(h.Receipt)
	}
	if h.Garbage != nil {
		r.unread++
	}
	note := h.Record != nil && h.Record.Fields["kind"] == "note" && r.idle
	if (h.Record == nil || note) && len(h.Partial) == 0 && !r.partial {
		return nil // garbage or a note, and nothing that it takes the place of
	}
	var idle bool
	err := r.store.Update(func(tx *store.Tx) error {
		m, err := r.load(tx)
		if err != nil {
			return err
		}
		m.Partial = h.Partial
		if h.Record != nil {
			m.Day.Unread += r.unread
			if err := r.take(tx, &m, recordOf(h.Record, r.resumed)); err != nil {
				return err
			}
		}
		idle = m.Report == nil
		return r.save(tx, m)
	})
	if err != nil {
		return fmt.Errorf("keep what %s said: %w", r.source.Name, err)
	}
	r.partial = len(h.Partial) > 0
	if h.Record != nil {
		r.resumed, r.idle, r.unread = false, idle, 0
	}
	return nil
}

// take puts a record where it belongs.
func (r *Recorder) take(tx *store.Tx, m *memory, rec record) error {
	if taken, err := r.inJournal(tx, m, rec); taken || err != nil {
		return err
	}
	receipt := rec.Fields["receipt"]
	if len(m.Open) > 0 && receipt != "" && receiptOf(m.Open) != "" && receiptOf(m.Open) != receipt {
		// Another receipt begins although this one had no total.
		if err := r.close(tx, m, m.Open); err != nil {
			return err
		}
	}
	if len(m.Open) == 0 && repeatsClosed(m.Last, rec) {
		return nil
	}
	switch {
	case rec.kind() == "sale":
		return r.close(tx, m, []record{rec})
	case rec.kind() == "void" && rec.Fields["plu"] == "" && rec.Fields["name"] == "":
		return r.void(tx, m, rec)
	case rec.kind() == "total", len(m.Open)+1 >= maxOpen, sizeOf(m.Open)+sizeOf([]record{rec}) > maxOpenBytes:
		return r.close(tx, m, append(m.Open, rec))
	}
	m.Open = append(m.Open, rec)
	return nil
}

// repeatsClosed reports whether a record that begins a receipt is one that the
// device sends again of the receipt before, because our answer was lost.
func repeatsClosed(last closed, rec record) bool {
	if len(last.Hashes) == 0 {
		return false
	}
	numbered := rec.Fields["receipt"] != "" && rec.Fields["receipt"] == last.Receipt
	switch rec.kind() {
	case "sale":
		// A whole sale with its own number is itself; lines that each count as
		// a sale may well be equal.
		return numbered && rec.Hash == last.Hashes[len(last.Hashes)-1] && rec.Fields["plu"] == "" && rec.Fields["name"] == ""
	case "total":
		// Without a number only where totals have lines before them: two guests
		// may pay the same.
		return rec.Hash == last.Hashes[len(last.Hashes)-1] && (numbered || last.Lines > 0)
	}
	if !numbered {
		return false
	}
	for _, h := range last.Hashes {
		if h == rec.Hash {
			return true
		}
	}
	return false
}

// void takes back the whole open receipt, or the one that was closed last.
func (r *Recorder) void(tx *store.Tx, m *memory, rec record) error {
	number := clean(rec.Fields["receipt"])
	if len(m.Open) > 0 {
		m.Last = closed{Receipt: receiptOf(append(m.Open, rec)), Pos: rec.Fields["pos"], Hashes: hashes(append(m.Open, rec))}
		m.Open = nil
		return tx.Log(store.Entry{Kind: "sale.voided", Subject: r.source.Name, Severity: store.Info,
			Text: fmt.Sprintf("%s: recibo %s anulado antes de cerrarse", r.source.Name, orDash(m.Last.Receipt))})
	}
	if m.Last.Seq != 0 && (rec.Fields["receipt"] == "" || rec.Fields["receipt"] == m.Last.Receipt) {
		return r.reverse(tx, m, rec)
	}
	return tx.Log(store.Entry{Kind: "sale.void_unknown", Subject: r.source.Name, Severity: store.Warning,
		Text: fmt.Sprintf("%s: anuló el recibo %s, que no es el último; revíselo a mano", r.source.Name, orDash(number))})
}

// reverse records the voiding of the last closed receipt: the same sale with
// the signs turned.
func (r *Recorder) reverse(tx *store.Tx, m *memory, rec record) error {
	for kept, err := range tx.Sales() {
		if err != nil {
			return err
		}
		if kept.Seq != m.Last.Seq { // of another source where both heard the same sale
			if kept.Seq < m.Last.Seq {
				break
			}
			continue
		}
		s := *kept
		s.ID, s.Seq, s.RecordedAt = "", 0, tx.Now()
		s.SourceID += "/void"
		s.Total, s.Tip = -s.Total, -s.Tip
		for i := range s.Lines {
			s.Lines[i].Quantity = s.Lines[i].Quantity.Mul(store.Units(-1))
			s.Lines[i].Total = -s.Lines[i].Total
		}
		for i := range s.Payments {
			s.Payments[i].Amount = -s.Payments[i].Amount
		}
		at, _ := r.when(rec, tx.Now())
		s.ClosedAt = at
		s.Flags = []store.Flag{{Code: "void", Text: "anula el recibo " + s.Receipt}}
		m.Last.Seq = 0
		m.Last.Hashes = append(m.Last.Hashes, rec.Hash)
		added, err := r.put(tx, &s)
		if added {
			m.Day.add(&s)
		}
		return err
	}
	return nil
}

// put stores a sale with its event, unless it is known already.
func (r *Recorder) put(tx *store.Tx, s *store.Sale) (added bool, err error) {
	return tx.RecordSale(EventType, s)
}
