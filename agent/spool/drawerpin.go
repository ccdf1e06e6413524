package spool

import (
	"fmt"
	"time"

	"mostrador/store"
)

// How what the sensor of a drawer says is understood.
const (
	// answersWithin is how soon after a pulse a drawer opens.
	answersWithin = 3 * time.Second
	// unaskedPause is how often an opening that nobody asked for is told at most; a
	// loose contact has many. What was not told is counted.
	unaskedPause = time.Minute
	// maxPinNews bounds what waits to be told of one drawer.
	maxPinNews = 64
)

// A drawerPin is what a printer says of the drawer on it: the level of its
// connector's pin 3, which a switch in the drawer moves. Without a drawer, or
// with one that has no switch, the printer's own resistor keeps it high.
type drawerPin struct {
	known bool
	high  bool
	// moved: it has changed since the start, so that there is a switch.
	moved  bool
	pulse  time.Time // our last pulse
	kicked time.Time // the same, while no opening has followed
	open   bool
	since  time.Time // it is open, or closed
	news   []pinNews
	left   bool // staff have been told that it was left open

	// Of unasked openings: when one was told, and how many were not since.
	toldAt time.Time
	untold int
}

// pinNews is one thing that a drawer did.
type pinNews struct {
	kind   string        // a store.Entry's
	lasted time.Duration // of a closing: how long it was open
}

// The kinds of entries about drawers, beside drawer.opened of our own pulses.
const (
	drawerUnasked  = "drawer.unasked"
	drawerClosed   = "drawer.closed"
	drawerLeft     = "drawer.left_open"
	drawerStuck    = "drawer.stuck"
	drawerReversed = "drawer.reversed"
)

// see takes the level of the pin. openLow: a low level means open.
func (p *drawerPin) see(high, openLow bool, now time.Time) {
	open := high != openLow
	if !p.known {
		p.known, p.high, p.open, p.since = true, high, open, now
		return
	}
	if high == p.high {
		return
	}
	asked := !p.kicked.IsZero() && now.Sub(p.kicked) <= answersWithin
	p.high, p.moved = high, true
	switch {
	case open && !asked:
		p.add(pinNews{kind: drawerUnasked})
	case !open && !p.pulse.IsZero() && now.Sub(p.pulse) <= 500*time.Millisecond: // nobody is that quick
		p.add(pinNews{kind: drawerReversed})
	case !open:
		p.add(pinNews{kind: drawerClosed, lasted: now.Sub(p.since)})
	}
	p.kicked = time.Time{}
	p.open, p.since, p.left = open, now, false
}

func (p *drawerPin) add(n pinNews) {
	if len(p.news) < maxPinNews {
		p.news = append(p.news, n)
	}
}

// pulsed notes a pulse of ours. One that finds the drawer open opens nothing.
func (p *drawerPin) pulsed(now time.Time) {
	if p.pulse = now; !p.open {
		p.kicked = now
	}
}

// sent notes that the pulse has gone out only now, where nothing has opened yet.
func (p *drawerPin) sent(now time.Time) {
	if p.pulse = now; !p.kicked.IsZero() {
		p.kicked = now
	}
}

// due adds what time has brought: a drawer that our pulse did not open, and one
// that was left open for longer than limit. next is when to look again, 0 for
// not by itself.
func (p *drawerPin) due(limit time.Duration, now time.Time) (next time.Duration) {
	if !p.kicked.IsZero() {
		if left := answersWithin - now.Sub(p.kicked); left > 0 {
			return left
		}
		if p.kicked = (time.Time{}); p.moved {
			p.add(pinNews{kind: drawerStuck})
		}
	}
	if !p.open || !p.moved || p.left || limit <= 0 {
		return 0
	}
	if left := limit - now.Sub(p.since); left > 0 {
		return left
	}
	p.left = true
	p.add(pinNews{kind: drawerLeft, lasted: now.Sub(p.since)})
	return 0
}

// state is open or closed, or empty where nobody can know.
func (p *drawerPin) state() string {
	switch {
	case !p.known || !p.moved && !p.open:
		return ""
	case p.open:
		return "open"
	}
	return "closed"
}

// entries takes what is to be told of a drawer.
func (p *drawerPin) entries(printer string, now time.Time) (out []store.Entry) {
	for _, n := range p.news {
		e := store.Entry{Kind: n.kind, Subject: printer, Severity: store.Info}
		switch n.kind {
		case drawerUnasked:
			if p.untold++; !p.toldAt.IsZero() && now.Sub(p.toldAt) < unaskedPause {
				continue
			}
			e.Severity, e.Text = store.Warning, fmt.Sprintf("cajón de %s abierto sin orden: nadie lo pidió aquí", printer)
			if p.untold > 1 {
				e.Text += fmt.Sprintf(" (%d veces desde el último aviso; si nadie lo toca, mire su interruptor y el cable)", p.untold)
			}
			p.toldAt, p.untold = now, 0
		case drawerClosed:
			if p.untold > 0 {
				continue
			}
			e.Text = fmt.Sprintf("cajón de %s cerrado (estuvo abierto %s)", printer, spell(n.lasted))
		case drawerLeft:
			e.Severity, e.Text = store.Warning, fmt.Sprintf("cajón de %s: lleva %s abierto; ciérrelo", printer, spell(n.lasted))
		case drawerStuck:
			e.Severity, e.Text = store.Warning, fmt.Sprintf("cajón de %s: no se abrió; mire si está con llave o trabado", printer)
		case drawerReversed:
			e.Severity, e.Text = store.Warning, fmt.Sprintf("cajón de %s: su interruptor parece al revés; el técnico debe cambiar drawer_open en la configuración", printer)
		}
		out = append(out, e)
	}
	p.news = nil
	return out
}

// spell says for how long, as people do.
func spell(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

// tellDrawer logs what the drawer on a printer did.
func (k *keeper) tellDrawer(u *unit) error {
	if !u.Drawer {
		return nil
	}
	s, now := k.spool, time.Now()
	s.mu.Lock()
	next := u.pin.due(u.DrawerLeft, now)
	before := u.pin
	entries := u.pin.entries(u.Name, now)
	s.mu.Unlock()
	if next > 0 {
		k.in(next)
	}
	if len(entries) == 0 {
		return nil
	}
	err := s.note(func(tx *store.Tx) error { return logAll(tx, entries) }, entries[0].Text)
	if err != nil { // told again with what comes meanwhile
		s.mu.Lock()
		u.pin.news = append(before.news, u.pin.news...)
		u.pin.toldAt, u.pin.untold = before.toldAt, before.untold
		s.mu.Unlock()
	}
	return err
}
