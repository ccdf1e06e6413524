package device

import (
	"time"

	"mostrador/agent/order"
	"mostrador/drivers"
	"mostrador/store"
)

// A Scan is a code that a scanner read, and what it did.
type Scan struct {
	order.Scanned
	Code string `json:"code"`
	// Symbology of the code, such as ean or qr, where the scanner tells it.
	Symbology string       `json:"symbology,omitempty"`
	At        store.Moment `json:"at"`
}

// Orders is what scanned codes are asked of; order.Intake is one.
type Orders interface {
	Scan(scanner, code string, rule order.ScanRule) (order.Scanned, error)
}

// Codes is the Keeper of a scanner: each code is followed before its scanner is
// answered.
type Codes struct {
	scanner string
	rule    order.ScanRule
	orders  Orders

	last Scan // only the listening goroutine's
}

var _ Answerer = (*Codes)(nil)

// NewCodes follows the codes of the scanner of that name by a rule.
func NewCodes(scanner string, rule order.ScanRule, orders Orders) *Codes {
	return &Codes{scanner: scanner, rule: rule, orders: orders}
}

// Resume is as Keeper has it: half a code is none.
func (c *Codes) Resume() ([]byte, error) { return nil, nil }

// Keep does what a code says.
func (c *Codes) Keep(h drivers.Heard) error {
	if h.Record == nil {
		return nil
	}
	code := h.Record.Fields["code"]
	did, err := c.orders.Scan(c.scanner, code, c.rule)
	if err != nil {
		return err
	}
	c.last = Scan{Scanned: did, Code: code, Symbology: h.Record.Fields["symbology"]}
	return nil
}

// Good says whether the last code was of use.
func (c *Codes) Good() bool { return c.last.Good() }

// answerFor is how long the answer to a code stands on a display.
const answerFor = 4 * time.Second

// answer tells the person in front of a device what came of what they did.
func (l *line) answer(port drivers.Port, h drivers.Heard) {
	judge, ok := l.Keeper.(Answerer)
	if !ok {
		return
	}
	good := h.Record != nil && judge.Good()
	if codes, ok := judge.(*Codes); ok && h.Record != nil {
		scan := codes.last
		scan.At = l.store.Clock().Now()
		l.alter(func(s *Status) { s.Scan = &scan })
		if l.answers != nil {
			l.answers.say(answerRows(scan), answerFor)
		}
	}
	if signaller, ok := l.Device.(drivers.Signaller); ok {
		if err := signaller.Signal(port, good); err != nil {
			l.log.Warn("the answer to a code was not signalled", "error", err)
		}
	}
}

// answerRows is what a display says of a code.
func answerRows(s Scan) []drivers.Line {
	words := map[order.ScanOutcome]string{
		order.ScanReady: "LISTO", order.ScanDispatched: "DESPACHADO", order.ScanAgain: "YA ESTABA",
		order.ScanStale: "PAPEL REEMPLAZADO", order.ScanRefused: "NO ENTREGAR", order.ScanUnknown: "CÓDIGO DESCONOCIDO",
		order.ScanTest: "LECTURA CORRECTA",
	}
	left := s.Code
	if s.Number != "" {
		left = "#" + s.Number
	}
	rows := []drivers.Line{{Left: left, Right: clipped(s.Station, boardColumns/2)}, {Left: words[s.Outcome]}}
	if s.Outcome == order.ScanReady && len(s.Missing) > 0 {
		rows[1].Right = clipped("falta "+s.Missing[0], boardColumns-len("LISTO "))
		if len(s.Missing) > 1 {
			rows[1].Right = clipped("faltan "+joined(s.Missing), boardColumns-len("LISTO "))
		}
	}
	return rows
}
