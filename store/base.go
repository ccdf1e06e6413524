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
	// lost are how many more were kept and cannot be made again, since one of them,
	// or the head, cannot be read any more. A record is only written when the one
	// before it is on disk, so no power cut leaves that.
	lost int
	// last is the last transaction that was kept.
	last uint64
}

// empty: it tells nothing.
func (p past) empty() bool { return len(p.kept) == 0 && p.lost == 0 }

// readPast reads a journal; it tells nothing where it has no head, or no record.
func readPast(r io.Reader) (p past, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return past{}, err
	}
	if len(b) < journalHead {
		return past{}, nil
	}
	generation := binary.BigEndian.Uint64(b[len(journalMagic):])
	var ok bool
	if p.base, ok = readHead(b); !ok {
		// Behind a head that was torn stands its first record at the most.
		if n, _ := recordsIn(b[journalHead:], generation); n > 1 {
			p.lost = n
		}
		return p, nil
	}
	p.last = p.txid
	for b = b[journalHead:]; ; {
		list, size := readRecord(b, generation, p.last+1)
		if list == nil {
			break
		}
		p.kept, p.last = append(p.kept, list), p.last+1
		b = b[size:]
	}
	if n, last := recordsIn(b, generation); n > 0 {
		p.lost, p.last = int(last-p.last), last
	}
	return p, nil
}

// readHead reads a journal's head, ok when it is whole.
func readHead(b []byte) (of base, ok bool) {
	const sum = len(journalMagic) + 16 + metaCopy + 8
	if !bytes.HasPrefix(b, []byte(journalMagic)) || binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return base{}, false
	}
	rest := b[len(journalMagic)+8 : sum]
	of.meta, of.top = rest[8:][:metaCopy], binary.BigEndian.Uint64(rest[8+metaCopy:])
	if of.head, ok = metaAt(of.meta, 0); !ok || uint64(of.pageSize) != binary.BigEndian.Uint64(rest) {
		return base{}, false
	}
	return of, true
}

// recordsIn counts the records of a generation that stand anywhere in b, and tells
// the last one's transaction.
func recordsIn(b []byte, generation uint64) (n int, last uint64) {
	if generation == 0 { // it was wiped
		return 0, 0
	}
	mark := binary.BigEndian.AppendUint64(nil, generation)
	for at := 0; ; {
		found := bytes.Index(b[at:], mark)
		if found < 0 {
			return n, last
		}
		start := at + found - 8
		at += found + len(mark)
		if start < 0 || len(b)-start < recordHead {
			continue
		}
		id := binary.BigEndian.Uint64(b[start+16:])
		if list, size := readRecord(b[start:], generation, id); list != nil {
			n, last, at = n+1, max(last, id), start+size
		}
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
