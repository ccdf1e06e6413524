package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// bbolt panics on a page that makes no sense, some of the time on a goroutine of
// its own where nothing can recover, and a file shorter than it says is a bus
// error. So a file is read through once before bbolt opens it, unless it is large
// and trusted (lock.go). The layout is that of bbolt's file
// format version 2 (internal/common: page.go, meta.go, bucket.go), in the
// machine's byte order.
const (
	pageHeader   = 16 // id 8, flags 2, count 2, overflow 4
	elementSize  = 16 // branch: pos 4, ksize 4, pgid 8; leaf: flags 4, pos 4, ksize 4, vsize 4
	bucketHeader = 16 // root page 8, sequence 8
	metaSize     = 64
	metaSum      = 56 // the checksum's place, FNV-1a of what is before it

	boltMagic   = 0xED0CDAED
	boltVersion = 2

	flagBranch = 0x01
	flagLeaf   = 0x02
	flagBucket = 0x01 // of a leaf element

	noFreelist = ^uint64(0)
)

// readAnyway is the size up to which a file is always read through: that takes
// some 10 ms.
const readAnyway = 32 << 20

// inspect tells what is wrong with a file's pages, as far as bbolt would trip
// over it. Of a large file that is trusted it looks at the head only.
func inspect(f *os.File, trusted bool) (fault, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", f.Name())
	}
	size := info.Size()
	if size < metaSize+pageHeader || size != int64(int(size)) {
		return fmt.Errorf("%w: it has %d bytes", errUnusable, size), nil
	}
	data, unmap, err := mapFile(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	defer func() { err = errors.Join(err, unmap()) }()
	return inspectPages(data, !trusted || size <= readAnyway), nil
}

// inspectPages is inspect of what the file holds. Reading may fail, too, when the
// disk does.
func inspectPages(data []byte, all bool) (fault error) {
	defer asFault(&fault, debug.SetPanicOnFault(true))
	m, ok := newestMeta(data)
	if !ok {
		return fmt.Errorf("%w: no valid head", errUnusable)
	}
	if m.pages*uint64(m.pageSize) > uint64(len(data)) || m.pages > uint64(len(data)) {
		return fmt.Errorf("%w: it is cut off: %d bytes of %d", errUnusable, len(data), m.pages*uint64(m.pageSize))
	}
	if m.freelist != noFreelist && (m.freelist < 2 || m.freelist >= m.pages) {
		return fmt.Errorf("%w: the list of free pages is at page %d of %d", errUnusable, m.freelist, m.pages)
	}
	if !all {
		return nil
	}
	in := inspection{head: m, data: data, seen: make([]uint64, m.pages/64+1), todo: []subtree{{page: m.root}}}
	// The top is looked at first; below it there is work for several.
	if err := in.until(func() bool { return len(in.todo) >= 64 }); err != nil || len(in.todo) == 0 {
		return err
	}
	return in.share()
}

// asFault is deferred around what reads a file that is mapped: a place that the
// disk does not give is a fault, as is what bbolt makes of a page without sense.
// before is what SetPanicOnFault was, which the call that is its argument sets for
// as long.
func asFault(fault *error, before bool) {
	debug.SetPanicOnFault(before)
	if r := recover(); r != nil {
		*fault = fmt.Errorf("%w: %v", errUnusable, r)
	}
}

// A head is what a meta page tells of the file.
type head struct {
	pageSize          int
	root, pages, txid uint64
	freelist          uint64
}

// newestMeta looks where bbolt looks: the first page, and, since a page's size
// is told by a meta page only, every place where the second could be.
func newestMeta(data []byte) (newest head, ok bool) {
	newest, ok = metaAt(data, 0)
	for at := 1024; at < len(data) && at <= 16<<20; at *= 2 {
		if ok && at != newest.pageSize {
			continue
		}
		if m, valid := metaAt(data, at); valid && at == m.pageSize && (!ok || m.txid > newest.txid) {
			newest, ok = m, true
		}
	}
	return newest, ok
}

func metaAt(data []byte, at int) (m head, ok bool) {
	if len(data)-at < pageHeader+metaSize {
		return head{}, false
	}
	b := data[at+pageHeader:][:metaSize]
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaSum])
	order := binary.NativeEndian
	if order.Uint32(b) != boltMagic || order.Uint32(b[4:]) != boltVersion || order.Uint64(b[metaSum:]) != sum.Sum64() {
		return head{}, false
	}
	m = head{pageSize: int(order.Uint32(b[8:])), root: order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]), pages: order.Uint64(b[40:]), txid: order.Uint64(b[48:])}
	return m, m.pageSize >= 512 && m.pageSize <= 16<<20
}

// An inspection goes through every page that can be reached.
type inspection struct {
	head
	data []byte
	seen []uint64 // a bit for each page, set atomically
	todo []subtree
}

// A subtree is a page to look at, and the keys that it must keep to: from low,
// below high, where these are not nil.
type subtree struct {
	page      uint64
	low, high []byte
}

// until looks at what is to do until enough says so.
func (in *inspection) until(enough func() bool) (fault error) {
	defer asFault(&fault, debug.SetPanicOnFault(true))
	for len(in.todo) > 0 && !enough() {
		next := in.todo[len(in.todo)-1]
		in.todo = in.todo[:len(in.todo)-1]
		if err := in.page(next); err != nil {
			return fmt.Errorf("%w: page %d: %w", errUnusable, next.page, err)
		}
	}
	return nil
}

// share has every processor take one subtree after the other.
func (in *inspection) share() error {
	subtrees := make(chan subtree, len(in.todo))
	for _, t := range slices.Backward(in.todo) {
		subtrees <- t
	}
	close(subtrees)
	faults := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range faults {
		wg.Go(func() {
			part := inspection{head: in.head, data: in.data, seen: in.seen}
			for t := range subtrees {
				part.todo = append(part.todo[:0], t)
				if faults[i] = part.until(func() bool { return false }); faults[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

var (
	errOutside = errors.New("lies outside of the file")
	errOrder   = errors.New("its keys are out of order")
)

func (in *inspection) page(t subtree) error {
	if t.page < 2 || t.page >= in.pages {
		return errOutside
	}
	order := binary.NativeEndian
	b := in.data[t.page*uint64(in.pageSize):]
	if id := order.Uint64(b); id != t.page {
		return fmt.Errorf("calls itself %d", id)
	}
	overflow := uint64(order.Uint32(b[12:]))
	if t.page+overflow >= in.pages {
		return errOutside
	}
	for i := t.page; i <= t.page+overflow; i++ {
		if atomic.OrUint64(&in.seen[i/64], 1<<(i%64))&(1<<(i%64)) != 0 {
			return errors.New("is used twice")
		}
	}
	return in.elements(b[:(overflow+1)*uint64(in.pageSize)], t)
}

// elements looks at a page's content, which may also stand within a bucket's
// entry.
func (in *inspection) elements(b []byte, t subtree) error {
	if len(b) < pageHeader {
		return errOutside
	}
	order := binary.NativeEndian
	flags, count := order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if pageHeader+count*elementSize > len(b) {
		return fmt.Errorf("has no room for its %d entries", count)
	}
	switch flags {
	case flagBranch:
		return in.branch(b, count, t)
	case flagLeaf:
		return in.leaf(b, count, t)
	}
	return fmt.Errorf("is of unknown kind %#x", flags)
}

func (in *inspection) branch(b []byte, count int, t subtree) error {
	if count == 0 {
		return errors.New("has no branches")
	}
	order := binary.NativeEndian
	first := len(in.todo)
	last := t.low
	for i := range count {
		at := pageHeader + i*elementSize
		key, _, err := cut(b, at, order.Uint32(b[at:]), order.Uint32(b[at+4:]), 0)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last, key) >= 0 || i == 0 && bytes.Compare(last, key) > 0 ||
			t.high != nil && bytes.Compare(key, t.high) >= 0 {
			return errOrder
		}
		if i > 0 {
			in.todo[first+i-1].high = key
		}
		in.todo = append(in.todo, subtree{page: order.Uint64(b[at+8:]), low: key, high: t.high})
		last = key
	}
	// The first branch is looked at next: pages come in the order of the file,
	// more or less, which the system reads ahead.
	slices.Reverse(in.todo[first:])
	return nil
}

func (in *inspection) leaf(b []byte, count int, t subtree) error {
	order := binary.NativeEndian
	last := t.low
	for i := range count {
		at := pageHeader + i*elementSize
		key, value, err := cut(b, at, order.Uint32(b[at+4:]), order.Uint32(b[at+8:]), order.Uint32(b[at+12:]))
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last, key) >= 0 || i == 0 && bytes.Compare(last, key) > 0 ||
			t.high != nil && bytes.Compare(key, t.high) >= 0 {
			return errOrder
		}
		last = key
		if order.Uint32(b[at:])&flagBucket == 0 {
			continue
		}
		if err := in.bucket(value); err != nil {
			return fmt.Errorf("bucket %q: %w", key, err)
		}
	}
	return nil
}

// bucket looks at a bucket that is small enough to stand in its entry, or else
// notes where its pages begin.
func (in *inspection) bucket(value []byte) error {
	if len(value) < bucketHeader {
		return errOutside
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		in.todo = append(in.todo, subtree{page: root})
		return nil
	}
	return in.elements(value[bucketHeader:], subtree{})
}

// cut returns the key and value that an element at a place points to.
func cut(b []byte, at int, pos, ksize, vsize uint32) (key, value []byte, err error) {
	from := uint64(at) + uint64(pos)
	if ksize == 0 || from+uint64(ksize)+uint64(vsize) > uint64(len(b)) {
		return nil, nil, errOutside
	}
	key = b[from:][:ksize]
	return key, b[from+uint64(ksize):][:vsize], nil
}
