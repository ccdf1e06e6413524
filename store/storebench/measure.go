package storebench

import "time"

// measured is what one round came to, per sale.
type measured struct {
	perSecond float64
	p50       time.Duration // of one call, where they are taken one by one
	bytes     float64       // that went to the device
	cpu       time.Duration
}

// A watch measures a round.
type watch struct {
	begun   time.Time
	written int64
	cpu     time.Duration
	single  bool // the calls are timed, too
	calls   []time.Duration
}

func begin(single bool) *watch {
	return &watch{begun: time.Now(), written: deviceBytes(), cpu: cpuTime(), single: single}
}

func (w *watch) start() time.Time {
	if !w.single {
		return time.Time{}
	}
	return time.Now()
}

func (w *watch) done(start time.Time) {
	if w.single {
		w.calls = append(w.calls, time.Since(start))
	}
}

func (w *watch) end(sales int) measured {
	took, n := time.Since(w.begun), float64(sales)
	return measured{
		perSecond: n / took.Seconds(), p50: median(w.calls),
		bytes: float64(deviceBytes()-w.written) / n, cpu: (cpuTime() - w.cpu) / time.Duration(sales),
	}
}
