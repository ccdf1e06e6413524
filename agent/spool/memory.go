package spool

import (
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

// memory is what the spooler keeps of a printer between runs.
type memory struct {
	// Abilities are what it has been found to answer.
	Abilities printer.Abilities `json:"abilities"`
	// Proves: it has given a better proof than the transport's.
	Proves bool `json:"proves,omitempty"`
	// Torn: a ticket was cut off and the printer has not been freed from it
	// yet; Block is the longest block of data that it may still wait for.
	Torn  bool `json:"torn,omitempty"`
	Block int  `json:"block,omitempty"`
	// Generation counts how often it was forgotten. What a conversation of an
	// earlier one learns is not kept.
	Generation int `json:"generation,omitempty"`
}

func memoryKey(printer string) string { return "printer/" + printer }

func (w *worker) recall() (m memory, err error) {
	err = w.spool.store.View(func(tx *store.Tx) error {
		m, err = recall(tx, w.Name)
		return err
	})
	return m, err
}

func recall(tx *store.Tx, printer string) (m memory, err error) {
	return m, recallInto(tx, memoryKey(printer), &m)
}

func remember(tx *store.Tx, printer string, m memory) error {
	return keepAs(tx, memoryKey(printer), m)
}

// learn remembers what the session has shown that the printer answers; freed:
// also that it is free of a torn ticket. One that has been forgotten meanwhile is
// about to be met anew.
func (w *worker) learn(session *printer.Session, freed bool) error {
	var was, now memory
	learn := func(tx *store.Tx) (err error) {
		was, err = recall(tx, w.Name)
		if now = was; err != nil || was.Generation != w.generation {
			return err
		}
		now.Abilities = both(was.Abilities, session.Abilities())
		now.Proves = was.Proves || session.Proof() != printer.Transport
		if freed {
			now.Torn, now.Block = false, 0
		}
		return nil
	}
	if err := w.spool.store.View(learn); err != nil {
		return err
	}
	if now.Generation == w.generation {
		w.settleProfile(now.Abilities)
	}
	if now == was {
		return nil
	}
	_, err := w.spool.store.UpdateVital(func(tx *store.Tx) error {
		if err := learn(tx); err != nil || now == was {
			return err
		}
		return remember(tx, w.Name, now)
	})
	return err
}

// both are what a printer answers that has been asked at two times: one that is
// out of paper answers less, and says who it is only when it feels well.
func both(was, now printer.Abilities) printer.Abilities {
	now.Status = now.Status || was.Status
	now.Fence = now.Fence || was.Fence
	now.ProcessID = now.ProcessID || was.ProcessID
	now.Auto = now.Auto || was.Auto
	for _, text := range []struct {
		now *string
		was string
	}{{&now.Firmware, was.Firmware}, {&now.Maker, was.Maker}, {&now.Model, was.Model}, {&now.Serial, was.Serial}} {
		if *text.now == "" {
			*text.now = text.was
		}
	}
	return now
}

// settleProfile chooses what a printer is printed with whose model nobody has
// named.
func (w *worker) settleProfile(a printer.Abilities) {
	w.model = w.Profile
	if found, ok := recognise(a, w.Paper); ok && w.Auto {
		w.model = found
	}
	w.spool.change(w.unit, func() { w.unit.model, w.unit.abilities = w.model.Name, a })
}

// recognise finds the profile of a printer by what it says of itself, if it
// also answers what that model answers: clones claim to be others. Its paper is
// no wider than that of any model, for nobody has looked at it.
func recognise(a printer.Abilities, paper string) (profile.Profile, bool) {
	p, ok := profile.Match(a.Maker, a.Model)
	if !ok {
		return p, false
	}
	for _, answer := range []struct{ should, does bool }{
		{p.Answers.Status, a.Status}, {p.Answers.Fence, a.Fence},
		{p.Answers.ProcessID, a.ProcessID}, {p.Answers.Auto, a.Auto},
	} {
		if answer.should && !answer.does {
			return p, false
		}
	}
	narrow := profile.Auto().Papers
	if _, has := p.Papers[paper]; !has || narrow[paper].Columns == 0 {
		return p, false
	}
	p.Papers = narrow
	return p, true
}
