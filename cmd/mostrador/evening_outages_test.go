//go:build linux

package main

import (
	"strings"
	"time"

	"mostrador/agent/spool"
	"mostrador/printer/virtual"
)

// causes are the words that may tell of a fault; the first ones that came count.
var causes = map[virtual.FaultKind][]string{
	virtual.PaperOut:  {"sin papel"},
	virtual.CoverOpen: {"tapa abierta"},
	virtual.Cutter:    {"cortador"},
	virtual.Offline:   {"fuera de línea"},
	virtual.Broken:    {"error de la impresora"},
	virtual.Hang:      {"no contesta", "dejó de recibir", "fuera de línea", "tarda demasiado"},
	virtual.HangLine:  {"no contesta", "dejó de recibir", "fuera de línea", "tarda demasiado"},
	virtual.PowerOff:  {"se cortó la línea"},
	virtual.Unplug:    {"se cortó la línea"},
	virtual.Refuse:    {"se cortó la línea"},
}

// outages: what the report tells of the printers is what happened to them, with
// its time and its cause, and every fault that kept one from printing for long is
// told.
func (a *account) outages() {
	told := map[string][]spool.Outage{}
	for _, o := range a.report.Outages {
		told[o.Printer] = append(told[o.Printer], o)
		if o.To.IsZero() {
			a.Errorf("the outage of %s at %s (%s) has no end", o.Printer, a.clockOf(o.From.Wall), o.Cause)
		}
		if o.Tickets != o.Waited+o.Moved+o.Expired {
			a.Errorf("an outage of %s does not add up: %+v", o.Printer, o)
		}
	}
	for name, p := range a.presses {
		for _, m := range p.happened() {
			a.told(m, told[name])
		}
		for _, o := range told[name] {
			a.happened(o, p.happened())
		}
	}
}

// told: a fault that stopped a printer for a minute is within an outage that
// began and ended with it. One that hangs in the middle of a ticket is given
// printer.Timing.Paper.
func (a *account) told(m mishap, all []spool.Outage) {
	words := causes[m.Kind]
	if words == nil || m.till.Sub(m.from) < time.Minute || a.masked(m) {
		return
	}
	for _, o := range all {
		if o.From.Wall.After(m.from.Add(35*time.Second)) || o.To.Wall.Before(m.till.Add(-10*time.Second)) {
			continue
		}
		for _, w := range words {
			if strings.Contains(o.Cause, w) {
				return
			}
		}
		if o.From.Wall.Before(m.from) {
			return // it was out of order already, for another reason
		}
	}
	a.Errorf("%s had %s from %s to %s, and the report tells %s", m.printer, m.Fault, a.clockOf(m.from), a.clockOf(m.till), a.list(all))
}

func (a *account) list(all []spool.Outage) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString("\n    " + a.clockOf(o.From.Wall) + "-" + a.clockOf(o.To.Wall) + " " + o.Cause)
	}
	return b.String()
}

// masked: the agent was not there to see it, or nothing came to the printer.
func (a *account) masked(m mishap) bool {
	for _, down := range a.downs {
		if m.from.Before(down.till) && m.till.After(down.from) {
			return true
		}
	}
	return m.Kind == virtual.Cutter // it jams when something is cut
}

// happened: an outage was while something was wrong with the printer, or a
// person had paused it, or the agent was stopped.
func (a *account) happened(o spool.Outage, all []mishap) {
	from, to := o.From.Wall, o.To.Wall
	if strings.Contains(o.Cause, "en pausa") {
		return
	}
	const settled = 45 * time.Second // after a fault, until all is as it was
	until := from
	for range len(all) { // one fault may come before the one before has settled
		for _, m := range append(all, a.downs...) {
			if !m.from.After(until.Add(settled)) && m.till.Add(settled).After(until) && (until != from || !m.from.After(from.Add(time.Second))) {
				until = m.till.Add(settled)
			}
		}
	}
	if until.Add(settled+30*time.Second).After(to) && until != from {
		return
	}
	var b strings.Builder
	for _, m := range all {
		if m.till.After(from.Add(-10*time.Minute)) && m.from.Before(to) {
			b.WriteString("\n    " + a.clockOf(m.from) + "-" + a.clockOf(m.till) + " " + m.Fault.String())
		}
	}
	a.Errorf("the report tells of %s from %s to %s: %s, and nothing else was wrong with it then than%s",
		o.Printer, a.clockOf(from), a.clockOf(to), o.Cause, b.String())
}
