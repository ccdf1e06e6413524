package spool

import (
	"context"
	"testing"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// wired is a port on a serial line that counts.
type wired struct {
	drivers.Port
	wrong *drivers.LineErrors
}

func (w wired) LineErrors() drivers.LineErrors { return *w.wrong }

// What the line has received wrongly is told beside the printer's state.
func TestErrorsOnTheWire(t *testing.T) {
	wrong := drivers.LineErrors{Bytes: 400, Framing: 1, Breaks: 2}
	over := func(s *Settings) {
		open := s.Printers[0].Open
		s.Printers[0].Open = func(ctx context.Context) (drivers.Port, error) {
			port, err := open(ctx)
			return wired{port, &wrong}, err
		}
	}
	inTime(t, []string{"cocina"}, over, func(c *counter) {
		c.pass(time.Second)
		if s := c.state("cocina"); s.State != Ready || s.Wire == nil || *s.Wire != wrong {
			t.Errorf("the state is %+v", s)
		}
		wrong.Breaks = 3
		c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(5 * time.Second)
		if s := c.state("cocina"); s.Wire == nil || s.Wire.Breaks != 3 {
			t.Errorf("after a ticket: %+v", s.Wire)
		}
		c.machines["cocina"].unplug()
		c.pass(time.Minute)
		wrong = drivers.LineErrors{Bytes: 10, Framing: 8}
		c.machines["cocina"].plug()
		c.pass(time.Minute)
		if s := c.state("cocina"); s.Wire == nil || *s.Wire != wrong {
			t.Errorf("of a line that was opened again: %+v", s.Wire)
		}
	})
}
