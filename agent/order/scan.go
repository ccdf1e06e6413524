package order

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"mostrador/store"
)

// What scanning the code of a paper does to its order.
const (
	MarksReady      = "ready"
	MarksDispatched = "dispatched"
	MarksNothing    = "off" // it is only shown
)

// A ScanRule says what the code of each kind of paper does: ready, dispatched
// or off. On a comanda, ready is that of its station.
type ScanRule struct {
	Comanda, Slip, Receipt string
}

// A Scanned is what came of a code.
type Scanned struct {
	Outcome ScanOutcome `json:"outcome"`
	// OrderID and Number of the order that the code belongs to; Station of a
	// comanda's, and Missing the stations that are not ready yet.
	OrderID string   `json:"order,omitempty"`
	Number  string   `json:"order_number,omitempty"`
	Station string   `json:"station,omitempty"`
	Missing []string `json:"missing,omitempty"`
	// Text for people.
	Text string `json:"text"`
}

// maxScanned is how long a code may be, in bytes; scanners' drivers let no longer
// one through.
const maxScanned = 4 * 4096

// A ScanOutcome is what a code did.
type ScanOutcome string

// The outcomes.
const (
	ScanReady      ScanOutcome = "ready"      // the station's share, or the order
	ScanDispatched ScanOutcome = "dispatched" //
	ScanAgain      ScanOutcome = "again"      // that was so already; nothing has changed
	ScanShown      ScanOutcome = "shown"      // an order's paper that marks nothing
	ScanTest       ScanOutcome = "test"       // of a test ticket
	ScanStale      ScanOutcome = "stale"      // another paper has taken this one's place
	ScanRefused    ScanOutcome = "refused"    // the order was cancelled, or waits
	ScanUnknown    ScanOutcome = "unknown"    // a paper's code, of none that this terminal knows
	ScanOther      ScanOutcome = "other"      // no code of ours: a product's, a person's
)

// Good reports whether the person with the scanner can go on.
func (s Scanned) Good() bool {
	return s.Outcome != ScanStale && s.Outcome != ScanRefused && s.Outcome != ScanUnknown
}

// Scan does what the code of a paper says, by rule, and logs it under the
// scanner's name. What is no code of ours is logged for whoever watches. The
// papers of an order bear the id of their ticket; an order's own id stands for
// the customer's.
func (in *Intake) Scan(scanner, code string, rule ScanRule) (s Scanned, err error) {
	code = strings.ToValidUTF8(code[:min(len(code), maxScanned)], "")
	_, err = in.store.UpdateVital(func(tx *store.Tx) error {
		if s, err = in.scan(tx, scanner, code, rule); err != nil {
			return err
		}
		e := store.Entry{Kind: "scan." + string(s.Outcome), Subject: scanner, Severity: store.Info, Text: scanner + ": " + s.Text, Code: code}
		if !s.Good() {
			e.Severity = store.Warning
		}
		if s.Outcome == ScanReady || s.Outcome == ScanDispatched {
			return nil // the order's own entry says it
		}
		return tx.Log(e)
	})
	if err != nil {
		return Scanned{}, fmt.Errorf("follow a scanned code: %w", err)
	}
	return s, nil
}

func (in *Intake) scan(tx *store.Tx, scanner, code string, rule ScanRule) (Scanned, error) {
	shown, _ := Clean(code, 60)
	id := strings.ToLower(code) // some readers are set to send capitals
	if _, err := uuid.Parse(id); err != nil || len(id) != len(uuid.Nil.String()) {
		return Scanned{Outcome: ScanOther, Text: "código " + shown}, nil
	}
	unknown := Scanned{Outcome: ScanUnknown, Text: "el código no es de un papel que este terminal conozca: " + shown}
	job, err := tx.JobByID(id)
	switch {
	case err == nil && job.Kind == store.TestTicket:
		return Scanned{Outcome: ScanTest, Text: "lectura de prueba correcta: ticket de prueba de " + job.Printer}, nil
	case err == nil && job.Order == 0:
		return Scanned{Outcome: ScanShown, Text: "es un papel sin pedido: " + ticketWord(job)}, nil
	case err == nil:
		return in.scanJob(tx, scanner, job, rule)
	case !errors.Is(err, store.ErrNotFound):
		return Scanned{}, err
	}
	o, err := tx.OrderByID(id)
	if errors.Is(err, store.ErrNotFound) {
		return unknown, nil
	} else if err != nil {
		return Scanned{}, err
	}
	return in.mark(tx, scanner, o, nil, rule.Receipt)
}

// scanJob follows the code of a ticket.
func (in *Intake) scanJob(tx *store.Tx, scanner string, job *store.Job, rule ScanRule) (Scanned, error) {
	o, err := tx.Order(job.Order)
	if err != nil {
		return Scanned{}, err
	}
	newer, err := replacedBy(tx, job)
	if err != nil {
		return Scanned{}, err
	}
	if newer != nil && !ended(o.Status) {
		s := scannedOf(o, ScanStale, nil)
		s.Station = job.Station
		s.Text = fmt.Sprintf("%s: este papel ya no vale, use el último que salió (%s)", title(o), ticketWord(newer))
		return s, nil
	}
	switch job.Kind {
	case store.ComandaTicket, store.ChangeTicket:
		return in.mark(tx, scanner, o, &job.Station, rule.Comanda)
	case store.DeliveryTicket:
		return in.mark(tx, scanner, o, nil, rule.Slip)
	}
	return in.mark(tx, scanner, o, nil, rule.Receipt)
}

// replacedBy is the newest paper that took the place of a job's, nil where it
// still holds. A change ticket only adds to its comanda.
func replacedBy(tx *store.Tx, job *store.Job) (newer *store.Job, err error) {
	jobs, err := tx.JobsOf(job.Order)
	if err != nil {
		return nil, err
	}
	gone := map[uint64]bool{job.Seq: true}
	if job.CopyOf != 0 {
		gone[job.CopyOf] = true
	}
	for _, j := range jobs {
		follows := gone[j.Follows] && j.Follows != 0 && j.Kind != store.ChangeTicket && j.Seq > job.Seq
		if follows && j.State != store.JobCancelled && j.State != store.JobReplaced {
			newer, gone[j.Seq] = j, true
		}
	}
	return newer, nil
}

// mark does what a rule says to an order, or to a station's share of it.
func (in *Intake) mark(tx *store.Tx, scanner string, o *store.Order, station *string, rule string) (Scanned, error) {
	outcome, again := ScanShown, false
	var err error
	switch rule {
	case MarksReady:
		outcome = ScanReady
		again, err = in.ready(tx, o, station, scanner)
	case MarksDispatched:
		outcome = ScanDispatched
		again, err = in.dispatch(tx, o, scanner)
	}
	if errors.Is(err, ErrRefused) {
		s := scannedOf(o, ScanRefused, station)
		s.Text = refusedText(o)
		return s, nil
	} else if err != nil {
		return Scanned{}, err
	}
	stations, err := stationsOf(tx, o)
	if err != nil {
		return Scanned{}, err
	}
	s := scannedOf(o, outcome, station)
	if rank(o.Status) < rank(store.Ready) {
		s.Missing = missingOf(o, stations)
	}
	s.Text = scannedText(o, outcome, s)
	if again {
		s.Outcome = ScanAgain
		s.Text = fmt.Sprintf("%s ya estaba %s", shareTitle(o, s.Station), alreadyWord(o, outcome))
	}
	return s, nil
}

func scannedOf(o *store.Order, outcome ScanOutcome, station *string) Scanned {
	s := Scanned{Outcome: outcome, OrderID: o.ID, Number: o.Number}
	if station != nil {
		s.Station = *station
	}
	return s
}

func refusedText(o *store.Order) string {
	switch {
	case ended(o.Status):
		return fmt.Sprintf("%s está %s: no lo entregue", title(o), StatusWords(o.Status))
	case !o.HeldUntil.IsZero():
		return title(o) + " está programado y todavía no pasa a cocina"
	}
	return title(o) + " espera que alguien lo acepte"
}

func scannedText(o *store.Order, outcome ScanOutcome, s Scanned) string {
	switch {
	case outcome == ScanDispatched:
		return title(o) + " despachado"
	case outcome == ScanReady && len(s.Missing) > 0:
		return fmt.Sprintf("%s listo; falta %s", shareTitle(o, s.Station), strings.Join(s.Missing, ", "))
	case outcome == ScanReady:
		return title(o) + " listo"
	}
	return fmt.Sprintf("%s (%s, %s)", title(o), kindWord(o), statusWord(o))
}

// shareTitle names an order, or a station's share of it.
func shareTitle(o *store.Order, station string) string {
	if station == "" {
		return title(o)
	}
	return title(o) + ", " + station
}

// alreadyWord says what an order was already when its paper was scanned again.
func alreadyWord(o *store.Order, outcome ScanOutcome) string {
	if outcome == ScanReady && rank(o.Status) <= rank(store.Ready) {
		return "listo"
	}
	return statusWord(o)
}
