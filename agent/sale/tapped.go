package sale

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// Read makes a sale of a tapped receipt, or says in cause why there is none. It
// is what a Recorder would keep, but for what the store knows: whether it has
// the receipt already.
func Read(in *drivers.Receipt, source Source, now store.Moment) (s store.Sale, cause string) {
	if source.Location == nil {
		source.Location = time.UTC
	}
	r := Recorder{source: source}
	return r.readReceipt(in, now)
}

func (r *Recorder) readReceipt(in *drivers.Receipt, now store.Moment) (store.Sale, string) {
	if in.Cause != "" {
		return store.Sale{}, in.Cause
	}
	t := tallied(in, r.source.Currency)
	if t.cause != "" {
		return store.Sale{}, t.cause
	}
	s := t.sale
	s.Source = r.source.Name
	if s.PointOfSale == "" {
		s.PointOfSale = r.source.PointOfSale
	}
	s.ClosedAt, s.BusinessDate = r.when(record{Fields: map[string]string{"date": t.date, "time": t.time}}, now)
	return s, ""
}

// keepReceipt takes a receipt that a tap saw: a sale, an unread one, or one that
// is known already.
func (r *Recorder) keepReceipt(in *drivers.Receipt) error {
	err := r.store.Update(func(tx *store.Tx) error {
		m, err := r.load(tx)
		if err != nil {
			return err
		}
		m.Partial = nil
		if !in.NoSale {
			if err := r.takeReceipt(tx, &m, in); err != nil {
				return err
			}
		}
		return r.save(tx, m)
	})
	if err != nil {
		return fmt.Errorf("keep a receipt of %s: %w", r.source.Name, err)
	}
	r.partial, r.resumed = false, false
	return nil
}

func (r *Recorder) takeReceipt(tx *store.Tx, m *memory, in *drivers.Receipt) error {
	_, cause, err := r.record(tx, m, in, tx.Now())
	if err != nil || cause == "" {
		return err
	}
	raw, err := tx.PutRaw(in.Stream)
	if err != nil {
		return err
	}
	u := store.UnreadReceipt{
		Source: r.source.Name, At: tx.Now(), Cause: cause, Text: in.Text, Raw: raw,
		Final: in.Torn || len(in.Stream) == 0, State: store.Unread,
	}
	if err := tx.PutUnread(&u); err != nil {
		return err
	}
	m.Day.Unread++
	return tx.Log(store.Entry{Kind: "sale.unread", Subject: r.source.Name, Severity: store.Warning, Raw: raw,
		Text: fmt.Sprintf("%s: no se pudo leer un recibo: %s; véalo con mostrador tap unread show %d", r.source.Name, clean(cause), u.Seq)})
}

// record makes a sale of a receipt and keeps it, unless it is known already. It
// returns the sale's ID, or the cause why it is not read.
func (r *Recorder) record(tx *store.Tx, m *memory, in *drivers.Receipt, at store.Moment) (id, cause string, err error) {
	s, cause := r.readReceipt(in, at)
	if cause != "" {
		return "", cause, nil
	}
	s.RecordedAt = tx.Now()
	content := contentOf(&s)
	if s.Receipt == "" {
		return r.recordUnnumbered(tx, m, in, &s, content)
	}
	twin, cause, err := r.twinOf(tx, &s, content)
	switch {
	case err != nil || cause != "":
		return "", cause, err
	case twin != nil:
		return twin.ID, "", r.seenAgain(tx, &s, twin)
	case in.Copy:
		return "", "es copia de un recibo que no se vio antes", nil
	}
	m.Closed++
	s.SourceID = fmt.Sprintf("%s/%s/%s/%s", s.BusinessDate, s.PointOfSale, s.Receipt, content)
	_, err = r.put(tx, &s)
	return s.ID, "", err
}

// recordUnnumbered keeps a sale whose receipt bears no number. The same paper once
// more may be a copy as well as another guest.
func (r *Recorder) recordUnnumbered(tx *store.Tx, m *memory, in *drivers.Receipt, s *store.Sale, content string) (id, cause string, err error) {
	sum := sha256.Sum256([]byte(in.Text))
	paper := hex.EncodeToString(sum[:8])
	switch {
	case in.Copy:
		return "", "dice ser copia, y sin número no se sabe de qué recibo", nil
	case slices.Contains(m.Papers, paper):
		return "", "es igual a otro recibo: sin número no se sabe si es copia", nil
	}
	if m.Papers = append(m.Papers, paper); len(m.Papers) > maxPapers {
		m.Papers = m.Papers[1:]
	}
	m.Closed++
	s.SourceID = fmt.Sprintf("n/%d/%s", m.Closed, content)
	_, err = r.put(tx, s)
	return s.ID, "", err
}

// maxPapers is how many papers without a number are remembered.
const maxPapers = 200

// contentOf tells sales apart that bear the same number.
func contentOf(s *store.Sale) string {
	body, err := json.Marshal(struct {
		Lines    []store.SaleLine
		Payments []store.SalePayment
		Total    int64
		Tip      int64
	}{s.Lines, s.Payments, s.Total, s.Tip})
	if err != nil { // plain numbers and texts always have a form
		return "?"
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// How far back the same sale is looked for.
const (
	twinAge   = 48 * time.Hour
	twinSales = 5000
)

// twinOf finds the sale that a tapped one is seen once more of: its own, printed
// again, or that of another device at the same point of sale. The cause says why
// it may not be counted at all.
func (r *Recorder) twinOf(tx *store.Tx, s *store.Sale, content string) (twin *store.Sale, cause string, err error) {
	err = r.sameNumber(tx, s, func(kept *store.Sale) bool {
		switch {
		case kept.Source == s.Source && contentOf(kept) == content,
			kept.Source != s.Source && kept.Total == s.Total:
			twin, cause = kept, ""
			return false
		case kept.Source == s.Source:
			cause = fmt.Sprintf("el número %s ya lo tiene otro recibo del día, con otras líneas", s.Receipt)
		default:
			cause = fmt.Sprintf("%s dice otro total para el recibo %s", kept.Source, s.Receipt)
		}
		return true
	})
	return twin, cause, err
}

// sameNumber calls found with each sale of the same point of sale, day and
// number, the newest first, until it returns false.
func (r *Recorder) sameNumber(tx *store.Tx, s *store.Sale, found func(*store.Sale) bool) error {
	n := 0
	for kept, err := range tx.Sales() {
		if err != nil {
			return err
		}
		if n++; n > twinSales || s.RecordedAt.Wall.Sub(kept.RecordedAt.Wall) > twinAge {
			break
		}
		if kept.PointOfSale != s.PointOfSale || kept.BusinessDate != s.BusinessDate || !sameReceipt(kept.Receipt, s.Receipt) || isVoid(kept) {
			continue
		}
		if !found(kept) {
			break
		}
	}
	return nil
}

func isVoid(s *store.Sale) bool {
	return slices.ContainsFunc(s.Flags, func(f store.Flag) bool { return f.Code == "void" })
}

// sameReceipt compares two numbers as two devices may write them: 000123, 123,
// B001-000123.
func sameReceipt(a, b string) bool {
	if a == b {
		return true
	}
	prefixA, numberA, okA := numberOf(a)
	prefixB, numberB, okB := numberOf(b)
	sameSeries := prefixA == "" || prefixB == "" || strings.EqualFold(prefixA, prefixB)
	return okA && okB && numberA == numberB && sameSeries
}

// seenAgain tells that a sale is known.
func (r *Recorder) seenAgain(tx *store.Tx, s, twin *store.Sale) error {
	text := fmt.Sprintf("%s: el recibo %s se vio otra vez; cuenta una", r.source.Name, s.Receipt)
	if twin.Source != s.Source {
		text = fmt.Sprintf("%s: el recibo %s es la venta que ya dio %s; cuenta una", r.source.Name, s.Receipt, twin.Source)
	}
	return tx.Log(store.Entry{Kind: "sale.seen_again", Subject: twin.ID, Severity: store.Info, Text: text})
}

// Reread reads the unread receipts of this source once more, as their profile may
// have been taught meanwhile: read makes a receipt of the bytes of a paper. It
// returns how many are sales now.
func (r *Recorder) Reread(read func(stream []byte) drivers.Receipt) (sales int, err error) {
	var waiting []*store.UnreadReceipt
	err = r.store.View(func(tx *store.Tx) error {
		waiting = nil
		for u, err := range tx.UnreadReceipts() {
			if err != nil {
				return err
			}
			if u.Source == r.source.Name && u.State == store.Unread && !u.Final {
				waiting = append(waiting, u)
			}
		}
		return nil
	})
	slices.Reverse(waiting) // the oldest first
	for _, u := range waiting {
		if err != nil {
			break
		}
		var became bool
		became, err = r.reread(u, read)
		if became {
			sales++
		}
	}
	return sales, err
}

func (r *Recorder) reread(u *store.UnreadReceipt, read func([]byte) drivers.Receipt) (became bool, err error) {
	err = r.store.Update(func(tx *store.Tx) error {
		became = false
		raw, err := tx.Raw(u.Raw)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && raw.Length > len(raw.Body):
			return nil // there was no room for its bytes
		case err != nil:
			return err
		}
		in := read(raw.Body)
		m, err := r.load(tx)
		if err != nil {
			return err
		}
		next := *u
		if in.NoSale {
			next.State = store.UnreadDismissed
		} else if id, cause, err := r.record(tx, &m, &in, u.At); err != nil {
			return err
		} else if cause != "" {
			if next.Cause = cause; cause == u.Cause {
				return nil
			}
		} else {
			next.State, next.Sale, became = store.UnreadRead, id, true
		}
		return errors.Join(r.save(tx, m), tx.PutUnread(&next))
	})
	return became, err
}

// twinElsewhere finds the sale that another device at the same point of sale has
// told already.
func (r *Recorder) twinElsewhere(tx *store.Tx, s *store.Sale) (twin *store.Sale, err error) {
	if !r.source.Shared || s.Receipt == "" {
		return nil, nil
	}
	err = r.sameNumber(tx, s, func(kept *store.Sale) bool {
		if kept.Source != s.Source && kept.Total == s.Total {
			twin = kept
		}
		return twin == nil
	})
	return twin, err
}
