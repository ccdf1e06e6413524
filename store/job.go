package store

import "time"

// A Job is one ticket on its way to paper: what to print, where, and every
// attempt that was made.
type Job struct {
	// ID is a UUIDv7, the ticket's name towards the cloud. Seq is its number on
	// this terminal, from 1; a printer prints its jobs in the order of Seq.
	ID  string `json:"id"`
	Seq uint64 `json:"seq"`

	Kind TicketKind `json:"kind"`
	// Order and Revision say what is printed; Order is 0 (Order.Seq) for a
	// ticket of no order. OrderID and OrderNumber are the order's, for lists.
	Order       uint64 `json:"order,omitempty"`
	OrderID     string `json:"order_id,omitempty"`
	OrderNumber string `json:"order_number,omitempty"`
	Revision    int    `json:"revision,omitempty"`

	// Station that the ticket is for, and which of the order's comandas this
	// is: Part 1 of Parts 2, with the other stations' names.
	Station string   `json:"station,omitempty"`
	Part    int      `json:"part,omitempty"`
	Parts   int      `json:"parts,omitempty"`
	Others  []string `json:"others,omitempty"`
	// Items of a comanda, frozen when the order was routed.
	Items []Item `json:"items,omitempty"`
	// Markup of a ticket that a person handed in (mostrador print).
	Markup string `json:"markup,omitempty"`

	// Printer where it waits now; MeantFor where it should have come out.
	Printer  string `json:"printer"`
	MeantFor string `json:"meant_for"`
	// Via are the printers that it has waited for and was moved from, in order.
	Via []string `json:"via,omitempty"`
	// Stays: it waits for its printer and no other, until a person moves it.
	Stays bool `json:"stays,omitempty"`
	// Copy counts papers of the same ticket that were asked for, from 1.
	Copy  int    `json:"copy"`
	Marks []Mark `json:"marks,omitempty"`

	State JobState `json:"state"`
	// Cause is why it is in that state, in words, where that needs saying.
	Cause    string    `json:"cause,omitempty"`
	Attempts []Attempt `json:"attempts,omitempty"`
	QueuedAt Moment    `json:"queued_at"`
	// MaxAge is how old it may get before it expires, from when it is due; 0: never.
	MaxAge time.Duration `json:"max_age_ns,omitempty"`
	// DueAt is the moment that its age counts from; the zero moment: QueuedAt.
	DueAt Moment `json:"due_at,omitzero"`
	// RetriedAt is when a person last asked for it once more: what MaxAge counts
	// from then.
	RetriedAt Moment `json:"retried_at,omitzero"`
	// Age is how old it was, from when it was due, as its last attempt began; 0
	// where that is not certain.
	Age time.Duration `json:"age_ns,omitempty"`
	// CopyOf is the job that this one prints again (Job.Seq): one whose outcome
	// is unknown, or with MarkReprint any that was printed; 0 for an original.
	CopyOf uint64 `json:"copy_of,omitempty"`
	// By is who asked for a ticket that a person asked for.
	By string `json:"by,omitempty"`
	// Follows is the job whose paper a change or void ticket is about (Job.Seq);
	// on a comanda, slip or receipt the one that it replaces.
	Follows uint64 `json:"follows,omitempty"`
	// Reason of a change or void ticket, in words. With Follows on a comanda,
	// slip or receipt: why it replaces that paper.
	Reason string `json:"reason,omitempty"`
	// Unchanged counts the dishes that a change ticket leaves out because they
	// stay as they were.
	Unchanged int `json:"unchanged,omitempty"`
	// Invoice of an invoice ticket, as the issuer had sent it by then.
	Invoice *Invoice `json:"invoice,omitempty"`
	// Digest of a digest ticket, Report of a report.
	Digest *Digest `json:"digest,omitempty"`
	Report *Report `json:"report,omitempty"`
}

// A Digest says after an outage what had waited for a printer.
type Digest struct {
	// Printer that could not print, From when to when, and why.
	Printer string `json:"printer"`
	From    Moment `json:"from"`
	To      Moment `json:"to"`
	Cause   string `json:"cause,omitempty"`
	// Waited printed late, or print next; Expired did not print.
	Waited  []DigestLine `json:"waited,omitempty"`
	Expired []DigestLine `json:"expired,omitempty"`
}

// A DigestLine is one ticket of a digest.
type DigestLine struct {
	Ticket      uint64        `json:"ticket"` // Job.Seq
	Kind        TicketKind    `json:"kind"`
	OrderNumber string        `json:"order_number,omitempty"`
	Station     string        `json:"station,omitempty"`
	QueuedAt    Moment        `json:"queued_at"`
	Age         time.Duration `json:"age_ns"`
	// Open: its order is still to be made.
	Open bool `json:"open,omitempty"`
}

// A Report is figures on paper: a day's totals, an evening's tickets.
type Report struct {
	Title string `json:"title"`
	// From and To are what it is about; zero where it has no such span.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Currency of its amounts, ISO 4217.
	Currency string       `json:"currency,omitempty"`
	Parts    []ReportPart `json:"parts,omitempty"`
}

// A ReportPart is lines under a title, which may be empty.
type ReportPart struct {
	Title string       `json:"title,omitempty"`
	Lines []ReportLine `json:"lines"`
}

// A ReportLine is one figure.
type ReportLine struct {
	Name string `json:"name"`
	// Count is how many, as decimal text; Amount how much, in minor units.
	// Either may be missing.
	Count  string `json:"count,omitempty"`
	Amount *int64 `json:"amount,omitempty"`
	// Strong: a total, or something to look at.
	Strong bool `json:"strong,omitempty"`
	// Under: it belongs to the last line that is not; without an amount.
	Under bool `json:"under,omitempty"`
}

// TicketKind is what a ticket is.
type TicketKind string

// The kinds of tickets.
const (
	ReceiptTicket  TicketKind = "receipt" // the customer's; not a fiscal document
	InvoiceTicket  TicketKind = "invoice"
	PrecheckTicket TicketKind = "precheck"
	DeliveryTicket TicketKind = "delivery" // the slip with the address
	ComandaTicket  TicketKind = "comanda"
	ChangeTicket   TicketKind = "change"
	VoidTicket     TicketKind = "void"
	ReportTicket   TicketKind = "report"
	DigestTicket   TicketKind = "digest"
	TestTicket     TicketKind = "test"
)

// JobState is where a job stands.
type JobState string

// The states of a job. Sending is on disk before the first byte leaves.
const (
	JobQueued     JobState = "queued"
	JobSending    JobState = "sending"
	JobPrinted    JobState = "printed"
	JobNotPrinted JobState = "not_printed"
	JobUnknown    JobState = "unknown"
	JobExpired    JobState = "expired"
	JobReplaced   JobState = "replaced"
	JobCancelled  JobState = "cancelled"
)

// A Mark is something that a ticket must say of itself at its head.
type Mark string

// The marks.
const (
	MarkPossibleDuplicate Mark = "possible_duplicate" // POSIBLE DUPLICADO
	MarkBackupCopy        Mark = "backup_copy"        // COPIA DE RESPALDO
	MarkReprint           Mark = "reprint"            // REIMPRESIÓN
	MarkTimeUnconfirmed   Mark = "time_unconfirmed"   // hora sin confirmar
	MarkLate              Mark = "late"               // prints long after it was due, and says how long
)

// An Attempt is one time that a job's bytes went, or should have gone, to a printer.
type Attempt struct {
	Printer  string  `json:"printer"`
	Started  Moment  `json:"started_at"`
	Finished Moment  `json:"finished_at,omitzero"`
	Outcome  Outcome `json:"outcome,omitempty"` // empty while under way
	Proof    Proof   `json:"proof,omitempty"`
	// Bytes that the ticket has, and how many of them left this machine as far
	// as the port told.
	Bytes int `json:"bytes"`
	Sent  int `json:"sent"`
	// Block is the longest run of data bytes within one command of the ticket:
	// what a printer that was cut off in it may still wait for.
	Block int `json:"block,omitempty"`
	// Cause in words, where the outcome needs one.
	Cause string `json:"cause,omitempty"`
	// Before counts the attempts before this one that ended as it did, with
	// nothing sent, and are not listed each.
	Before int `json:"before,omitempty"`
}

// Outcome is how an attempt ended.
type Outcome string

// The outcomes.
const (
	OutcomePrinted    Outcome = "printed"
	OutcomeNotPrinted Outcome = "not_printed"
	OutcomeUnknown    Outcome = "unknown"
)

// Proof is what an outcome rests on, strongest first.
type Proof string

// The proofs.
const (
	ProofProcessID Proof = "process_id" // the printer answered the ticket's own id
	ProofFence     Proof = "fence"      // GS r behind the cut was answered
	ProofStatus    Proof = "status"     // clean before and after
	ProofTransport Proof = "transport"  // the bytes were drained, nothing more
	ProofNone      Proof = "none"
)

// An Item is a line of a comanda.
type Item struct {
	// Line is the index of the order's line, from 0.
	Line      int      `json:"line"`
	Quantity  Quantity `json:"quantity"`
	Name      string   `json:"name"`
	Note      string   `json:"note,omitempty"`
	Modifiers []Item   `json:"modifiers,omitempty"`
	// Group is the name of the choice a modifier belongs to.
	Group string `json:"group,omitempty"`
	// Parent names the line that a separately routed modifier belongs to.
	Parent string `json:"parent,omitempty"`
	// Unmatched: no station takes it; it is here by default.
	Unmatched bool `json:"unmatched,omitempty"`
	// Difference to the paper that a change ticket follows; empty elsewhere.
	Difference Difference `json:"difference,omitempty"`
}

// Difference is what a line of a change ticket says of its dish.
type Difference string

// The differences. Of a dish that is made otherwise now there are two lines,
// was and then now.
const (
	DifferenceAdded   Difference = "added"
	DifferenceRemoved Difference = "removed"
	DifferenceWas     Difference = "was"
	DifferenceNow     Difference = "now"
)

// Tries counts the attempts, also those that are not listed each.
func (j *Job) Tries() int {
	n := len(j.Attempts)
	for i := range j.Attempts {
		n += j.Attempts[i].Before
	}
	return n
}

// Proof is what the job's outcome rests on: its last attempt's, or ProofNone.
func (j *Job) Proof() Proof {
	if n := len(j.Attempts); n > 0 && j.Attempts[n-1].Proof != "" {
		return j.Attempts[n-1].Proof
	}
	return ProofNone
}
