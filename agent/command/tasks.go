package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"

	"mostrador/store"
)

// A task is one kind of command from the cloud, with its arguments.
type task interface {
	// check says what is wrong with the arguments.
	check() error
	// do does it for a person. It may end with ErrNotFound, ErrRefused or
	// ErrWrong where nothing was changed.
	do(ctx context.Context, d *Desk, who string) (*Output, error)
}

func taskNames() []string {
	return []string{"reprint", "pause", "resume", "message", "diagnostics", "replay", restartTask, "log_level"}
}

const restartTask = "restart"

func newTask(name string) (task, bool) {
	switch name {
	case "reprint":
		return &reprint{}, true
	case "pause":
		return &pause{}, true
	case "resume":
		return &resume{}, true
	case "message":
		return &message{}, true
	case "diagnostics":
		return &diagnostics{}, true
	case "replay":
		return &replay{}, true
	case restartTask:
		return &restart{}, true
	case "log_level":
		return &logLevel{}, true
	}
	return nil, false
}

// longestName bounds names of orders, tickets and printers, in characters.
const longestName = 120

// reprint prints papers of an order, or one ticket, once more.
type reprint struct {
	Order  *string `json:"order"`
	Ticket *string `json:"ticket"`
}

func (r *reprint) check() error {
	switch {
	case (r.Order == nil) == (r.Ticket == nil):
		return errors.New("name either an order or a ticket")
	case r.Order != nil:
		return length("order", *r.Order, 1, longestName)
	}
	return length("ticket", *r.Ticket, 1, longestName)
}

func (r *reprint) do(_ context.Context, d *Desk, who string) (*Output, error) {
	if r.Ticket != nil {
		j, err := d.commands.Reprint(*r.Ticket, who)
		if err != nil {
			return nil, err
		}
		return &Output{Tickets: []string{j.ID}}, nil
	}
	before, err := d.commands.Order(*r.Order)
	if err != nil {
		return nil, err
	}
	after, err := d.commands.ReprintOrder(before.Order.ID, who)
	out := &Output{}
	for _, j := range after.Tickets {
		if !slices.ContainsFunc(before.Tickets, func(old *store.Job) bool { return old.ID == j.ID }) {
			out.Tickets = append(out.Tickets, j.ID)
		}
	}
	return out, err
}

// pause and resume keep a printer from printing.
type pause struct {
	Printer string `json:"printer"`
	Reason  string `json:"reason"`
}

func (p *pause) check() error {
	return errors.Join(length("printer", p.Printer, 1, longestName), length("reason", p.Reason, 0, 200))
}

func (p *pause) do(_ context.Context, d *Desk, who string) (*Output, error) {
	s, err := d.commands.Pause(p.Printer, clean(p.Reason, 200), who)
	return &Output{Printer: s.Printer}, err
}

type resume struct {
	Printer string `json:"printer"`
}

func (r *resume) check() error { return length("printer", r.Printer, 1, longestName) }

func (r *resume) do(_ context.Context, d *Desk, who string) (*Output, error) {
	s, err := d.commands.Resume(r.Printer, who)
	return &Output{Printer: s.Printer}, err
}

// message tells staff something.
type message struct {
	Text     string          `json:"text"`
	Severity *store.Severity `json:"severity"`
	Printer  *string         `json:"printer"`
}

// longestMessage is in characters.
const longestMessage = 1000

func (m *message) check() error {
	err := length("text", m.Text, 1, longestMessage)
	if m.Severity != nil {
		err = errors.Join(err, oneOf("severity", *m.Severity, store.Info, store.Warning, store.Alarm))
	}
	if m.Printer != nil {
		err = errors.Join(err, length("printer", *m.Printer, 1, longestName))
	}
	return err
}

func (m *message) do(_ context.Context, d *Desk, who string) (*Output, error) {
	severity, printer := store.Info, ""
	if m.Severity != nil {
		severity = *m.Severity
	}
	if m.Printer != nil {
		printer = *m.Printer
	}
	job, err := d.commands.TellStaff(m.Text, severity, printer, who)
	if err != nil || job == nil {
		return nil, err
	}
	return &Output{Tickets: []string{job.ID}, Printer: job.Printer}, nil
}

// diagnostics collects what a person needs who has never seen this terminal.
type diagnostics struct{}

func (*diagnostics) check() error { return nil }

func (*diagnostics) do(ctx context.Context, d *Desk, _ string) (*Output, error) {
	b, err := d.commands.Bundle(ctx)
	return &Output{Bundle: b}, err
}

// replay sends events again.
type replay struct {
	Stream store.Stream `json:"stream"`
	Epoch  *string      `json:"epoch"`
	From   string       `json:"from"`
}

var (
	epochForm    = regexp.MustCompile(`^[0-9a-f]{16,64}$`)
	sequenceForm = regexp.MustCompile(`^[0-9]{20}$`)
)

func (r *replay) check() error {
	switch {
	case r.Epoch != nil && !epochForm.MatchString(*r.Epoch):
		return errors.New("epoch is none: 16 to 64 digits and letters a to f")
	case !sequenceForm.MatchString(r.From):
		return errors.New("from is no sequence: 20 digits")
	}
	return oneOf("stream", r.Stream, store.Streams()...)
}

func (r *replay) do(_ context.Context, d *Desk, who string) (*Output, error) {
	from, err := strconv.ParseUint(r.From, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: from: %w", ErrWrong, err)
	}
	epoch := ""
	if r.Epoch != nil {
		epoch = *r.Epoch
	}
	what, err := d.commands.Replay(string(r.Stream), epoch, from, who)
	return &Output{Replay: what}, plain(err)
}

// restart is answered by the process that comes after it.
type restart struct{}

func (*restart) check() error { return nil }

func (*restart) do(_ context.Context, d *Desk, who string) (*Output, error) {
	if d.machine.Restart == nil {
		return nil, fmt.Errorf("%w: this agent cannot start itself again", ErrRefused)
	}
	d.machine.Restart("asked for by " + who)
	return nil, errComesLater
}

// errComesLater: the answer is not known yet.
var errComesLater = errors.New("the answer comes later")

// logLevel says how much the agent's own log holds.
type logLevel struct {
	Level string `json:"level"`
}

func (l *logLevel) check() error { return oneOf("level", l.Level, "debug", "info", "warn", "error") }

func (l *logLevel) do(_ context.Context, d *Desk, _ string) (*Output, error) {
	if d.machine.SetLogLevel == nil {
		return nil, fmt.Errorf("%w: this agent's log is not its own", ErrRefused)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	d.machine.SetLogLevel(level)
	return nil, nil
}
