package storebench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"mostrador/store"
)

// callers are how many record at once, with what is promised beside append.
var callers = []struct {
	n        int
	ofAppend float64
}{{1, 0.55}, {16, 4}, {64, 12}}

// Intake measures sales committed a second.
func (b *Bench) Intake(ctx context.Context) ([]Row, error) {
	rounds := map[int]*intake{}
	for _, c := range callers {
		rounds[c.n] = &intake{callers: c.n, peers: map[string][]float64{}, peerBytes: map[string][]float64{}}
	}
	for n := range b.Rounds {
		for _, c := range callers {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			b.say("intake, round %d of %d, %d callers", n+1, b.Rounds, c.n)
			if err := rounds[c.n].round(b); err != nil {
				return nil, err
			}
		}
	}
	var rows []Row
	for _, c := range callers {
		rows = append(rows, rounds[c.n].rows(c.ofAppend)...)
	}
	return rows, nil
}

// An intake is what the rounds with so many callers came to.
type intake struct {
	callers           int
	ours, bare, line  []measured
	read              []measured // each read back; a lone caller only
	peers, peerBytes  map[string][]float64
	names             []string
	ofBare, ofAppend  []float64
	readOfBare        []float64
	p50, bytes, perOp []float64
}

// round has ours, the bare one, the append and the peers record in turn.
func (in *intake) round(b *Bench) error {
	dir, remove, err := b.folder()
	if err != nil {
		return err
	}
	defer remove()
	sales := in.callers * b.Scale
	ours, err := recordAll(storePath(dir), in.callers, sales, nil)
	if err != nil {
		return err
	}
	if in.callers == 1 {
		read, err := recordAll(filepath.Join(dir, "read.db"), in.callers, sales, readLatest)
		if err != nil {
			return err
		}
		in.read = append(in.read, read)
	}
	least, err := bare(storePath(dir), dir, in.callers)
	if err != nil {
		return fmt.Errorf("bare bbolt: %w", err)
	}
	line, err := appended(dir, b.Scale)
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	in.ours, in.bare, in.line = append(in.ours, ours), append(in.bare, least), append(in.line, line)
	in.ofBare = append(in.ofBare, ours.perSecond/least.perSecond)
	if in.callers == 1 {
		in.readOfBare = append(in.readOfBare, in.read[len(in.read)-1].perSecond/least.perSecond)
	}
	in.ofAppend = append(in.ofAppend, ours.perSecond/line.perSecond)
	in.p50 = append(in.p50, float64(ours.p50)/float64(line.p50))
	if least.bytes > 0 {
		in.bytes = append(in.bytes, ours.bytes/least.bytes)
	}
	in.perOp = append(in.perOp, float64((ours.cpu - least.cpu).Microseconds()))
	for _, p := range b.Peers {
		perSecond, bytes, err := p.Record(dir, sales, in.callers, 640, 930)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if len(in.peers[p.Name]) == 0 {
			in.names = append(in.names, p.Name)
		}
		in.peers[p.Name] = append(in.peers[p.Name], ours.perSecond/perSecond)
		in.peerBytes[p.Name] = append(in.peerBytes[p.Name], bytes)
	}
	return nil
}

// recordAll has callers record sales in a new store, and do something after each.
func recordAll(path string, callers, sales int, after func(*store.Store) error) (m measured, err error) {
	st, err := open(path)
	if err != nil {
		return m, err
	}
	m, err = recordInto(st, callers, sales, 0, after)
	if closed := st.Close(); err == nil {
		err = closed
	}
	return m, err
}

// recordInto counts what has to be done in the end for a reader to see them all.
func recordInto(st *store.Store, callers, sales int, from int64, after func(*store.Store) error) (measured, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	faults := make([]error, callers)
	list := make([]*store.Sale, sales)
	for n := range list {
		list[n] = sale(from + int64(n) + 1)
	}
	w := begin(callers == 1)
	for i := range faults {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(sales) {
					return
				}
				start := w.start()
				if faults[i] = record(st, list[n-1]); faults[i] != nil {
					return
				}
				w.done(start)
				if after != nil {
					if faults[i] = after(st); faults[i] != nil {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	err := errors.Join(append(faults, readLatest(st))...)
	return w.end(sales), err
}

// readLatest reads the sale that was recorded last.
func readLatest(st *store.Store) error {
	return st.View(func(tx *store.Tx) error {
		for _, err := range tx.Sales() {
			return err
		}
		return errors.New("there is no sale")
	})
}

func rate(list []measured) float64 {
	var all []float64
	for _, m := range list {
		all = append(all, m.perSecond)
	}
	return median(all)
}

func (in *intake) rows(ofAppend float64) []Row {
	with := fmt.Sprintf("durable sales, %d callers, ", in.callers)
	if in.callers == 1 {
		with = "durable sales, a lone caller, "
	}
	rows := []Row{
		atLeast(with+"beside bare bbolt", median(in.ofBare), 0.9, "%.0f and %.0f sales/s; %.0f µs of processor more per sale",
			rate(in.ours), rate(in.bare), median(in.perOp)),
		atLeast(with+"beside append + fdatasync one by one", median(in.ofAppend), ofAppend, "%.0f/s", rate(in.line)),
	}
	if in.callers == 1 {
		rows = append(rows,
			atLeast(with+"each read back, beside bare bbolt that nobody reads", median(in.readOfBare), 0.9, "%.0f sales/s", rate(in.read)),
			atMost(with+"p50 beside append + fdatasync", median(in.p50), 3, "%v and %v", in.ours[0].p50, in.line[0].p50))
	}
	if len(in.bytes) > 0 {
		rows = append(rows, atMost(with+"device bytes beside bare bbolt", median(in.bytes), 1.1, "%.0f and %.0f bytes per sale",
			in.ours[0].bytes, in.bare[0].bytes))
	}
	for _, name := range in.names {
		rows = append(rows, Row{What: with + "beside " + name, Measured: median(in.peers[name]), Holds: true,
			How: fmt.Sprintf("in equal groups; %.0f device bytes per sale", median(in.peerBytes[name]))})
	}
	return rows
}
