package claim

import "time"

// become moves an order on.
func (t *Taker) become(key string, o *Order, s State, owner string) {
	o.State, o.Owner = s, owner
	t.changed[key] = true
}

// has: this terminal has it on paper, or is about to.
func (t *Taker) has(o *Order) bool { return o.State == Taken || o.State == Done && o.Owner == t.me }

// answer says how an order stands that another one claims.
func (t *Taker) answer(now time.Duration, m Message, o *Order) {
	switch {
	case o.State == Taken:
		t.say(m.Order, Mine, "")
	case o.State == Done:
		t.say(m.Order, Proven, "")
	case o.State == Claiming && t.outranks(m.By):
		// It reads our claim, too, and leaves it to us. But it may print before
		// it does, so that only its own word tells.
		o.rivals[m.By] = true
	default:
		t.leave(now, m.Order, o, m.By)
		t.say(m.Order, Yours, m.By)
	}
}

func (t *Taker) leave(now time.Duration, key string, o *Order, owner string) {
	if o.State != Theirs || o.Owner != owner {
		o.since, o.said = now, false
	}
	o.Doubt = true
	t.become(key, o, Theirs, owner)
}

// outranks says whether this terminal goes before another.
func (t *Taker) outranks(other string) bool {
	theirs := t.peers[other].role
	if t.role != theirs {
		return t.role == Holder
	}
	return t.me < other
}

// consider takes an order on where it is this terminal's turn.
func (t *Taker) consider(now time.Duration, key string, o *Order) {
	if !o.Here {
		return
	}
	switch o.State {
	case Waiting:
		if t.connected && (t.myTurn(now) || t.waited(now, o) >= t.takeover) {
			t.claim(now, key, o)
		} else if !t.connected && t.waited(now, o) >= t.takeover+t.settle() {
			t.take(key, o, Unread, "")
		}
	case Theirs:
		if t.connected && t.abandoned(now, o) {
			t.claim(now, key, o)
		}
	case Claiming:
		t.decide(now, key, o)
	}
}

// waited is for how long an order has stood as it does, with the line as it is.
func (t *Taker) waited(now time.Duration, o *Order) time.Duration { return now - max(o.since, t.since) }

// myTurn: nobody that goes before this terminal is there. A stand-in may not
// have heard yet of those that do.
func (t *Taker) myTurn(now time.Duration) bool {
	if t.role != Holder && now-t.since < t.takeover {
		return false
	}
	for id := range t.peers {
		if !t.outranks(id) && !t.silent(now, id) {
			return false
		}
	}
	return true
}

// silent: nothing was heard of another for the takeover time, all of which this
// terminal was connected.
func (t *Taker) silent(now time.Duration, id string) bool {
	p := t.peers[id]
	return t.connected && now-t.since >= t.takeover && (p == nil || now-p.heard >= t.takeover)
}

// abandoned: whoever has claimed an order is not there, or has not come to
// printing it.
func (t *Taker) abandoned(now time.Duration, o *Order) bool {
	if t.silent(now, o.Owner) {
		return t.waited(now, o) >= t.takeover
	}
	return !o.said && t.waited(now, o) >= t.takeover+t.settle()
}

func (t *Taker) claim(now time.Duration, key string, o *Order) {
	o.since, o.readBack, o.answered, o.rivals = now, false, map[string]bool{}, map[string]bool{}
	t.become(key, o, Claiming, "")
	t.say(key, Claim, "")
}

// decide prints what was read back and cannot be another's, or can be no longer
// found out.
func (t *Taker) decide(now time.Duration, key string, o *Order) {
	if !o.Here {
		return
	}
	if !t.connected || !o.readBack {
		if t.waited(now, o) >= t.takeover+t.settle() {
			t.take(key, o, Unread, "")
		}
		return
	}
	missing := ""
	for id := range t.peers {
		if !o.answered[id] && !t.cannotHave(now, id, o) {
			missing = max(missing, id)
		}
	}
	switch {
	case missing != "" && now-o.since < t.settle():
	case missing != "":
		t.take(key, o, Unanswered, missing)
	default:
		t.take(key, o, "", "")
	}
}

func (t *Taker) take(key string, o *Order, why Doubt, other string) {
	if o.Doubt {
		why = Unproven
	}
	t.become(key, o, Taken, t.me)
	t.out = append(t.out, Action{Take: key, Doubt: why, Other: other})
	t.say(key, Mine, "")
}

// cannotHave: another, which has not answered, cannot have printed the order.
// It would have claimed it first, and the claim would have come here: before
// this terminal's own where a broker hands on in one order. Where a cluster does
// not, it claims only after the takeover time without a heartbeat of those that
// go before it.
func (t *Taker) cannotHave(now time.Duration, id string, o *Order) bool {
	if !o.fresh || o.rivals[id] {
		return false
	}
	if t.outranks(id) {
		return now-t.beat < t.takeover/2
	}
	return t.silent(now, id)
}
