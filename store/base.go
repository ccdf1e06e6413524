package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// A base is what a journal's records start from.
type base struct {
	head
	meta []byte // the first bytes of its meta page
	// top tells the pages at the top of its tree from all others: the epoch and
	// the time of the last opening are in them.
	top uint64
}

// baseOf reads a base from the file, given its transaction.
func baseOf(f io.ReaderAt, id uint64, pageSize int64) (base, error) {
	b := base{meta: make([]byte, metaCopy)}
	if _, err := f.ReadAt(b.meta, int64(id%2)*pageSize); err != nil {
		return base{}, err
	}
	var ok bool
	if b.head, ok = metaAt(b.meta, 0); !ok || b.txid != id {
		return base{}, fmt.Errorf("the head is not that of transaction %d", id)
	}
	var err error
	b.top, err = topOf(f, b.head)
	return b, err
}

// topOf is a checksum of the root page and of what it branches to.
func topOf(f io.ReaderAt, h head) (uint64, error) {
	sum := fnv.New64a()
	read := func(page uint64) ([]byte, error) {
		if page >= h.pages {
			return nil, io.EOF // that is no base's
		}
		b := make([]byte, h.pageSize)
		_, err := f.ReadAt(b, int64(page)*int64(h.pageSize))
		_, _ = sum.Write(b)
		return b, err
	}
	root, err := read(h.root)
	if err != nil {
		return 0, err
	}
	order := binary.NativeEndian
	if order.Uint16(root[8:]) != flagBranch {
		return sum.Sum64(), nil
	}
	for i := range min(int(order.Uint16(root[10:])), (len(root)-pageHeader)/elementSize) {
		if _, err := read(order.Uint64(root[pageHeader+i*elementSize+8:])); err != nil {
			return 0, err
		}
	}
	return sum.Sum64(), nil
}
