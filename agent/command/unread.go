package command

import (
	"errors"
	"fmt"

	"mostrador/store"
)

// An UnreadReceipt is a paper that a tap could not read, with the bytes that
// print it as far as they are kept.
type UnreadReceipt struct {
	store.UnreadReceipt
	Stream []byte `json:"stream,omitempty"`
}

// Unread lists the receipts that taps could not read, the newest first: those
// that still wait, or with all also those that were read or dismissed since.
func (c *Commands) Unread(all bool, p Page) ([]*store.UnreadReceipt, error) {
	return list(c.store, p, (*store.Tx).UnreadReceipts, func(u *store.UnreadReceipt) uint64 { return u.Seq },
		func(u *store.UnreadReceipt) bool { return all || u.State == store.Unread })
}

// UnreadReceipt is one of them, by its number.
func (c *Commands) UnreadReceipt(name string) (u *UnreadReceipt, err error) {
	seq, ok := seqOf(name)
	if !ok {
		return nil, fmt.Errorf("%w: an unread receipt has a number, and %q is none", ErrWrong, name)
	}
	err = c.store.View(func(tx *store.Tx) error {
		kept, err := tx.UnreadReceipt(seq)
		if err != nil {
			return fmt.Errorf("unread receipt %d: %w", seq, err)
		}
		u = &UnreadReceipt{UnreadReceipt: *kept}
		raw, err := tx.Raw(kept.Raw)
		if errors.Is(err, store.ErrNotFound) { // there was no room for it any more
			return nil
		}
		u.Stream = raw.Body
		return err
	})
	return u, plain(err)
}

// Dismiss says that an unread receipt is no sale, or counts elsewhere.
func (c *Commands) Dismiss(name, who string) (u *UnreadReceipt, err error) {
	if u, err = c.UnreadReceipt(name); err != nil {
		return nil, err
	}
	err = c.store.Update(func(tx *store.Tx) error {
		kept, err := tx.UnreadReceipt(u.Seq)
		if err != nil {
			return err
		}
		if kept.State != store.Unread {
			return fmt.Errorf("%w: receipt %d is %s already", ErrRefused, kept.Seq, kept.State)
		}
		kept.State, kept.By = store.UnreadDismissed, who
		u.UnreadReceipt = *kept
		if err := tx.PutUnread(kept); err != nil {
			return err
		}
		return tx.Log(store.Entry{Kind: "sale.dismissed", Subject: kept.Source, Severity: store.Info,
			Text: fmt.Sprintf("%s: %s descartó el recibo sin leer %d", kept.Source, orUnknown(who), kept.Seq)})
	})
	return u, plain(err)
}

func orUnknown(who string) string {
	if who == "" {
		return "alguien"
	}
	return who
}
