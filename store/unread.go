package store

import "iter"

// keepUnread is how many unread receipts are kept at least; older ones go.
const keepUnread = 1000

// An UnreadReceipt is a paper that a tap saw and could not read as a sale, or was
// not sure of.
type UnreadReceipt struct {
	// Seq is its number on this terminal, from 1.
	Seq uint64 `json:"seq"`
	// Source is the tap that saw it, such as tap/caja.
	Source string `json:"source"`
	At     Moment `json:"at"`
	// Cause is why it was not read, in words.
	Cause string `json:"cause"`
	// Text is the paper line by line, as far as it has text.
	Text string `json:"text"`
	// Raw names the bytes that print it (Tx.Raw).
	Raw uint64 `json:"raw"`
	// Final: reading it again cannot help, as bytes of it are missing.
	Final bool        `json:"final,omitempty"`
	State UnreadState `json:"state"`
	// Sale is the ID of the sale that was read from it later.
	Sale string `json:"sale,omitempty"`
	// By is who dismissed it.
	By string `json:"by,omitempty"`
}

// UnreadState is what became of an unread receipt.
type UnreadState string

// The states of an unread receipt.
const (
	Unread          UnreadState = "unread"
	UnreadRead      UnreadState = "read"      // after its profile was taught
	UnreadDismissed UnreadState = "dismissed" // a person said that it is no sale
)

// PutUnread keeps an unread receipt, or what became of it; a new one (Seq 0) gets
// its number. Of all, the newest 1,000 are kept.
func (tx *Tx) PutUnread(u *UnreadReceipt) (err error) {
	if u.Seq == 0 {
		if u.Seq, err = tx.next(bucketUnread); err != nil {
			return err
		}
		if u.Seq > keepUnread {
			if err := tx.delete(bucketUnread, number(u.Seq-keepUnread)); err != nil {
				return err
			}
		}
	}
	return tx.putJSON(bucketUnread, number(u.Seq), u)
}

// UnreadReceipt returns one by its number, or ErrNotFound.
func (tx *Tx) UnreadReceipt(seq uint64) (*UnreadReceipt, error) {
	return read[UnreadReceipt](tx, bucketUnread, number(seq))
}

// UnreadReceipts are all that are kept, the newest first.
func (tx *Tx) UnreadReceipts() iter.Seq2[*UnreadReceipt, error] {
	return records[UnreadReceipt](tx, bucketUnread, true)
}
