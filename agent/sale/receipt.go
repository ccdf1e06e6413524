package sale

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mostrador/drivers"
	"mostrador/store"
)

func recordOf(d *drivers.Record, resumed bool) record {
	sum := sha256.Sum256(d.Raw)
	return record{Fields: maps.Clone(d.Fields), Hash: hex.EncodeToString(sum[:8]), Resumed: resumed}
}

func (rec record) kind() string { return rec.Fields["kind"] }

func receiptOf(rs []record) string { return firstOf(rs, "receipt") }

// firstOf returns the first value of a field in a receipt's records.
func firstOf(rs []record, field string) string {
	for _, rec := range rs {
		if v := rec.Fields[field]; v != "" {
			return v
		}
	}
	return ""
}

// lastOf returns the last value of a field in a receipt's records.
func lastOf(rs []record, field string) string {
	for i := len(rs) - 1; i >= 0; i-- {
		if v := rs[i].Fields[field]; v != "" {
			return v
		}
	}
	return ""
}

// sizeOf is how many bytes the fields of records have.
func sizeOf(rs []record) (n int) {
	for _, rec := range rs {
		for name, value := range rec.Fields {
			n += len(name) + len(value)
		}
	}
	return n
}

func hashes(rs []record) []string {
	out := make([]string, 0, len(rs))
	for _, rec := range rs {
		out = append(out, rec.Hash)
	}
	return out
}

// close makes a sale of a receipt's records. Where they hold no total, the sum
// of the lines is one, and the sale says so.
func (r *Recorder) close(tx *store.Tx, m *memory, rs []record) error {
	b := r.read(rs)
	s := &b.sale
	s.RecordedAt = tx.Now()
	at, day := r.when(record{Fields: map[string]string{"date": lastOf(rs, "date"), "time": lastOf(rs, "time")}}, tx.Now())
	s.ClosedAt, s.BusinessDate = at, day
	m.Closed++
	s.SourceID = r.sourceID(s, rs, m.Closed)
	warning := gap(m.Last, s)
	twin, err := r.twinElsewhere(tx, s)
	if err != nil {
		return err
	}
	if twin != nil {
		m.Day.add(s)
		m.Last = closed{Receipt: receiptOf(rs), Pos: s.PointOfSale, Hashes: hashes(rs), Lines: len(s.Lines), Seq: twin.Seq}
		m.Open = nil
		return r.seenAgain(tx, s, twin)
	}
	added, err := r.put(tx, s)
	if err != nil {
		return err
	}
	if added {
		m.Day.add(s)
		if warning != "" {
			m.Day.Gaps++
		}
	}
	if added && warning != "" {
		err = tx.Log(store.Entry{Kind: "sale.gap", Subject: r.source.Name, Severity: store.Warning,
			Text: fmt.Sprintf("%s: %s", r.source.Name, warning)})
	}
	if err == nil && added && len(s.Flags) > 0 {
		err = tx.Log(store.Entry{Kind: "sale.odd", Subject: s.ID, Severity: store.Warning,
			Text: fmt.Sprintf("%s, recibo %s: %s", r.source.Name, orDash(s.Receipt), flagWords(s.Flags))})
	}
	m.Last = closed{Receipt: receiptOf(rs), Pos: s.PointOfSale, Hashes: hashes(rs), Lines: len(s.Lines), Seq: s.Seq}
	m.Open = nil
	return err
}

// sourceID names a receipt: by its number, the day and what it holds, so that
// the same receipt heard twice is one sale, and a number that is used again is
// another. A receipt without a number is the n-th that this source closed.
func (r *Recorder) sourceID(s *store.Sale, rs []record, n uint64) string {
	if s.Receipt == "" || isLine(rs) {
		return fmt.Sprintf("n/%d", n)
	}
	sum := sha256.New()
	for _, h := range hashes(rs) {
		sum.Write([]byte(h))
	}
	return fmt.Sprintf("%s/%s/%s/%s", s.BusinessDate, s.PointOfSale, s.Receipt, hex.EncodeToString(sum.Sum(nil)[:4]))
}

// isLine reports whether this is one line of a receipt that the format knows
// only as a sale of its own.
func isLine(rs []record) bool {
	return len(rs) == 1 && rs[0].kind() == "sale" && (rs[0].Fields["plu"] != "" || rs[0].Fields["name"] != "")
}

// when is the moment that a record names in the source's location, and the
// business day that it belongs to. Where it names no date, it is now; a date
// without a time is that business day.
func (r *Recorder) when(rec record, now store.Moment) (at time.Time, day string) {
	date, clock := rec.Fields["date"], rec.Fields["time"]
	local := now.Wall.In(r.source.Location)
	if date == "" && clock != "" {
		date = local.Format(time.DateOnly)
	}
	if at, err := time.ParseInLocation(time.DateTime, date+" "+clock, r.source.Location); err == nil {
		if rec.Fields["date"] == "" && at.Sub(local) > time.Hour {
			at = at.AddDate(0, 0, -1) // a time of before midnight that came after it
		}
		return at.UTC(), r.businessDate(at)
	}
	if at, err := time.ParseInLocation(time.DateOnly, date, r.source.Location); err == nil {
		if local.Format(time.DateOnly) == date {
			return now.Wall.UTC(), date
		}
		return at.Add(12 * time.Hour).UTC(), date
	}
	return now.Wall.UTC(), r.businessDate(local)
}

func (r *Recorder) businessDate(local time.Time) string {
	return local.Add(-r.source.DayStarts).Format(time.DateOnly)
}

// gap says which receipt numbers are missing between the last receipt and s.
// A smaller number is a register that counts anew.
func gap(last closed, s *store.Sale) string {
	prefix, before, ok := numberOf(last.Receipt)
	prefix2, n, ok2 := numberOf(s.Receipt)
	if !ok || !ok2 || prefix != prefix2 || last.Pos != s.PointOfSale || n <= before+1 {
		return ""
	}
	if n == before+2 {
		return fmt.Sprintf("falta el recibo %s%d", clean(prefix), n-1)
	}
	return fmt.Sprintf("faltan los recibos %s%d a %d", clean(prefix), before+1, n-1)
}

// numberOf splits a receipt number into what stands before its last digits, and
// those.
func numberOf(receipt string) (prefix string, n uint64, ok bool) {
	i := len(receipt)
	for i > 0 && receipt[i-1] >= '0' && receipt[i-1] <= '9' {
		i--
	}
	n, err := strconv.ParseUint(receipt[i:], 10, 64)
	return receipt[:i], n, err == nil
}

func flagWords(flags []store.Flag) string {
	var words []string
	for _, f := range flags {
		words = append(words, f.Text)
	}
	return strings.Join(words, "; ")
}

func orDash(s string) string {
	if s == "" {
		return "sin número"
	}
	return s
}

// clean makes one line of text that can only be read of what a device sent.
func clean(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
	const most = 200
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most-1]) + "…"
	}
	return strings.TrimSpace(s)
}
