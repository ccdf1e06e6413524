package storeorder

import (
	"cmp"
	"slices"
	"time"

	"mostrador/agent/claim"
)

// Status is how it stands with the orders of the store.
type Status struct {
	// Role and TakeoverAfter of this terminal, by its configuration.
	Role          claim.Role    `json:"role"`
	TakeoverAfter time.Duration `json:"takeover_after_ns"`
	// Listening: what is the store's comes here, as this terminal's own birth has.
	Listening bool `json:"listening"`
	// Holder is the terminal that takes what comes now, as far as this one knows.
	Holder string `json:"holder"`
	// Others are the store's other terminals that take such orders.
	Others []Other `json:"others"`
	// Open are the orders that are not on paper yet; Recent counts those of the
	// last two days that are.
	Open   []Open `json:"open"`
	Recent int    `json:"recent"`
}

// An Other is another terminal of the store.
type Other struct {
	Terminal string     `json:"terminal"`
	Role     claim.Role `json:"role"`
	// Heard: something was, within the takeover time; HeardAgo since when
	// nothing was, 0 where nothing was since the start.
	Heard    bool          `json:"heard"`
	HeardAgo time.Duration `json:"heard_ago_ns,omitempty"`
}

// An Open order is not on paper yet, as far as this terminal knows.
type Open struct {
	Order string      `json:"order"`
	State claim.State `json:"state"`
	Owner string      `json:"owner,omitempty"` // who prints it, where that is known
	Doubt claim.Doubt `json:"doubt,omitempty"`
	Since time.Time   `json:"since"` // when something last came of it
}

// Status may be called at any time.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{Role: k.set.Role, TakeoverAfter: k.set.TakeoverAfter, Listening: k.taker.IsCaughtUp(),
		Holder: k.set.Terminal, Others: []Other{}, Open: []Open{}}
	best := k.set.Role
	for id, role := range k.taker.Peers() {
		ago, ever := k.taker.Silence(k.now(), id)
		o := Other{Terminal: id, Role: role, Heard: ever && ago < k.set.TakeoverAfter, HeardAgo: ago}
		s.Others = append(s.Others, o)
		if o.Heard && (role != best && role == claim.Holder || role == best && id < s.Holder) {
			s.Holder, best = id, role
		}
	}
	slices.SortFunc(s.Others, func(a, b Other) int { return cmp.Compare(a.Terminal, b.Terminal) })
	for key, r := range k.records {
		o, _ := k.taker.Order(key)
		if o.State == claim.Done {
			s.Recent++
			continue
		}
		s.Open = append(s.Open, Open{key, o.State, o.Owner, r.Doubt, r.Touched})
	}
	slices.SortFunc(s.Open, func(a, b Open) int { return a.Since.Compare(b.Since) })
	return s
}
