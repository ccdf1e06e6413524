package store

import (
	"bufio"
	"errors"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// What callers can tell apart.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrFull: the store has reached its bound, or its disk is full. Orders and
	// tickets still go in through UpdateVital.
	ErrFull = errors.New("the store is full")
	// ErrLocked: another mostrador holds the file.
	ErrLocked = errors.New("another mostrador holds the store")
	// ErrNewer: the file was written by a later version of mostrador.
	ErrNewer = errors.New("the store is of a newer version")
	// ErrDamaged: what the file holds makes no sense. Opening it again sets it
	// aside if it is beyond use.
	ErrDamaged = errors.New("the store is damaged")
)

// Options say how to open a store.
type Options struct {
	// Identity is "{store}/{terminal}", such as "lima-01/caja-1": events have
	// the source "/mostrador/"+Identity+"/"+stream. Another identity than the
	// file's starts a new epoch.
	Identity string
	// MaxSize bounds the file, in bytes. 0: 2 GiB, or 768 MiB where addresses
	// have 32 bits.
	MaxSize int64
	// Reserve is what is set aside of MaxSize, and on the disk, for orders and
	// tickets, in bytes. 0: 32 MiB; never more than a quarter of MaxSize.
	Reserve int64
	// Machine tells this machine from others, each mark as kind:value, such as
	// "id:…" and "nic:…". A file whose marks of one kind are all others starts a
	// new epoch: it was cloned. Empty: clones on other machines go unnoticed.
	Machine []string
	// Throwaway: nobody opens the file again, as in a simulation of thousands of
	// stores. It has no journal and no witness, which each hold a file open.
	Throwaway bool
	// Clock for the store's moments, nil for a new one.
	Clock *Clock
	// Log gets what the store does on its own; nil: nothing.
	Log *slog.Logger
	// OnCommit is for tests of crashes: it is called right before each commit and,
	// with durable, right after it is on disk, while nothing else is written. It
	// must not call the store.
	OnCommit func(durable bool)
}

func (o Options) withDefaults() Options {
	if o.MaxSize <= 0 {
		o.MaxSize = 2 << 30
		if math.MaxInt == math.MaxInt32 {
			o.MaxSize = 768 << 20
		}
	}
	o.MaxSize = min(o.MaxSize, math.MaxInt)
	if o.Reserve <= 0 {
		o.Reserve = 32 << 20
	}
	o.Reserve = min(o.Reserve, o.MaxSize/4)
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnCommit == nil {
		o.OnCommit = func(bool) {}
	}
	return o
}

// A Store is one open file. Its methods may be called by many at once.
type Store struct {
	path     string
	identity string
	options  Options
	clock    *Clock
	log      *slog.Logger
	lock     *os.File
	opening  Opening
	intents  intents
	witness  witness
	journal  journal
	ahead    ahead
	leaving  *record // what a group leaves to be written when the writer is free
	// commitsBefore is how many transactions went into files before this one.
	commitsBefore uint64
	streams       map[Stream]place
	watchers      watchers
	queue         queue
	db            *bolt.DB
	// files is held by readers while they read, and by the writer who puts
	// another file in the place of db.
	files    sync.RWMutex
	pageSize int64

	// writer is held by whoever writes: the leader of a commit, Recover, Close.
	// It guards the reserve, what is known of the space, random and scratch.
	writer  sync.Mutex
	reserve reserve
	space   space
	random  *bufio.Reader // for ids, many at a time
	// scratch is where records are encoded before they are put.
	scratch struct{ sale, event []byte }
	damaged error // a commit has met damage: nothing more is written
	// compacting is a compaction that is under way, nil normally.
	compacting *compaction

	// For tests of crashes: what each step of a compaction tells, and a compaction
	// that does not wait for the disk.
	onStep   func(name string)
	unsynced bool

	// suspect: damage was met, and the file is to be read through the next time.
	suspect atomic.Bool

	// state guards what there is to see: readers hold it while they start, the
	// writer while that changes.
	state  sync.RWMutex
	held   *held // what is in memory only, nil normally
	health Health
}

// Opening is what was found when the store was opened.
type Opening struct {
	// Created: there was no file, or none that opens.
	Created bool
	// Quarantined is the name that a damaged file was given, and Cause what was
	// wrong with it.
	Quarantined string
	Cause       error
	// Boots counts how often this file was opened, this time included.
	Boots uint64
	// Epoch of the events that are emitted now, and why it started at this
	// opening (EpochNew …), "" when it goes on.
	Epoch    string
	NewEpoch string
}

// Opening tells what was found when the store was opened.
func (s *Store) Opening() Opening { return s.opening }

// Clock tells moments that never lie before an earlier one of this store.
func (s *Store) Clock() *Clock { return s.clock }

// lockWait is how long an open waits for another process to let go.
const lockWait = time.Second
