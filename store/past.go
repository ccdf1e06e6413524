package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/s2"
)

const (
	journalMagic = "mostrador journal 1\n"
	wipedMagic   = "mostrador journal 0\n"
	// journalHead is where the records begin; the head has a sector of its own.
	journalHead = 4096
	// headSize is how long a head is before its checksum, and wipedSize a wiped one.
	headSize  = len(journalMagic) + 16 + metaCopy + 8
	wipedSize = len(wipedMagic) + 8
)

// headOf is the journal's head: magic, generation, page size, the base's meta
// page and top, a checksum.
func headOf(generation uint64, b base, pageSize int64) []byte {
	h := binary.BigEndian.AppendUint64(beginHead(journalMagic, generation), uint64(pageSize))
	return endHead(binary.BigEndian.AppendUint64(append(h, b.meta...), b.top))
}

// wipedHead is that of a journal of which nothing counts up to this generation.
func wipedHead(generation uint64) []byte {
	return endHead(beginHead(wipedMagic, generation))
}

func beginHead(magic string, generation uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, journalHead), magic...), generation)
}

func endHead(h []byte) []byte {
	return binary.BigEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))[:journalHead]
}

// isHead: b begins with a head of this kind and size, and it is whole.
func isHead(b []byte, magic string, size int) bool {
	return bytes.HasPrefix(b, []byte(magic)) && binary.BigEndian.Uint32(b[size:]) == crc32.Checksum(b[:size], castagnoli)
}

// A past is what a journal tells: the base, and what was kept since. A record is
// only written when the one before it is on disk, and a head has a sector of its
// own. So no kill and no power cut leaves a whole record behind one that is none,
// or behind no head: then the disk has lost what it had said to have.
type past struct {
	base
	// kept are what the transactions after the base have changed, in order, and
	// last is the last transaction that is known of.
	kept []changeList
	last uint64
	// lost is how many are known to be missing; doubt: it is not known whether any
	// is.
	lost  int
	doubt bool
	// generation is that of the records that count, behind a wiped head the next one;
	// 0: it is not known.
	generation uint64
	// text is the head and what was kept, as it stands there.
	text []byte
}

// empty: there is nothing to do about it.
func (p past) empty() bool { return len(p.kept) == 0 && p.whole() }

// whole: all that was kept can be made again.
func (p past) whole() bool { return p.lost == 0 && !p.doubt }

// hasBase: the file can be set back.
func (p past) hasBase() bool { return p.pageSize > 0 }

// readPast reads a journal of so many bytes.
func readPast(f io.ReaderAt, size int64) (p past) {
	b, spoiled := readBlocks(f, size)
	if len(b) < journalHead {
		return past{}
	}
	records := b[journalHead:]
	generation := binary.BigEndian.Uint64(b[len(journalMagic):])
	var whole bool
	switch p.base, whole = readHead(b); {
	case whole:
		p.generation = generation
		p.text = b[:journalHead+p.follow(records)]
	case isHead(b, wipedMagic, wipedSize):
		// Behind it stands the next generation's first record at the most.
		p.generation = generation + 1
		n, _ := recordsIn(records, p.generation)
		p.doubt = n > 1
	default:
		p.doubt = isRecord(records)
	}
	p.doubt = p.doubt || spoiled && p.lost == 0
	return p
}

// follow reads the records behind a head that is whole, and returns where they end.
func (p *past) follow(b []byte) (end int) {
	for p.last = p.txid; ; {
		list, size := readRecord(b[end:], p.generation, p.last+1)
		if list == nil {
			break
		}
		p.kept, p.last = append(p.kept, list), p.last+1
		end += size
	}
	if n, last := recordsIn(b[end:], p.generation); n > 0 && last > p.last {
		p.lost, p.last = int(last-p.last), last
	}
	return end
}

// readBlocks reads all of a file. A block that cannot be read is empty, and spoils
// it.
func readBlocks(f io.ReaderAt, size int64) (b []byte, spoiled bool) {
	const block = 4 << 10
	b = make([]byte, size)
	for at := int64(0); at < size; at += block {
		part := b[at:min(at+block, size)]
		if _, err := f.ReadAt(part, at); err != nil && !errors.Is(err, io.EOF) {
			clear(part)
			spoiled = true
		}
	}
	return b, spoiled
}

// readHead reads a journal's head.
func readHead(b []byte) (of base, whole bool) {
	if !isHead(b, journalMagic, headSize) {
		return base{}, false
	}
	rest := b[len(journalMagic)+8 : headSize]
	of.meta, of.top = rest[8:][:metaCopy], binary.BigEndian.Uint64(rest[8+metaCopy:])
	if of.head, whole = metaAt(of.meta, 0); !whole || uint64(of.pageSize) != binary.BigEndian.Uint64(rest) {
		return base{}, false
	}
	return of, true
}

// isRecord: b begins with a whole record, whichever it is.
func isRecord(b []byte) bool {
	if len(b) < recordHead {
		return false
	}
	list, _ := readRecord(b, binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:]))
	return list != nil
}

// recordsIn counts the records of a generation that stand anywhere in b, and tells
// the last one's transaction.
func recordsIn(b []byte, generation uint64) (n int, last uint64) {
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
