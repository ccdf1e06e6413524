package escpos

// realTime recognises the commands that act as they arrive.
type realTime struct {
	cmd [10]byte
	n   int
}

var clearBuffers = [10]byte{dle, 0x14, 8, 1, 3, 20, 1, 6, 2, 8}

// realTime watches every byte of the stream.
func (d *Decoder) realTime(c byte) {
	e := d.real.next(c)
	if e == nil || !d.Obeys(*e) {
		return
	}
	e.RealTime, e.End = true, d.read
	d.emit(*e)
}

// next takes a byte and returns the command that it completes.
func (r *realTime) next(c byte) *Event {
	if r.n == 0 && c != dle {
		return nil
	}
	r.cmd[r.n] = c
	r.n++
	more, e := r.match()
	if more {
		return nil
	}
	r.n = 0
	if e != nil {
		return e
	}
	if c == dle {
		r.cmd[0], r.n = dle, 1
	}
	return nil
}

// match says whether what was read may become a command, or is one.
func (r *realTime) match() (more bool, e *Event) {
	c := r.cmd
	switch {
	case r.n == 1:
		return true, nil
	case r.n == 2:
		return c[1] == 0x04 || c[1] == 0x05 || c[1] == 0x14, nil
	case c[1] == 0x04:
		if c[2] >= 1 && c[2] <= 4 {
			return false, &Event{Kind: StatusRequest, N: int(c[2])}
		}
	case c[1] == 0x05 && c[2] == 1:
		return false, &Event{Kind: Recover}
	case c[1] == 0x05 && c[2] == 2:
		return false, &Event{Kind: Clear}
	case c[1] == 0x14 && c[2] == 1:
		return r.matchPulse()
	case c[1] == 0x14 && c[2] == 8:
		for i := range r.n {
			if c[i] != clearBuffers[i] {
				return false, nil
			}
		}
		if r.n < len(clearBuffers) {
			return true, nil
		}
		return false, &Event{Kind: Clear}
	}
	return false, nil
}

// matchPulse reads DLE DC4 1 m t: connector m 0 or 1, t times 100 ms, 1 to 8.
func (r *realTime) matchPulse() (more bool, e *Event) {
	m, t := r.cmd[3], r.cmd[4]
	switch {
	case r.n == 3:
		return true, nil
	case m > 1:
		return false, nil
	case r.n == 4:
		return true, nil
	case t < 1 || t > 8:
		return false, nil
	}
	return false, &Event{Kind: Pulse, N: pin(m)}
}
