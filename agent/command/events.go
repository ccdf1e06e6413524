package command

import (
	"context"
	"fmt"
	"slices"

	"mostrador/store"
)

// Events lists a page of the transaction log, the newest first: orders,
// tickets, printers, devices and people's actions, in words.
func (c *Commands) Events(p Page) ([]*store.Entry, error) {
	return list(c.store, p, (*store.Tx).Entries,
		func(e *store.Entry) uint64 { return e.Seq }, func(*store.Entry) bool { return true })
}

// LastEvent is the number of the newest entry of the log, 0 while there is none.
func (c *Commands) LastEvent() (seq uint64, err error) {
	newest, err := c.Events(Page{Limit: 1})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	return newest[0].Seq, nil
}

// Follow tells each entry of the log after number after, oldest first, those
// that are yet to come included, until ctx ends or tell fails.
func (c *Commands) Follow(ctx context.Context, after uint64, tell func(*store.Entry) error) error {
	changed, stop := c.store.Watch(store.TopicLog)
	defer stop()
	for {
		entries, err := c.eventsAfter(after)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		for _, e := range entries {
			if err := tell(e); err != nil {
				return err
			}
			after = e.Seq
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Commands) eventsAfter(seq uint64) (entries []*store.Entry, err error) {
	err = c.store.View(func(tx *store.Tx) error {
		entries = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Seq <= seq {
				break
			}
			entries = append(entries, e)
		}
		return nil
	})
	slices.Reverse(entries)
	return entries, err
}
