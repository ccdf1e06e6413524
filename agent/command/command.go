// Package command is every action that the page, the command line and the
// cloud can ask of the agent, in one place: each is checked here, done once,
// and answered in the same words for all of them.
package command

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"mostrador/agent/device"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/store"
)

// Orders is what the commands ask of order intake.
type Orders interface {
	Accept(seq uint64, who string) error
	Reject(seq uint64, reason, who string) error
	Release(seq uint64, who string) error
	Precheck(seq uint64, who string) (*store.Job, error)
	Ready(seq uint64, who string) error
	Dispatch(seq uint64, who string) error
}

// Line is what the commands ask of the line to the cloud.
type Line interface {
	// State is how it stands.
	State() any
	// Replay has the acknowledged events of a stream sent again, from a sequence
	// of an epoch on (empty: the present one), and tells which they are. It gives
	// ErrRefused where there are none.
	Replay(stream, epoch string, from uint64, who string) (any, error)
	// Flush tells what is left of what stood up to some positions by stream;
	// without any, of what waits now.
	Flush(through map[string]uint64) (any, error)
	// Withheld are the events that are set aside because they are too large, and
	// WithheldMessage is the message of one, by its position in its stream, or
	// ErrNotFound.
	Withheld() (any, error)
	WithheldMessage(stream string, position uint64) ([]byte, error)
	// Discard gives one of them up, of which there is a copy: ErrNotFound where it
	// is not set aside any more, ErrRefused as long as nothing stands in its place.
	Discard(stream string, position uint64, copied, who string) error
	// Renew has the terminal's certificate renewed now; ErrRefused where it is not
	// one that is.
	Renew() (any, error)
}

// Commands does what people and the cloud ask.
type Commands struct {
	store   *store.Store
	orders  Orders
	spool   *spool.Spool
	devices *device.Devices
	line    Line
	about   About
	// sources are what others can tell of the agent.
	sources []Source
	machine Machine
	pairing *Pairing
	pairs   sync.Mutex // one code at a time
}

// About says which agent this is.
type About struct {
	Version  string `json:"version"`
	Store    string `json:"store"`
	Terminal string `json:"terminal"`
	Currency string `json:"currency"`
	Locale   string `json:"locale"`
	Timezone string `json:"timezone"`
	// Location is the time zone, nil for UTC; DayStarts is when the business day
	// begins, counted from midnight.
	Location  *time.Location `json:"-"`
	DayStarts time.Duration  `json:"-"`
}

// New wires the commands.
func New(st *store.Store, orders Orders, sp *spool.Spool, devices *device.Devices, line Line, about About) *Commands {
	return &Commands{store: st, orders: orders, spool: sp, devices: devices, line: line, about: about}
}

// Errors that callers turn into exit codes and HTTP statuses.
var (
	// ErrNotFound: there is no such order, ticket or printer.
	ErrNotFound = errors.New("not found")
	// ErrRefused: it is there, but its state does not allow what was asked.
	ErrRefused = errors.New("not possible now")
	// ErrWrong: what was asked makes no sense.
	ErrWrong = errors.New("wrong request")
)

// MaxList bounds one listing.
const MaxList = 1000

// A Page says which part of a listing is wanted: the newest, or those before
// one, by its number on this terminal.
type Page struct {
	// Limit is how many, 0 for 50, at most MaxList.
	Limit int
	// Before: only those with a lower number; 0: from the newest on.
	Before uint64
}

// list collects one page of records that come newest first.
func list[T any](st *store.Store, p Page, all func(*store.Tx) iter.Seq2[*T, error], seq func(*T) uint64, keep func(*T) bool) ([]*T, error) {
	if p.Limit < 0 || p.Limit > MaxList {
		return nil, fmt.Errorf("%w: a list holds 1 to %d entries", ErrWrong, MaxList)
	}
	if p.Limit == 0 {
		p.Limit = 50
	}
	var out []*T
	err := st.View(func(tx *store.Tx) error {
		out = []*T{}
		for r, err := range all(tx) {
			if err != nil {
				return err
			}
			if p.Before != 0 && seq(r) >= p.Before || !keep(r) {
				continue
			}
			if out = append(out, r); len(out) == p.Limit {
				break
			}
		}
		return nil
	})
	return out, plain(err)
}

// plain makes errors of the rooms below into this package's own.
func plain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, spool.ErrSettled), errors.Is(err, order.ErrRefused):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if _, ok := errors.AsType[*spool.Overtaken](err); ok {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// seqOf reads a name that people type as a number on this terminal: 12 or #12.
func seqOf(name string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "#"), 10, 64)
	return n, err == nil && n > 0
}

// About says which agent this is.
func (c *Commands) About() About { return c.about }

// Uplink is the state of the line to the cloud.
func (c *Commands) Uplink() any { return c.line.State() }

// Replay has events sent again that were acknowledged already.
func (c *Commands) Replay(stream, epoch string, from uint64, who string) (any, error) {
	if stream == "" || from == 0 {
		return nil, fmt.Errorf("%w: name a stream, and the sequence to begin with (1 or more)", ErrWrong)
	}
	return c.line.Replay(stream, epoch, from, who)
}

// Renew has the terminal's certificate renewed now, whatever is left of it.
func (c *Commands) Renew() (any, error) { return c.line.Renew() }

// Runs says which process the commands run in, before they are asked anything.
func (c *Commands) Runs(on Machine) { c.machine = on }

// Restart has the agent stop in order and start again by its configuration as
// it is now.
func (c *Commands) Restart(who string) (any, error) {
	if c.machine.Restart == nil {
		return nil, fmt.Errorf("%w: this agent cannot start itself again", ErrRefused)
	}
	c.machine.Restart("asked for by " + who)
	return c.about, nil
}

// Flush tells what of the events up to some positions, by stream, is not
// acknowledged yet; without positions, of those that wait now.
func (c *Commands) Flush(through map[string]uint64) (any, error) { return c.line.Flush(through) }

// Withheld are the events that are too large to go up.
func (c *Commands) Withheld() (any, error) { return c.line.Withheld() }

// A WithheldMessage is what would go up of an event that is too large.
type WithheldMessage struct {
	Message []byte `json:"message"` // base64: the exact bytes
}

// WithheldMessage is that of one event, by its position in its stream.
func (c *Commands) WithheldMessage(stream string, position uint64) (WithheldMessage, error) {
	message, err := c.line.WithheldMessage(stream, position)
	return WithheldMessage{message}, err
}

// Discard gives an event up that is too large to go up. Whoever asks has a copy
// of it, and says where.
func (c *Commands) Discard(stream string, position uint64, copied, who string) (any, error) {
	if copied == "" {
		return nil, fmt.Errorf("%w: an event is given up only when there is a copy: say where it is (copy)", ErrWrong)
	}
	if err := c.line.Discard(stream, position, copied, who); err != nil {
		return nil, err
	}
	return map[string]any{"stream": stream, "position": position, "discarded": true}, nil
}

// Health is the state of the store and of the printers.
func (c *Commands) Health() Health {
	return Health{Store: c.store.Health(), Printers: c.spool.States()}
}

// Health is what a look at the terminal tells.
type Health struct {
	Store    store.Health  `json:"store"`
	Printers []spool.State `json:"printers"`
}
