// Package scale reads the weight that a counter scale shows, over a line. It
// knows neither products nor prices: it asks or listens, and hands on each
// weight that differs from the one before, with its unit and whether it stands
// still.
//
// It speaks three protocols; see their files for the sources.
package scale

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"mostrador/drivers"
)

// Weight is the field "kind" of every drivers.Record of a scale. Its other
// fields are "state", one of those below, and with Stable and, where the scale
// tells it, Unstable, "weight", a decimal as the scale shows it (a zero has no
// sign), and "unit".
const Weight = "weight"

// The states of a scale. Only a Stable weight is one.
const (
	// Stable: the weight stands still. It may be negative: something that was
	// tared was taken off.
	Stable = "stable"
	// Unstable: it moves.
	Unstable = "unstable"
	// Over: more lies on it than it can weigh.
	Over = "over"
	// Under: it shows less than it can weigh, or than nothing.
	Under = "under"
	// NotZeroed: it could not find its zero when it was switched on. Take off
	// what lies on it, and press its zero key.
	NotZeroed = "not_zeroed"
	// Fault: it says that it cannot weigh, without one of the reasons above.
	Fault = "fault"
	// Silent: nothing that can be read has come for three seconds, so that no
	// weight is known.
	Silent = "silent"
)

// The protocols.
const (
	// Toledo8217 is asked with W and answers.
	Toledo8217 = "toledo-8217"
	// SICS is Mettler-Toledo's Standard Interface Command Set, level 0.
	SICS = "sics"
	// ToledoContinuous speaks by itself.
	ToledoContinuous = "toledo-continuous"
)

// The modes of SICS.
const (
	// Poll asks for each reading.
	Poll = "poll"
	// Continuous asks once, and the scale goes on by itself.
	Continuous = "continuous"
)

// What bounds the time between two questions.
const (
	minEvery = 100 * time.Millisecond
	maxEvery = 10 * time.Second
)

// Settings describe a scale in the words of the configuration. What is left
// empty has the default named with it.
type Settings struct {
	// Protocol is toledo-8217, sics or toledo-continuous. It is required.
	Protocol string
	// Mode is poll (the default) or continuous, with sics; the other protocols
	// have one way.
	Mode string
	// Unit is what the scale shows: kg, g, lb or oz. With toledo-8217 it is
	// required, as its answers do not say it; the other protocols do.
	Unit string
	// Every is how often the scale is asked, and how often a weight that moves
	// is handed on at most: 100 ms to 10 s, by default 250 ms.
	Every time.Duration
	// Zero is what the empty scale may drift by: a weight of at most that much,
	// of either sign, is zero. A decimal in the scale's unit, such as 0.005; by
	// default 0.
	Zero string
	// Checksum says that toledo-continuous sends one behind each reading.
	Checksum bool
}

// A scale is the driver: the settings, read. It is a drivers.Asked.
type scale struct {
	speech
	every time.Duration
	zero  decimal

	mu       sync.Mutex
	unwanted bool
	wake     func() // of the listening under way, nil without one
}

var _ drivers.Asked = (*scale)(nil)

// Want is as drivers.Asked has it. A scale that speaks by itself does so whether
// somebody looks or not.
func (c *scale) Want(wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changed := c.unwanted == wanted; changed && c.wake != nil {
		defer c.wake()
	}
	c.unwanted = !wanted
}

// rests reports whether the scale is not to be asked.
func (c *scale) rests() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unwanted && len(c.ask) > 0 && !c.once
}

// onWant sets what wakes the listening under way, nil for none.
func (c *scale) onWant(wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = wake
}

// New returns the driver of a scale. Its error joins every fault of the
// settings, each beginning with the key that it is about.
func New(s Settings) (drivers.Asked, error) {
	c := &scale{every: s.Every}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	protocol := strings.ToLower(s.Protocol)
	switch protocol {
	case Toledo8217:
		c.speech = toledo8217(strings.ToLower(s.Unit))
	case SICS:
		c.speech = sics(strings.EqualFold(s.Mode, Continuous))
	case ToledoContinuous:
		c.speech = toledoContinuous(s.Checksum)
	case "":
		fault("protocol: it is missing: write %s, %s or %s, as the scale is set to", Toledo8217, SICS, ToledoContinuous)
	default:
		fault("protocol: %q is not known: it is one of %s, %s, %s", s.Protocol, Toledo8217, SICS, ToledoContinuous)
	}
	if protocol != "" {
		if err := checkUnit(protocol, strings.ToLower(s.Unit)); err != nil {
			fault("unit: %w", err)
		}
		if err := checkMode(protocol, strings.ToLower(s.Mode)); err != nil {
			fault("mode: %w", err)
		}
	}
	if s.Checksum && protocol != ToledoContinuous {
		fault("checksum: only %s has one: leave it out", ToledoContinuous)
	}
	if s.Every == 0 {
		c.every = 250 * time.Millisecond
	} else if s.Every < minEvery || s.Every > maxEvery {
		fault("every: %v: it is from %v to %v", s.Every, minEvery, maxEvery)
	}
	if s.Zero != "" {
		var ok bool
		if c.zero, ok = parseDecimal(s.Zero); !ok || c.zero.digits < 0 {
			fault("zero: %q: write a decimal in the scale's unit, such as 0.005", s.Zero)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return c, nil
}

func checkUnit(protocol, unit string) error {
	switch {
	case protocol != Toledo8217 && unit != "":
		return fmt.Errorf("%s says it with each weight: leave it out", protocol)
	case protocol == Toledo8217 && unit == "":
		return errors.New("this protocol does not say it: write kg or lb, as the scale shows")
	case protocol == Toledo8217 && !isUnit(unit):
		return fmt.Errorf("%q is not known: it is kg, g, lb or oz", unit)
	}
	return nil
}

func checkMode(protocol, mode string) error {
	switch {
	case mode == "" || protocol == SICS && (mode == Poll || mode == Continuous):
		return nil
	case protocol == SICS:
		return fmt.Errorf("%q is not known: it is %s or %s", mode, Poll, Continuous)
	}
	return fmt.Errorf("%s has one way only: leave it out", protocol)
}

func isUnit(s string) bool { return s == "kg" || s == "g" || s == "lb" || s == "oz" }
