//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"mostrador/printer/virtual"
)

// A slot is one fault that a printer is to have, and how staff mend it.
type slot struct {
	printer string
	fault   virtual.Fault
	at      time.Time     // not before
	lasts   time.Duration // until staff have mended it
	cycle   bool          // by switching it off and on, too

	armed, begun time.Time
	over         bool
}

// plan gives each printer every fault that there is, in an order of its own, one
// printer after the other all evening long.
func (e *evening) plan() (all []*slot) {
	orders := map[string][]int{}
	forms := virtual.FaultForms()
	for _, name := range eveningPrinters() {
		orders[name] = e.rng.Perm(len(forms))
	}
	step := 290 * time.Minute / time.Duration(4*len(forms))
	for i := range 4 * len(forms) {
		name := eveningPrinters()[i%4]
		s := &slot{printer: name, at: e.from.Add(12*time.Minute + time.Duration(i)*step), fault: e.fault(forms[orders[name][i/4]])}
		s.lasts = 20*time.Second + time.Duration(e.rng.Int64N(int64(5*time.Minute)))
		switch s.fault.Kind {
		case virtual.PaperOut:
			if e.rng.IntN(2) == 0 { // nobody finds a roll
				s.lasts = 10*time.Minute + time.Duration(e.rng.IntN(60))*time.Second
			}
		case virtual.Hang, virtual.HangLine, virtual.Cutter, virtual.Silent, virtual.HalfClose:
			s.cycle = e.rng.IntN(2) == 0
		case virtual.Broken:
			s.cycle = s.fault.What == virtual.Unrecoverable
		}
		if e.rng.IntN(4) == 0 {
			s.fault.For, s.cycle = s.lasts, false
		}
		all = append(all, s)
	}
	return all
}

// fault is one of a kind, in the middle of a ticket where it can be.
func (e *evening) fault(form virtual.FaultForm) virtual.Fault {
	text := string(form.Kind)
	switch form.Kind {
	case virtual.Late:
		text += fmt.Sprintf("=%ds", 1+e.rng.IntN(4))
	case virtual.Baud:
		text += "=1200"
	case virtual.Buffer:
		text += "=48"
	case virtual.Missing:
		text += fmt.Sprintf("=%d", 1+e.rng.IntN(4))
	case virtual.Broken:
		text += "=" + []string{virtual.Recoverable, virtual.Unrecoverable, virtual.Automatic}[e.rng.IntN(3)]
	case virtual.Wrong:
		text += "=" + []string{virtual.FlippedBit, virtual.WrongID}[e.rng.IntN(2)]
	}
	instant := slices.Contains([]virtual.FaultKind{virtual.Refuse, virtual.Baud, virtual.Buffer}, form.Kind)
	if !instant && e.rng.IntN(6) > 0 {
		text += fmt.Sprintf("@%d", 20+e.rng.IntN(900))
	}
	f, err := virtual.ParseFault(text)
	must(e, err)
	return f
}

// patience is how long the script waits for a fault to come to its byte.
const patience = 150 * time.Second

// faults breaks and mends what has its time.
func (e *evening) faults() {
	now := time.Now()
	for _, s := range e.slots {
		if s.over || s.at.After(now) {
			continue
		}
		p := e.presses[s.printer]
		switch {
		case s.armed.IsZero():
			s.armed = now
			p.Break(s.fault)
			if s.fault.Kind == virtual.Refuse { // else nobody would notice
				p.Break(virtual.Fault{Kind: virtual.Unplug, For: time.Second})
			}
		case s.begun.IsZero():
			s.begun = begunAt(p, s)
			if s.begun.IsZero() && now.Sub(s.armed) > patience {
				s.fault.After = 0
				p.Break(s.fault)
			}
		case s.fault.For > 0:
			s.over = now.Sub(s.begun) >= s.fault.For
		case now.Sub(s.begun) >= s.lasts:
			s.over = true
			if s.cycle {
				p.Break(virtual.Fault{Kind: virtual.PowerOff, For: 3 * time.Second})
			}
			p.Mend(s.fault.Kind)
		}
	}
}

// begunAt is when a slot's fault began, zero while it has not.
func begunAt(p *press, s *slot) time.Time {
	for _, m := range p.happened() {
		if m.Kind == s.fault.Kind && !m.from.Before(s.armed) {
			return m.from
		}
	}
	return time.Time{}
}
