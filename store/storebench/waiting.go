package storebench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"mostrador/store"
)

// Backlog measures what a million sales that wait cost, or as many as Waiting
// says: start, memory, space, and recording after they are gone.
func (b *Bench) Backlog(ctx context.Context) (rows []Row, err error) {
	dir, remove, err := b.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	path := storePath(dir)
	data, err := b.fill(ctx, path)
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(path)
	if err != nil {
		return nil, err
	}
	waiting := fmt.Sprintf("%d sales waiting, ", b.Waiting)
	rows = append(rows, atMost(waiting+"file beside the data", float64(size)/float64(data), 1.5, "%d and %d MB", size>>20, data>>20))
	starts, err := b.starts(path, waiting)
	if err != nil {
		return nil, err
	}
	rows = append(rows, starts...)
	if len(b.Drainer) > 0 {
		b.say("drain %d sales", b.Waiting)
		row, err := b.memory(ctx, path, waiting)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	after, err := b.afterwards(ctx, path, size)
	return append(rows, after...), err
}

// fill has sales wait, and returns how many bytes of keys and values they are.
func (b *Bench) fill(ctx context.Context, path string) (data int64, err error) {
	st, err := open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	const group = 1000
	for n := 0; n < b.Waiting && ctx.Err() == nil; n += group {
		if n%100_000 == 0 {
			b.say("fill: %d of %d sales", n, b.Waiting)
		}
		if err := st.Update(func(tx *store.Tx) error {
			for i := range min(group, b.Waiting-n) {
				if err := keep(tx, sale(int64(n+i))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return 0, err
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	err = st.View(func(tx *store.Tx) error {
		data = tx.DataBytes()
		return nil
	})
	return data, err
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// A leaving is how a store was left before it is opened.
type leaving struct {
	after string
	// crashed: the journal is full of what a crash keeps from the file; cold:
	// nothing is cached.
	crashed, cold bool
}

// starts measures opening after each way to end.
func (b *Bench) starts(path, waiting string) (rows []Row, err error) {
	for _, way := range []leaving{
		{"closed well", false, false}, {"after kill -9", true, false}, {"after a power cut, nothing cached", true, true},
	} {
		var ours, least, ratios []float64
		rounds := min(b.Rounds, 3) // each reads the file through, or more
		for round := range rounds {
			b.say("start %s, round %d of %d", way.after, round+1, rounds)
			t, u, err := b.startOnce(path, way)
			if err != nil {
				return nil, err
			}
			ours, least, ratios = append(ours, t.Seconds()*1e3), append(least, u.Seconds()*1e3), append(ratios, float64(t)/float64(u))
		}
		rows = append(rows, atMost(waiting+"start "+way.after+", beside bare bbolt.Open", median(ratios), 1.5,
			"%.0f and %.0f ms", median(ours), median(least)))
	}
	return rows, nil
}

// startOnce opens the file as it was left, with the store and bare.
func (b *Bench) startOnce(path string, way leaving) (ours, least time.Duration, err error) {
	restore, err := b.leave(path, way)
	if err != nil {
		return 0, 0, err
	}
	uncached := func() error {
		if way.cold {
			return forgetCached(path)
		}
		return nil
	}
	if err := uncached(); err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	db, err := openBare(path)
	least = time.Since(begun)
	if err != nil {
		return 0, 0, err
	}
	if err := errors.Join(db.Close(), restore(), uncached()); err != nil {
		return 0, 0, err
	}
	begun = time.Now()
	st, err := open(path)
	ours = time.Since(begun)
	if err != nil {
		return 0, 0, err
	}
	return ours, least, st.Close()
}

// leave has the store closed, and returns what makes of that a crash: the lock
// file and the journal as they were before.
func (b *Bench) leave(path string, way leaving) (restore func() error, err error) {
	st, err := open(path)
	if err != nil {
		return nil, err
	}
	if way.crashed {
		sales := min(20*b.Scale, 1200) // a journal holds some 1300
		if _, err := recordInto(st, 1, sales, b.unused(sales), nil); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	lock, err1 := os.ReadFile(path + ".lock")
	journal, err2 := os.ReadFile(path + ".journal")
	if errors.Is(err2, os.ErrNotExist) { // not everywhere is one
		err2 = nil
	}
	if err := errors.Join(err1, err2, st.Close()); err != nil || !way.crashed {
		return func() error { return nil }, err
	}
	if way.cold {
		lock = nil // another boot's
	}
	return func() error {
		if len(journal) > 0 {
			err1 = os.WriteFile(path+".journal", journal, 0o600)
		}
		return errors.Join(err1, os.WriteFile(path+".lock", lock, 0o600))
	}, nil
}

// unused returns from where on so many sales have numbers that nobody had.
func (b *Bench) unused(sales int) int64 {
	from := firstUnused + b.used
	b.used += int64(sales)
	return from
}

const firstUnused = 1e9

// memory has another process drain the store.
func (b *Bench) memory(ctx context.Context, path, waiting string) (Row, error) {
	cmd := exec.CommandContext(ctx, b.Drainer[0], append(b.Drainer[1:], path)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return Row{}, fmt.Errorf("drain in another process: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return Row{}, fmt.Errorf("drain in another process: %w", err)
	}
	r := atMost(waiting+"anonymous memory while draining", float64(n)/1e6, 20, "most of RssAnon, looked at after each mark; without the line")
	r.Unit = "MB"
	return r, nil
}

// Drain reads everything that waits in a store, a window at a time, and marks it
// as sent, as the uplink does; it returns the most anonymous memory meanwhile.
func Drain(path string) (most int64, err error) {
	st, err := open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	const window, mark = 64, 1024
	var after, marked uint64
	for {
		read, bytes := 0, 0
		if err := st.ViewDurable(func(tx *store.Tx) error {
			for e, err := range tx.Unsent(store.StreamSales, after) {
				if err != nil {
					return err
				}
				if read == window {
					break
				}
				bytes += len(e.Data)
				read++
				after = e.Position
			}
			return nil
		}); err != nil {
			return 0, err
		}
		if after-marked >= mark || read == 0 && after > marked {
			if err := st.Update(func(tx *store.Tx) error { return tx.MarkSent(store.StreamSales, after) }); err != nil {
				return 0, err
			}
			marked = after
			most = max(most, anonymousBytes())
		}
		if read == 0 {
			return most, nil
		}
	}
}

// afterwards measures what is left when everything was sent and kept no longer.
func (b *Bench) afterwards(ctx context.Context, path string, size int64) (rows []Row, err error) {
	// What was read in large pieces counts as written in such, too.
	if err := forgetCached(path); err != nil {
		return nil, err
	}
	st, err := open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	const group = 16
	sales := group * b.Scale
	before, err := recordInto(st, group, sales, b.unused(sales), nil)
	if err != nil {
		return nil, err
	}
	b.say("drop what was sent")
	if err := st.Update(func(tx *store.Tx) error {
		return tx.MarkSent(store.StreamSales, tx.Last(store.StreamSales))
	}); err != nil {
		return nil, err
	}
	if _, err := st.Sweep(st.Clock().Now(), 0, 0); err != nil {
		return nil, err
	}
	after, err := recordInto(st, group, sales, b.unused(sales), nil)
	if err != nil {
		return nil, err
	}
	if before.bytes > 0 {
		rows = append(rows, atMost("device bytes per sale after a drained backlog, beside before", after.bytes/before.bytes, 1.2,
			"%.0f and %.0f bytes, 16 callers", after.bytes, before.bytes))
	}
	b.say("compact")
	begun := time.Now()
	if err := st.Compact(ctx); err != nil {
		return nil, err
	}
	took := time.Since(begun)
	var data int64
	if err := st.View(func(tx *store.Tx) error { data = tx.DataBytes(); return nil }); err != nil {
		return nil, err
	}
	now, err := sizeOf(path)
	if err != nil {
		return nil, err
	}
	return append(rows, atMost("file beside the data after a drained backlog with keep_sent = 0", float64(now)/float64(data), 1.5,
		"%d MB of %d; the sales themselves stay for 90 days; compacted in %.1f s", now>>20, size>>20, took.Seconds())), nil
}
