package command

import (
	"fmt"
	"time"

	"mostrador/agent/config"
	"mostrador/store"
)

// lookEvery is how often a trial is looked at.
const lookEvery = time.Second

// watchTrial settles a trial that has ended, and has one that goes on looked at
// now and then, through the channel.
func (d *Desk) watchTrial() (look <-chan time.Time, stop func()) {
	if d.config.Path == "" {
		return nil, func() {}
	}
	t, err := config.ReadTrial(d.config.Path)
	if err != nil {
		d.log.Error("trial of a configuration", "error", err)
	}
	if t == nil {
		return nil, func() {}
	}
	if t.Outcome != "" {
		if err := d.endTrial(t, Outcome(t.Outcome), t.Reason); err != nil {
			d.log.Error("trial of a configuration", "error", err)
		}
		return nil, func() {}
	}
	d.trialBegan = time.Now()
	tick := time.NewTicker(lookEvery)
	return tick.C, tick.Stop
}

// lookAtTrial keeps the configuration once the terminal is up with it, and goes
// back to the one before when its time is over.
func (d *Desk) lookAtTrial() {
	t, err := config.ReadTrial(d.config.Path)
	if err != nil || t == nil || t.Outcome != "" {
		return
	}
	up, why := d.machine.Up()
	switch {
	case up:
		err = d.endTrial(t, Done, "")
	case time.Since(d.trialBegan) > t.Within:
		if err = config.RollBack(d.config.Path, fmt.Sprintf("not up within %v: %s", t.Within, why)); err == nil {
			d.machine.Restart("to go back to the configuration before")
		}
	}
	if err != nil {
		d.log.Error("trial of a configuration", "error", err)
	}
}

// endTrial records how a trial ended, and forgets it.
func (d *Desk) endTrial(t *config.Trial, o Outcome, reason string) error {
	if t.Version == 0 { // nobody pushed it
		if err := d.update(func(tx *store.Tx) error { return tx.Log(pairedEntry(o, reason)) }); err != nil {
			return err
		}
		return config.EndTrial(d.config.Path)
	}
	w, _, err := d.waitingConfig()
	if err != nil {
		return err
	}
	if w.Version != t.Version { // another has come meanwhile, or the store is another
		w = desired{Version: t.Version, SHA256: t.SHA256, TakenAt: d.now()}
	}
	if w.Answer == nil {
		if err := d.endConfig(w, o, reason, nil); err != nil {
			return err
		}
	}
	if err := config.EndTrial(d.config.Path); err != nil {
		return err
	}
	select {
	case d.wake <- struct{}{}: // for one that has come meanwhile
	default:
	}
	return nil
}
