package store

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// telemetry emits n events of the devices.
func telemetry(t *testing.T, s *Store, n int) {
	t.Helper()
	data := map[string]string{"device": "cocina", "cause": strings.Repeat("x", 500)}
	for done := 0; done < n; done += 10 {
		update(t, s, func(tx *Tx) error {
			for range min(10, n-done) {
				if _, err := tx.Emit(StreamDevices, "mostrador.device.v1", data); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// told lists what of a stream a backend will have been told of when all that
// waits has arrived: by sequence, true for come and false for dropped.
func told(t *testing.T, s *Store, stream Stream, epoch string) (of map[uint64]bool, gaps int) {
	t.Helper()
	of = map[uint64]bool{}
	view(t, s, func(tx *Tx) error {
		for e, err := range tx.Unsent(stream, 0) {
			if err != nil {
				return err
			}
			if e.Epoch == epoch {
				of[e.Sequence] = true
			}
			if e.Type != GapType {
				continue
			}
			gaps++
			var gap Gap
			if err := json.Unmarshal(e.Data, &gap); err != nil {
				return err
			}
			if gap.Epoch != epoch {
				continue
			}
			if len(gap.From) != 20 || len(gap.Through) != 20 || gap.Stream != stream || gap.Reason == "" {
				t.Errorf("the gap is %+v", gap)
			}
			for n := number20(t, gap.From); n <= number20(t, gap.Through); n++ {
				of[n] = of[n] || false
			}
		}
		return nil
	})
	return of, gaps
}

func number20(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSalesDisplaceTelemetry: in a store full of unsent telemetry sales go in,
// telemetry goes out, and a gap names every event that is missing, also those
// that an earlier gap named.
func TestSalesDisplaceTelemetry(t *testing.T) {
	const maxSize, reserve = 1 << 20, 256 << 10
	s := opened(t, Options{MaxSize: maxSize, Reserve: reserve})
	epoch := s.Opening().Epoch
	telemetry(t, s, 1500) // twice of what there is room for: the newest stay
	sales := fillUp(t, s)
	if sales < 100 {
		t.Fatalf("only %d sales found room in a store full of telemetry", sales)
	}
	if n := checkSequences(t, s, StreamSales); n != uint64(sales) {
		t.Errorf("%d sales wait, %d were taken", n, sales)
	}
	checkTold(t, s, epoch)

	// What is left are gaps and sales, and neither goes.
	before := sales
	update(t, s, func(tx *Tx) error { return tx.SetCursor("x", nil) })
	if more := fillUp(t, s); more > 20 {
		t.Errorf("%d further sales found room where nothing may be dropped", more)
	}
	if n := checkSequences(t, s, StreamSales); n < uint64(before) {
		t.Errorf("%d sales wait, %d were taken", n, before)
	}
}

func checkTold(t *testing.T, s *Store, epoch string) {
	t.Helper()
	of, gaps := told(t, s, StreamDevices, epoch)
	missing := 0
	var last uint64
	view(t, s, func(tx *Tx) error { last = tx.Last(StreamDevices); return nil })
	for n := uint64(1); n <= last; n++ {
		come, known := of[n]
		if !known {
			t.Fatalf("sequence %d of %d neither waits nor is named by a gap", n, last)
		}
		if !come {
			missing++
		}
	}
	if gaps == 0 || missing < 100 {
		t.Fatalf("%d gaps name %d events: nothing was tested", gaps, missing)
	}
	t.Logf("%d gaps name %d of %d events", gaps, missing, last)
}

// TestGapsOfTwoEpochs: what is dropped of an earlier epoch is named as such.
func TestGapsOfTwoEpochs(t *testing.T) {
	dir := t.TempDir()
	s := at(t, dir, Options{})
	first := s.Opening().Epoch
	telemetry(t, s, 10)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = at(t, dir, Options{Identity: "lima-01/caja-2"})
	second := s.Opening().Epoch
	telemetry(t, s, 10)
	drop := func(wanted int) {
		update(t, s, func(tx *Tx) error {
			_, err := tx.dropTelemetry(wanted)
			return err
		})
	}
	drop(2000)    // some of the first epoch
	drop(1 << 20) // the rest, and the second with the gap of the first
	for epoch, last := range map[string]uint64{first: 10, second: 13} {
		of, gaps := told(t, s, StreamDevices, epoch)
		for n := uint64(1); n <= last; n++ {
			if _, known := of[n]; !known {
				t.Errorf("sequence %d of epoch %s is not told of", n, epoch)
			}
		}
		if gaps != 2 {
			t.Errorf("%d gaps wait, want one of each epoch", gaps)
		}
	}
	drop(1 << 20) // only gaps are left
	if of, gaps := told(t, s, StreamDevices, first); gaps != 2 || len(of) != 10 {
		t.Errorf("dropping gaps alone left %d gaps naming %d events", gaps, len(of))
	}
}
