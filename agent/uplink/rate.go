package uplink

import (
	"context"
	"time"
)

// A pace keeps publishes below a rate. Turns that were not used are saved up for
// 20 ms, so that the rate can be reached, and for no more: a broker that cuts off
// a terminal counts by the second.
type pace struct {
	gap   time.Duration // between two publishes, 0 for no bound
	saved time.Duration
	next  time.Time // when the next may go
}

func newPace(perSecond int) *pace {
	if perSecond <= 0 {
		return &pace{}
	}
	return &pace{gap: time.Second / time.Duration(perSecond), saved: 20 * time.Millisecond}
}

// wait waits for the turn of one publish; false: ctx has ended first.
func (p *pace) wait(ctx context.Context) bool {
	if p.gap == 0 {
		return true
	}
	now := time.Now()
	if earliest := now.Add(-p.saved); p.next.Before(earliest) {
		p.next = earliest
	}
	due := p.next
	p.next = due.Add(p.gap)
	if wait := due.Sub(now); wait > 0 {
		return sleep(ctx, wait)
	}
	return true
}
