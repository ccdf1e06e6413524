package uplink

import (
	"time"
)

const (
	// resendFirst is how long the backend may leave a stream without any
	// acknowledgement before what waits for one goes again; the time doubles up
	// to resendMax as long as nothing comes.
	resendFirst = 5 * time.Minute
	resendMax   = 6 * time.Hour
	// resendLook is how often that is looked at.
	resendLook = 10 * time.Second
)

// settledMark is what a lane has seen of the backend's acknowledgements.
type settledMark struct {
	position uint64
	since    time.Time     // when it came there, or when something was sent behind it
	patience time.Duration // until what is behind it goes again
}

// rewind sends again what the backend has not acknowledged for too long, and
// reports of which streams: between broker and backend it may have been lost.
func (o *outbox) rewind(now time.Time) (streams []string) {
	for _, l := range o.lanes {
		if l.part != "" {
			continue
		}
		at, mark := &l.settled, o.marks.of(l.stream)
		if at.position != mark || at.since.IsZero() || l.sent <= mark {
			*at = settledMark{mark, now, resendFirst}
			continue
		}
		if now.Sub(at.since) < at.patience {
			continue
		}
		at.since, at.patience = now, min(2*at.patience, resendMax)
		l.after, l.ahead, l.maybe = mark, nil, true
		streams = append(streams, string(l.stream))
	}
	return streams
}
