package drivers

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// How Keep waits: the window of a pause starts at minPause and doubles up to
// maxPause; a port that has served for steadyAfter counts as well again. An
// attempt to open gets openTimeout.
const (
	minPause    = 250 * time.Millisecond
	maxPause    = 30 * time.Second
	steadyAfter = 10 * time.Second
	openTimeout = 10 * time.Second
)

// A Change is a port that Keep has come to see differently: it is there, or it
// is not, or it is missing for another reason than before.
type Change struct {
	// Up: the port is open and in use.
	Up bool
	// Err is why it is not up.
	Err error
	// Flaps counts how often the port came and went again within ten seconds
	// since it last was up for longer, or since the start.
	Flaps int
}

// Keep holds a port open for as long as ctx lasts: it opens the port, hands it
// to use, closes it when use returns, and opens it again, so that a device
// that was unplugged or switched off is found again by itself. It returns
// ctx's error, and only once ctx has ended and use has returned.
//
// use owns the port until it returns, and returns soon after ctx has ended; it
// need not close the port. Where use returns nil the port is opened again at
// once; after an error, or where open failed, Keep first pauses, for a random
// time between 250 ms and a window that doubles from 500 ms to 30 s and starts
// over once a port has served for ten seconds. One attempt to open may take
// ten seconds.
//
// report hears each Change once, never two at a time, and must return soon. A
// port that keeps coming and going is reported as down once, and as up when it
// has stayed for ten seconds, with the number of times that it flapped between.
func Keep(ctx context.Context, open func(context.Context) (Port, error), use func(context.Context, Port) error, report func(Change)) error {
	k := keeper{open: open, use: use, seen: sight{report: report}}
	window := minPause
	for ctx.Err() == nil {
		steady, err := k.serve(ctx)
		if ctx.Err() != nil {
			break
		}
		if steady {
			window = minPause
		}
		if err == nil {
			continue
		}
		k.seen.down(err)
		window = min(2*window, maxPause)
		pause(ctx, minPause+rand.N(window-minPause))
	}
	return ctx.Err()
}

type keeper struct {
	open func(context.Context) (Port, error)
	use  func(context.Context, Port) error
	seen sight
}

// serve opens the port once and sees its use through; it says whether the port
// served for long enough, and why it ended.
func (k *keeper) serve(ctx context.Context) (steady bool, err error) {
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	port, err := k.open(opening)
	cancel()
	if err != nil {
		return false, err
	}
	defer port.Close()
	opened := time.Now()
	stop := k.seen.up()
	err = k.use(ctx, port)
	steady = time.Since(opened) >= steadyAfter
	stop(!steady && err != nil)
	return steady, err
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A sight is what was reported last, and what has been left unsaid since.
type sight struct {
	report func(Change)

	mu    sync.Mutex
	known bool
	isUp  bool
	cause error // one of the sentinels, or nil for any other cause
	flaps int
}

// up notes that the port is open: said at once, or while it flaps, once it has
// stayed. The returned function is called when the port is not in use any
// more, and is told whether that was a flap.
func (s *sight) up() (stop func(flap bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	over := false
	if s.flaps == 0 {
		s.sayUp()
	}
	timer := time.AfterFunc(steadyAfter, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !over {
			s.sayUp()
			s.flaps = 0
		}
	})
	return func(flap bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		timer.Stop()
		over = true
		if flap {
			s.flaps++
		}
	}
}

// sayUp reports the port as up unless that is known; s.mu is held.
func (s *sight) sayUp() {
	if s.known && s.isUp {
		return
	}
	s.known, s.isUp, s.cause = true, true, nil
	s.report(Change{Up: true, Flaps: s.flaps})
}

// down notes that the port could not be opened or was lost.
func (s *sight) down(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cause := causeOf(err)
	if s.known && !s.isUp && (s.flaps > 0 || s.cause == cause) {
		return
	}
	s.known, s.isUp, s.cause = true, false, cause
	s.report(Change{Err: err, Flaps: s.flaps})
}

// causeOf finds what kind of failure err is, so that another wording of the
// same failure is not news. A device that went and one that is not there are
// the same one.
func causeOf(err error) error {
	for _, cause := range []error{ErrAmbiguous, ErrBusy, ErrDenied, ErrAbsent} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	if errors.Is(err, ErrGone) {
		return ErrAbsent
	}
	return nil
}
