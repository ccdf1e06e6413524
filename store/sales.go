package store

import (
	"fmt"
	"iter"
)

// PutSale keeps a sale unless one with the same Source and SourceID is kept
// already: then nothing changes, added is false, and s gets the kept one's ID
// and Seq.
func (tx *Tx) PutSale(s *Sale) (added bool, err error) {
	if tx.call == nil {
		return false, errReadOnly
	}
	tx.names(&s.ID, &s.Seq)
	key := composite(s.Source, s.SourceID)
	if seq := tx.get(bucketSaleKeys, key); seq != nil {
		kept, err := read[Sale](tx, bucketSales, seq)
		if err != nil {
			return false, err
		}
		s.ID, s.Seq = kept.ID, kept.Seq
		return false, nil
	}
	if s.ID == "" {
		if s.ID, err = tx.newID(); err != nil {
			return false, err
		}
	}
	if s.Seq, err = tx.next(bucketSales); err != nil {
		return false, err
	}
	if err := tx.put(bucketSaleKeys, key, number(s.Seq)); err != nil {
		return false, err
	}
	tx.topics |= 1 << TopicSales
	body, err := appendSale(make([]byte, 0, 1024), s)
	if err != nil {
		return false, fmt.Errorf("encode sale %s of %s: %w", s.SourceID, s.Source, err)
	}
	return true, tx.put(bucketSales, number(s.Seq), body)
}

// Sales are all sales, the newest first.
func (tx *Tx) Sales() iter.Seq2[*Sale, error] { return records[Sale](tx, bucketSales, true) }
