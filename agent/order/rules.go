package order

import (
	"errors"
	"fmt"
	"time"

	"mostrador/store"
)

// Rules are what the configuration says of orders.
type Rules struct {
	// Stations in the order of the configuration: the first that matches a
	// line takes it.
	Stations []Station
	// Printers are the names of all printers. Without stations everything
	// prints on the first.
	Printers []string
	// Tickets by kind: receipt, delivery and comanda count.
	Tickets map[store.TicketKind]TicketRule
	// LeadTime is how long before it is due a scheduled order's tickets print.
	LeadTime time.Duration
	// RequestTTL is how long a channel can still use our answer; 0: 15 minutes.
	RequestTTL time.Duration
	// Location is the terminal's: the log tells people times in it; nil: UTC.
	Location *time.Location
}

// clock is a time as the log tells it to people.
func (r Rules) clock(t time.Time) string {
	if r.Location == nil {
		return t.UTC().Format("02/01/2006 15:04 UTC")
	}
	return t.In(r.Location).Format("02/01/2006 15:04")
}

// A Station is a place of the kitchen.
type Station struct {
	Name string
	// Printers: the first is where its comandas come out, the others are
	// fallbacks.
	Printers []string
	// Products, Categories and Names are patterns of external ids, categories
	// and names. * stands for any text, ? for one character; case and accents
	// do not count.
	Products, Categories, Names []string
	// Default: it takes what no station matches.
	Default bool
}

// A TicketRule is what the configuration says of one kind of ticket.
type TicketRule struct {
	// Printers: the first is where it comes out; empty: the station's, or the
	// default station's for a ticket of no station.
	Printers []string
	// MaxAge is how old it may get, 0 for any age.
	MaxAge time.Duration
	// Copies of it, 0 for 1.
	Copies int
}

const defaultRequestTTL = 15 * time.Minute

// Check says everything that is wrong with the rules.
func (r Rules) Check() error {
	var faults []error
	known := map[string]bool{}
	for _, p := range r.Printers {
		known[p] = true
	}
	check := func(who string, printers []string) {
		for _, p := range printers {
			if !known[p] {
				faults = append(faults, fmt.Errorf("%s names the printer %q, which is not configured", who, p))
			}
		}
	}
	seen, defaults := map[string]bool{}, 0
	for _, s := range r.Stations {
		who := fmt.Sprintf("station %q", s.Name)
		if s.Name == "" || seen[s.Name] {
			faults = append(faults, fmt.Errorf("%s: every station needs a name of its own", who))
		}
		seen[s.Name] = true
		if len(s.Printers) == 0 {
			faults = append(faults, fmt.Errorf("%s has no printer", who))
		}
		check(who, s.Printers)
		if s.Default {
			defaults++
		}
	}
	if defaults > 1 {
		faults = append(faults, errors.New("more than one station is the default; keep default = true at one"))
	}
	for kind, t := range r.Tickets {
		check(fmt.Sprintf("tickets.%s", kind), t.Printers)
	}
	return errors.Join(faults...)
}

// defaultStation is the one that takes what nobody matches: the default one,
// the first where none is, and one without a name on the first printer where
// there are no stations. ok is false when there is no printer at all.
func (r Rules) defaultStation() (s Station, ok bool) {
	for _, s := range r.Stations {
		if s.Default {
			return s, true
		}
	}
	if len(r.Stations) > 0 {
		return r.Stations[0], true
	}
	if len(r.Printers) > 0 {
		return Station{Printers: r.Printers[:1], Default: true}, true
	}
	return Station{}, false
}
