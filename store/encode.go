package store

import (
	"encoding"
	"encoding/json"
	"strconv"
)

// Sales and events are what a busy terminal writes most, many to a transaction
// whose leader encodes them all. encoding/json takes 10 µs for the two, which is
// more than bbolt takes to keep them, so they are written out here, byte by byte
// as encoding/json would (a test holds them to that).

// object writes the members of a JSON object one after the other.
type object struct {
	b   []byte
	err error
}

func (o *object) name(name string) {
	if c := o.b[len(o.b)-1]; c != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) text(name, s string) {
	o.name(name)
	o.b = appendString(o.b, s)
}

// some is text unless s is empty.
func (o *object) some(name, s string) {
	if s != "" {
		o.text(name, s)
	}
}

func (o *object) integer(name string, n int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) number(name string, n uint64) {
	o.name(name)
	o.b = strconv.AppendUint(o.b, n, 10)
}

// plain writes what has a text that needs no escapes: a time, a quantity.
func plain[T encoding.TextAppender](o *object, name string, t T) {
	o.name(name)
	o.b = append(o.b, '"')
	var err error
	if o.b, err = t.AppendText(o.b); err != nil && o.err == nil {
		o.err = err
	}
	o.b = append(o.b, '"')
}

// list writes an array of objects.
func list[T any](o *object, name string, items []T, write func(*object, *T)) {
	o.name(name)
	if items == nil {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = append(o.b, '[')
	for i := range items {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(o.b, '{')
		write(o, &items[i])
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, ']')
}

// appendString writes a JSON string. What is not plain ASCII is left to
// encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			escaped, _ := json.Marshal(s) // a string can always be encoded
			return append(b, escaped...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendEvent(b []byte, e *Event) ([]byte, error) {
	o := object{b: append(b, '{')}
	o.number("position", e.Position)
	o.text("stream", string(e.Stream))
	o.text("id", e.ID)
	o.text("source", e.Source)
	o.text("type", e.Type)
	o.text("epoch", e.Epoch)
	o.number("sequence", e.Sequence)
	plain(&o, "time", e.Time)
	o.name("data")
	o.b = append(o.b, e.Data...)
	return append(o.b, '}'), o.err
}

func appendSale(b []byte, s *Sale) ([]byte, error) {
	o := object{b: append(b, '{')}
	o.text("id", s.ID)
	o.number("seq", s.Seq)
	o.text("source", s.Source)
	o.text("source_id", s.SourceID)
	o.text("receipt", s.Receipt)
	o.some("point_of_sale", s.PointOfSale)
	o.text("business_date", s.BusinessDate)
	plain(&o, "closed_at", s.ClosedAt)
	o.text("currency", s.Currency)
	list(&o, "lines", s.Lines, writeSaleLine)
	if len(s.Payments) > 0 {
		list(&o, "payments", s.Payments, func(o *object, p *SalePayment) {
			o.text("method", p.Method)
			o.integer("amount", p.Amount)
		})
	}
	o.integer("total", s.Total)
	if s.Tip != 0 {
		o.integer("tip", s.Tip)
	}
	o.some("order_ref", s.OrderRef)
	if len(s.Flags) > 0 {
		list(&o, "flags", s.Flags, func(o *object, f *Flag) {
			o.text("code", f.Code)
			o.text("text", f.Text)
		})
	}
	o.name("recorded_at")
	o.b = append(o.b, '{')
	plain(&o, "wall", s.RecordedAt.Wall)
	o.text("boot", s.RecordedAt.Boot)
	o.integer("uptime_ns", int64(s.RecordedAt.Uptime))
	o.name("synced")
	o.b = strconv.AppendBool(o.b, s.RecordedAt.Synced)
	return append(o.b, '}', '}'), o.err
}

func writeSaleLine(o *object, l *SaleLine) {
	o.some("external_id", l.ExternalID)
	o.text("name", l.Name)
	plain(o, "quantity", l.Quantity)
	o.integer("unit", l.Unit)
	o.integer("total", l.Total)
	if len(l.Modifiers) > 0 {
		list(o, "modifiers", l.Modifiers, writeModifier)
	}
}

func writeModifier(o *object, m *Modifier) {
	o.some("external_id", m.ExternalID)
	o.some("id", m.ID)
	o.some("group", m.Group)
	o.text("name", m.Name)
	plain(o, "quantity", m.Quantity)
	o.integer("price", m.Price)
	if len(m.Modifiers) > 0 {
		list(o, "modifiers", m.Modifiers, writeModifier)
	}
}
