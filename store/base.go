package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"

	"github.com/klauspost/compress/s2"
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

// headOf is the journal's head: magic, generation, page size, the base's meta
// page and top, a checksum.
func headOf(generation uint64, b base, pageSize int64) []byte {
	h := append(make([]byte, 0, journalHead), journalMagic...)
	h = binary.BigEndian.AppendUint64(h, generation)
	h = binary.BigEndian.AppendUint64(h, uint64(pageSize))
	h = append(h, b.meta...)
	h = binary.BigEndian.AppendUint64(h, b.top)
	h = binary.BigEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
	return h[:journalHead]
}

// A past is what a journal tells: the base, and what was kept since.
type past struct {
	base
	// kept are what the transactions after the base have changed, in order.
	kept []changeList
}

// readPast reads a journal; nothing is kept where it has no head, or no record.
func readPast(r io.Reader) (p past, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return past{}, err
	}
	const sum = len(journalMagic) + 16 + metaCopy + 8
	if len(b) < journalHead || !bytes.HasPrefix(b, []byte(journalMagic)) ||
		binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return past{}, nil
	}
	rest := b[len(journalMagic):sum]
	generation := binary.BigEndian.Uint64(rest)
	p.meta, p.top = rest[16:][:metaCopy], binary.BigEndian.Uint64(rest[16+metaCopy:])
	var ok bool
	if p.head, ok = metaAt(p.meta, 0); !ok || uint64(p.pageSize) != binary.BigEndian.Uint64(rest[8:]) {
		return past{}, nil
	}
	for b = b[journalHead:]; ; {
		list, size := readRecord(b, generation, p.txid+uint64(len(p.kept))+1)
		if list == nil {
			return p, nil
		}
		p.kept = append(p.kept, list)
		b = b[size:]
	}
}

// readRecord reads the record that b begins with, nil when it is none of this
// generation and transaction.
func readRecord(b []byte, generation, id uint64) (list changeList, size int) {
	if len(b) < recordHead {
		return nil, 0
	}
	length := uint64(binary.BigEndian.Uint32(b[4:]))
	if size = recordHead + int(length); length > uint64(len(b)-recordHead) || binary.BigEndian.Uint64(b[8:]) != generation || binary.BigEndian.Uint64(b[16:]) != id ||
		binary.BigEndian.Uint32(b) != crc32.Checksum(b[4:size], castagnoli) {
		return nil, 0
	}
	packed := b[recordHead:size]
	if n, err := s2.DecodedLen(packed); err != nil || n > maxRecord {
		return nil, 0
	}
	list, err := s2.Decode(nil, packed)
	if err != nil || len(list) == 0 {
		return nil, 0
	}
	return list, size
}
