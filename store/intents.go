package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
	"time"
)

// An Intent names what is about to be done and must not be done twice without
// saying so, such as putting a ticket on paper.
type Intent struct {
	Name string
	// Detail is whatever goes with it.
	Detail uint32
}

// The file of intents has slots of a fixed size, which are written over in a
// circle: a name's hash, when (seconds since 1970), the detail, a checksum. A
// slot lies within one sector, so it is written whole or not at all.
const (
	intentSlot  = 32
	intentName  = 16
	intentSlots = 2048
	// intentAge is how long an intent is kept that nobody came back to.
	intentAge = 30 * 24 * time.Hour
)

type intentKey [intentName]byte

func keyOf(name string) intentKey {
	sum := sha256.Sum256([]byte(name))
	return intentKey(sum[:intentName])
}

// intents is a file beside the store, NAME.intents, that was written in full
// when there was space, so that writing to it takes none: what is begun while
// a full disk keeps the store in memory is known again after a crash. (File
// systems that never write in place, such as btrfs, may refuse all the same.)
type intents struct {
	path string

	mu   sync.Mutex
	next int
	// earlier were noted before this opening, own are this one's; by slot.
	earlier map[intentKey]noted
	own     map[intentKey]noted
	// taken is whose each slot is.
	taken map[int]intentKey
}

type noted struct {
	slot   int
	detail uint32
}

// open reads the file, or makes it.
func (x *intents) open(now time.Time) error {
	x.earlier, x.own, x.taken = map[intentKey]noted{}, map[intentKey]noted{}, map[int]intentKey{}
	b, err := os.ReadFile(x.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var newest int64
	for slot := range len(b) / intentSlot {
		key, at, detail, ok := readIntent(b[slot*intentSlot:][:intentSlot])
		if !ok || now.Sub(time.Unix(at, 0)) > intentAge {
			continue
		}
		x.earlier[key], x.taken[slot] = noted{slot, detail}, key
		if at >= newest {
			newest, x.next = at, (slot+1)%intentSlots
		}
	}
	return x.occupy(len(b))
}

// occupy brings the file to its full size with real bytes.
func (x *intents) occupy(had int) error {
	const size = intentSlots * intentSlot
	if had >= size {
		return nil
	}
	f, err := os.OpenFile(x.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(fill(f, size), f.Close())
}

func readIntent(b []byte) (key intentKey, at int64, detail uint32, ok bool) {
	sum := binary.BigEndian.Uint32(b[28:])
	if sum != crc32.ChecksumIEEE(b[:28]) { // an empty slot, or a torn one
		return key, 0, 0, false
	}
	return intentKey(b[:16]), int64(binary.BigEndian.Uint64(b[16:])), binary.BigEndian.Uint32(b[24:]), true
}

func writeIntent(key intentKey, at int64, detail uint32) []byte {
	b := append(make([]byte, 0, intentSlot), key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	b = binary.BigEndian.AppendUint32(b, detail)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// write puts slots on disk, nil for an empty one.
func (x *intents) write(slots map[int][]byte) error {
	f, err := os.OpenFile(x.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for slot, b := range slots {
		if b == nil {
			b = make([]byte, intentSlot)
		}
		if _, err := f.WriteAt(b, int64(slot*intentSlot)); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(f.Sync(), f.Close())
}

// forgetOwn drops what this opening has noted: what it was noted for is on disk.
func (x *intents) forgetOwn() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.own) == 0 {
		return nil
	}
	slots := map[int][]byte{}
	for _, n := range x.own {
		slots[n.slot] = nil
		delete(x.taken, n.slot)
	}
	clear(x.own)
	return x.write(slots)
}

// NoteIntents has intents on disk when it returns, also while the store is held
// in memory because its disk is full. They are for those who found their
// transaction not durable: after a crash Intended tells what had been begun.
// When Recover has written what is held they are forgotten.
func (s *Store) NoteIntents(notes ...Intent) error {
	x := &s.intents
	x.mu.Lock()
	defer x.mu.Unlock()
	slots := map[int][]byte{}
	for _, note := range notes {
		key := keyOf(note.Name)
		n, known := x.own[key]
		if !known {
			n.slot = x.take(key)
		}
		n.detail = note.Detail
		x.own[key] = n
		slots[n.slot] = writeIntent(key, time.Now().Unix(), note.Detail)
	}
	if err := x.write(slots); err != nil {
		return fmt.Errorf("note what is about to be done in %s: %w", x.path, err)
	}
	return nil
}

// take gives a name the next slot; whoever had it is forgotten.
func (x *intents) take(key intentKey) (slot int) {
	slot, x.next = x.next, (x.next+1)%intentSlots
	if old, ok := x.taken[slot]; ok {
		for _, m := range []map[intentKey]noted{x.earlier, x.own} {
			if m[old].slot == slot {
				delete(m, old)
			}
		}
	}
	x.taken[slot] = key
	return slot
}

// Intended reports whether an intent was noted before this opening and not
// forgotten since, with its detail.
func (s *Store) Intended(name string) (detail uint32, ok bool) {
	x := &s.intents
	x.mu.Lock()
	defer x.mu.Unlock()
	n, ok := x.earlier[keyOf(name)]
	return n.detail, ok
}

// ForgetIntent drops an intent that Intended told, once what follows from it is
// on disk.
func (s *Store) ForgetIntent(name string) error {
	x := &s.intents
	x.mu.Lock()
	defer x.mu.Unlock()
	key := keyOf(name)
	n, ok := x.earlier[key]
	if !ok {
		return nil
	}
	delete(x.earlier, key)
	delete(x.taken, n.slot)
	if err := x.write(map[int][]byte{n.slot: nil}); err != nil {
		return fmt.Errorf("forget what was done in %s: %w", x.path, err)
	}
	return nil
}
