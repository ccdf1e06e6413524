package command

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"mostrador/store"
)

// taskTime bounds one command.
const taskTime = 2 * time.Minute

// errNotOnDisk: what is to be done once must be on disk as begun before.
var errNotOnDisk = errors.New("the disk does not take that a command is begun; it waits")

// next does the oldest command that waits, and reports whether more may.
func (d *Desk) next(ctx context.Context) (more bool, err error) {
	n, c, err := d.oldest()
	switch {
	case err != nil || n == 0:
		return false, err
	case c == nil: // cannot be read: an answer has nowhere to go
		return true, d.update(func(tx *store.Tx) error { return tx.SetCursor(cursorDone, numbered(n)) })
	case c.Answer != nil:
		return true, d.update(func(tx *store.Tx) error { return tx.SetCursor(cursorDone, numbered(n)) })
	case c.Begun != 0:
		return false, nil // a restart that is under way
	}
	now := d.now()
	late, certain := d.late(c.ExpiresAt, now)
	if late {
		return true, d.finish(n, c, Expired, fmt.Sprintf("it expired at %s", c.ExpiresAt.UTC().Format(time.RFC3339)), nil)
	}
	if !certain {
		c.Clock = "unconfirmed"
	}
	if err := d.begin(n, c); err != nil {
		return false, err
	}
	out, err := d.do(ctx, c)
	switch {
	case errors.Is(err, errComesLater):
		return false, nil
	case err == nil:
		return true, d.finish(n, c, Done, "", out)
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrRefused), errors.Is(err, ErrWrong):
		return true, d.finish(n, c, Refused, err.Error(), nil)
	}
	return true, d.finish(n, c, Failed, err.Error(), nil)
}

// oldest is the first command that has not come to an end, with its number, 0
// for none; it is nil where it cannot be read.
func (d *Desk) oldest() (n uint64, c *taken, err error) {
	err = d.store.View(func(tx *store.Tx) error {
		n, c = 0, nil
		if done := numberIn(tx.Cursor(cursorDone)); done < numberIn(tx.Cursor(cursorLast)) {
			n = done + 1
			var unreadable error
			if c, unreadable = readTaken(tx, n); unreadable != nil {
				d.log.Error("a command is lost", "error", unreadable)
				c = nil
			}
		}
		return nil
	})
	return n, c, err
}

func (d *Desk) update(change func(*store.Tx) error) error {
	_, err := d.store.UpdateVital(change)
	return err
}

// begin puts on disk that a command is being done.
func (d *Desk) begin(n uint64, c *taken) error {
	c.Begun = d.store.Opening().Boots
	durable, err := d.store.UpdateVital(func(tx *store.Tx) error { return putTaken(tx, c, n) })
	if err == nil && !durable {
		c.Begun = 0
		err = errors.Join(errNotOnDisk, d.update(func(tx *store.Tx) error { return putTaken(tx, c, n) }))
	}
	return err
}

// do does a command. A fault of ours is one that failed, and nothing worse.
func (d *Desk) do(ctx context.Context, c *taken) (out *Output, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("a command crashed", "command", c.Command, "id", c.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("a fault of the agent: %v", p)
		}
	}()
	t, err := c.task()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, taskTime)
	defer cancel()
	d.log.Info("command", "command", c.Command, "id", c.ID, "by", c.who())
	return t.do(ctx, d, c.who())
}

// finish answers a command and goes on behind it.
func (d *Desk) finish(n uint64, c *taken, o Outcome, reason string, out *Output) error {
	return d.update(func(tx *store.Tx) error {
		c.Answer = c.result(o, reason, out, tx.Now())
		if err := putTaken(tx, c, n); err != nil {
			return err
		}
		if err := tx.SetCursor(cursorDone, numbered(n)); err != nil {
			return err
		}
		if err := answer(tx, *c.Answer); err != nil {
			return err
		}
		return tx.Log(c.entry())
	})
}

// entry is how a command ended, for the log.
func (c *taken) entry() store.Entry {
	e := store.Entry{Kind: "command." + string(c.Answer.Result), Subject: c.ID, Severity: store.Info}
	e.Text = fmt.Sprintf("Orden de la central: %s (%s): %s", c.Command, c.who(), outcomeWord(c.Answer.Result))
	if c.Answer.Result != Done {
		e.Severity = store.Warning
	}
	if c.Answer.Reason != "" {
		e.Text += ": " + c.Answer.Reason
	}
	return e
}

func outcomeWord(o Outcome) string {
	switch o {
	case Done:
		return "hecho"
	case Refused:
		return "no se puede"
	case Expired:
		return "llegó tarde"
	case Interrupted:
		return "quedó interrumpida"
	case RolledBack:
		return "se volvió a la anterior"
	default:
		return "falló"
	}
}

// interrupted is what is known of a command that the agent ended in.
const interrupted = "the agent ended while it did this: nobody can know whether it took effect; look, and send a new command if it is still wanted"

// settleBegun answers what the process before this one ended in: a restart has
// been done by this very start.
func (d *Desk) settleBegun() error {
	n, c, err := d.oldest()
	if err != nil || c == nil || c.Answer != nil || c.Begun == 0 {
		return err
	}
	switch {
	case c.Command != restartTask:
		return d.finish(n, c, Interrupted, interrupted, nil)
	case d.store.Opening().Boots > c.Begun:
		return d.finish(n, c, Done, "", nil)
	}
	return nil
}
