package store

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// PutOrder keeps an order and finds it again by its number, id and key. An
// order with Seq 0 is new and gets its ID (unless it has one) and Seq. What an
// earlier revision last looked like is kept beside it. An order whose key
// belongs to another one is refused, and so is a revision older than the kept
// one.
func (tx *Tx) PutOrder(o *Order) error {
	if tx.call == nil {
		return errReadOnly
	}
	if o.Seq == 0 {
		if err := tx.addOrder(o); err != nil {
			return err
		}
	} else if err := tx.keepRevision(o); err != nil {
		return err
	}
	if !o.HeldUntil.IsZero() {
		if err := tx.put(bucketHeld, heldKey(o), nil); err != nil {
			return err
		}
	}
	tx.topics |= 1 << TopicOrders
	return tx.putJSON(bucketOrders, number(o.Seq), o)
}

func (tx *Tx) addOrder(o *Order) error {
	key := orderKey(o.Key)
	if o.Key != (OrderKey{}) {
		if seq := tx.get(bucketOrderKeys, key); seq != nil {
			return fmt.Errorf("order %s of %s is kept already, as number %d", o.Key.ChannelID, o.Key.Nickname, toNumber(seq))
		}
	}
	tx.names(&o.ID, &o.Seq)
	var err error
	if o.ID == "" {
		if o.ID, err = tx.newID(); err != nil {
			return err
		}
	} else if tx.get(bucketOrderIDs, []byte(o.ID)) != nil {
		return fmt.Errorf("an order with the id %s is kept already", o.ID)
	}
	if o.Seq, err = tx.next(bucketOrders); err != nil {
		return err
	}
	if o.Key != (OrderKey{}) {
		if err := tx.put(bucketOrderKeys, key, number(o.Seq)); err != nil {
			return err
		}
	}
	return tx.put(bucketOrderIDs, []byte(o.ID), number(o.Seq))
}

// keepRevision puts what is kept of o aside when o is a later revision.
func (tx *Tx) keepRevision(o *Order) error {
	kept, err := tx.Order(o.Seq)
	if err != nil {
		return fmt.Errorf("order %d: %w", o.Seq, err)
	}
	if kept.ID != o.ID || kept.Key != o.Key {
		return fmt.Errorf("order %d is %s, not %s: an order keeps its id and key", o.Seq, kept.ID, o.ID)
	}
	if o.Revision < kept.Revision {
		return fmt.Errorf("order %d has revision %d already, %d is older", o.Seq, kept.Revision, o.Revision)
	}
	if !kept.HeldUntil.IsZero() && !kept.HeldUntil.Equal(o.HeldUntil) {
		if err := tx.delete(bucketHeld, heldKey(kept)); err != nil {
			return err
		}
	}
	if o.Revision == kept.Revision {
		return nil
	}
	return tx.putJSON(bucketRevisions, revisionKey(kept.Seq, kept.Revision), kept)
}

// Order returns the order with this number, as it is now.
func (tx *Tx) Order(seq uint64) (*Order, error) { return read[Order](tx, bucketOrders, number(seq)) }

// OrderAt returns an order as it last was in one of its revisions.
func (tx *Tx) OrderAt(seq uint64, revision int) (*Order, error) {
	o, err := tx.Order(seq)
	if err != nil || o.Revision == revision {
		return o, err
	}
	return read[Order](tx, bucketRevisions, revisionKey(seq, revision))
}

// OrderByKey returns the order that an integration calls by this key.
func (tx *Tx) OrderByKey(k OrderKey) (*Order, error) {
	return tx.orderBy(bucketOrderKeys, orderKey(k))
}

// OrderByID returns the order with this UUID.
func (tx *Tx) OrderByID(id string) (*Order, error) { return tx.orderBy(bucketOrderIDs, []byte(id)) }

func (tx *Tx) orderBy(index string, key []byte) (*Order, error) {
	seq := tx.get(index, key)
	if seq == nil {
		return nil, ErrNotFound
	}
	return tx.Order(toNumber(seq))
}

// Orders are all orders, the newest first.
func (tx *Tx) Orders() iter.Seq2[*Order, error] { return records[Order](tx, bucketOrders, true) }

// HeldOrders are those with HeldUntil set, the earliest first.
func (tx *Tx) HeldOrders() iter.Seq2[*Order, error] {
	return indexed[Order](tx, bucketHeld, nil, bucketOrders)
}

// heldKey sorts by the second, which is finer than any channel schedules.
func heldKey(o *Order) []byte {
	// The shift keeps times before 1970 in order, too.
	key := binary.BigEndian.AppendUint64(nil, uint64(o.HeldUntil.Unix())+1<<63)
	return binary.BigEndian.AppendUint64(key, o.Seq)
}

func revisionKey(seq uint64, revision int) []byte {
	return binary.BigEndian.AppendUint32(number(seq), uint32(revision))
}

func orderKey(k OrderKey) []byte { return composite(k.Provider, k.Nickname, k.ChannelID) }
