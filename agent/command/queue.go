package command

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"mostrador/agent/order"
	"mostrador/store"
)

const (
	// keptCommands is how many of the newest commands are known again when they
	// come again, and maxWaiting how many may wait to be done.
	keptCommands = 1024
	maxWaiting   = 256
	// keptOutput bounds the output that is kept to be sent again, in bytes.
	keptOutput = 4 << 10
)

// ResultType is the type of the events on up/results.
const ResultType = "mostrador.result.v1"

// A Result is the data of a ResultType: what came of something from the cloud.
type Result struct {
	Of      string  `json:"of"` // the last level of its topic
	ID      string  `json:"id"` // a command's, or a version
	Command string  `json:"command,omitempty"`
	Result  Outcome `json:"result"`
	Reason  string  `json:"reason,omitempty"`
	Output  *Output `json:"output,omitempty"`
	// Clock is unconfirmed where nobody could tell whether it was still in time.
	Clock      string       `json:"clock,omitempty"`
	TakenAt    store.Moment `json:"taken_at"`
	FinishedAt store.Moment `json:"finished_at"`
}

// An Outcome is what came of something from the cloud.
type Outcome string

// The outcomes; docs/mqtt.md says what each means.
const (
	Done        Outcome = "done"
	Refused     Outcome = "refused"
	Failed      Outcome = "failed"
	Expired     Outcome = "expired"
	Interrupted Outcome = "interrupted"
	RolledBack  Outcome = "rolled_back"
)

// An Output is what a command yields.
type Output struct {
	Tickets []string `json:"tickets,omitempty"` // ids
	Printer string   `json:"printer,omitempty"`
	Replay  any      `json:"replay,omitempty"` // what the line says of it
	Faults  []string `json:"faults,omitempty"`
	Bundle  *Bundle  `json:"bundle,omitempty"`
}

// A Bundle is a ZIP archive.
type Bundle struct {
	Name   string `json:"name"`
	Size   int    `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Base64 []byte `json:"base64"`
}

// A taken command, as it is kept.
type taken struct {
	ID        string          `json:"id"`
	Command   string          `json:"command"`
	By        string          `json:"by,omitempty"`
	IssuedAt  time.Time       `json:"issued_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	TakenAt   store.Moment    `json:"taken_at"`
	// Begun is the opening of the store in which it was begun, 0 before. Answer
	// is set once it has come to an end.
	Begun  uint64  `json:"begun,omitempty"`
	Clock  string  `json:"clock,omitempty"`
	Answer *Result `json:"answer,omitempty"`
}

// The commands stand in a ring, numbered from 1; each can be found by its id.
// One that is overwritten is forgotten: it would be done again.
const (
	cursorLast = "command/last" // the number of the newest
	cursorDone = "command/done" // up to which all have come to an end
)

func cursorAt(n uint64) string     { return "command/at/" + strconv.FormatUint(n%keptCommands, 10) }
func cursorOf(id string) string    { return "command/id/" + id }
func numberIn(v []byte) (n uint64) { n, _ = strconv.ParseUint(string(v), 10, 64); return n }
func numbered(n uint64) (v []byte) { return strconv.AppendUint(nil, n, 10) }

// takeCommand keeps a command to be done, answers one that cannot be, and one
// that has come to its end before.
func (d *Desk) takeCommand(tx *store.Tx, payload []byte) error {
	c, err := readCommand(payload)
	if c.ID == "" {
		return d.unreadable(tx, "commands", payload, err)
	}
	d.cloud.heard(c.IssuedAt, tx.Now())
	if n := numberIn(tx.Cursor(cursorOf(c.ID))); n != 0 {
		known, err := readTaken(tx, n)
		if err != nil || known.Answer == nil {
			return err // it is still to be done
		}
		return answer(tx, *known.Answer)
	}
	c.TakenAt = tx.Now()
	last, done := numberIn(tx.Cursor(cursorLast)), numberIn(tx.Cursor(cursorDone))
	if err == nil && last-done >= maxWaiting {
		err = fmt.Errorf("%w: %d commands wait already", ErrRefused, maxWaiting)
	}
	if err != nil {
		c.Answer = c.result(Refused, err.Error(), nil, tx.Now())
		if err := answer(tx, *c.Answer); err != nil {
			return err
		}
	}
	if err := keep(tx, c, last+1); err != nil {
		return err
	}
	if last == done && c.Answer != nil {
		if err := tx.SetCursor(cursorDone, numbered(last+1)); err != nil {
			return err
		}
	}
	return tx.Log(store.Entry{Kind: "command.received", Subject: c.ID, Severity: store.Info,
		Text: fmt.Sprintf("Orden de la central: %s (%s)", c.Command, c.who())})
}

// keep gives a command the next number.
func keep(tx *store.Tx, c *taken, n uint64) error {
	if n > keptCommands {
		if old, err := readTaken(tx, n-keptCommands); err == nil {
			if err := tx.SetCursor(cursorOf(old.ID), nil); err != nil {
				return err
			}
		}
	}
	if err := tx.SetCursor(cursorLast, numbered(n)); err != nil {
		return err
	}
	if err := tx.SetCursor(cursorOf(c.ID), numbered(n)); err != nil {
		return err
	}
	return putTaken(tx, c, n)
}

func readTaken(tx *store.Tx, n uint64) (*taken, error) {
	c := &taken{}
	if err := json.Unmarshal(tx.Cursor(cursorAt(n)), c); err != nil {
		return nil, fmt.Errorf("command %d cannot be read: %w", n, err)
	}
	return c, nil
}

func putTaken(tx *store.Tx, c *taken, n uint64) error {
	kept := *c
	if kept.Answer != nil && kept.Answer.Output != nil {
		text, err := json.Marshal(kept.Answer.Output)
		if err != nil {
			return err
		}
		if len(text) > keptOutput {
			short := *kept.Answer
			short.Output = nil
			kept.Answer = &short
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode command %s: %w", c.ID, err)
	}
	return tx.SetCursor(cursorAt(n), text)
}

func answer(tx *store.Tx, r Result) error {
	_, err := tx.Emit(store.StreamResults, ResultType, r)
	return err
}

// result is the answer to a command.
func (c *taken) result(o Outcome, reason string, out *Output, now store.Moment) *Result {
	reason, _ = order.Clean(reason, order.MaxText)
	return &Result{Of: "commands", ID: c.ID, Command: c.Command, Result: o, Reason: reason, Output: out,
		Clock: c.Clock, TakenAt: c.TakenAt, FinishedAt: now}
}

// who asked, for logs and papers.
func (c *taken) who() string {
	if c.By == "" {
		return "central"
	}
	return c.By
}

// maxCommand bounds a message of down/commands, in bytes.
const maxCommand = 64 << 10

// unreadable keeps what cannot be told apart from anything else, says so, and
// answers it, as far as that is possible.
func (d *Desk) unreadable(tx *store.Tx, of string, payload []byte, cause error) error {
	raw, err := tx.PutRaw(payload)
	if err != nil {
		return err
	}
	why, _ := order.Clean(cause.Error(), order.MaxText)
	if err := answer(tx, Result{Of: of, Result: Refused, Reason: why, TakenAt: tx.Now(), FinishedAt: tx.Now()}); err != nil {
		return err
	}
	return tx.Log(store.Entry{Kind: of + ".unreadable", Severity: store.Warning, Raw: raw,
		Text: "Llegó de la central algo que no se pudo leer (" + of + "): " + why})
}
