package escpos

// A Watch is the interface of a printer: it looks for real-time commands in
// bytes that arrive, long before the mechanism comes to them. The zero value
// is that of a printer that was just switched on.
type Watch struct{ real realTime }

// Next takes a byte and returns the real-time command that it completes, nil
// when there is none. Event.End is not set.
func (w *Watch) Next(c byte) *Event { return w.real.next(c) }

// Watch is what watches the same stream from here on.
func (d *Decoder) Watch() Watch { return Watch{real: d.real} }

// Obeys reports whether the printer obeys a real-time command: a pulse can be
// switched off (GS ( D, function 20).
func (d *Decoder) Obeys(e Event) bool { return e.Kind != Pulse || !d.state.noPulse }

// Abandon forgets the text and the command that is being read, as clearing a
// printer's buffers does. Settings stay.
func (d *Decoder) Abandon() {
	d.cmd, d.text, d.half = nil, d.text[:0], false
}
