package store

import (
	"fmt"
	"iter"
)

// PutSale keeps a sale unless one with the same Source and SourceID is kept
// already: then nothing changes, added is false, and s gets the kept one's ID
// and Seq.
func (tx *Tx) PutSale(s *Sale) (added bool, err error) {
	added, _, err = tx.putSale(s)
	return added, err
}

// RecordSale is PutSale with an event of the sales for a sale that is added. Its
// data is the sale, the same bytes.
func (tx *Tx) RecordSale(typ string, s *Sale) (added bool, err error) {
	added, body, err := tx.putSale(s)
	if err != nil || !added {
		return added, err
	}
	_, err = tx.Emit(StreamSales, typ, Encoded{body})
	return true, err
}

// putSale is PutSale with the sale's JSON, if it is added; it is good until the
// next sale.
func (tx *Tx) putSale(s *Sale) (added bool, body []byte, err error) {
	if tx.call == nil {
		return false, nil, errReadOnly
	}
	tx.names(&s.ID, &s.Seq)
	key := composite(s.Source, s.SourceID)
	if seq := tx.get(bucketSaleKeys, key); seq != nil {
		kept, err := read[Sale](tx, bucketSales, seq)
		if err != nil {
			return false, nil, err
		}
		s.ID, s.Seq = kept.ID, kept.Seq
		return false, nil, nil
	}
	if s.ID == "" {
		if s.ID, err = tx.newID(); err != nil {
			return false, nil, err
		}
	}
	if s.Seq, err = tx.next(bucketSales); err != nil {
		return false, nil, err
	}
	if err := tx.put(bucketSaleKeys, key, number(s.Seq)); err != nil {
		return false, nil, err
	}
	tx.topics |= 1 << TopicSales
	body, err = appendSale(tx.store.scratch.sale[:0], s)
	tx.store.scratch.sale = body
	if err != nil {
		return false, nil, fmt.Errorf("encode sale %s of %s: %w", s.SourceID, s.Source, err)
	}
	return true, body, tx.put(bucketSales, number(s.Seq), body)
}

// Sales are all sales, the newest first.
func (tx *Tx) Sales() iter.Seq2[*Sale, error] { return records[Sale](tx, bucketSales, true) }
