package printer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// meet finds out what a printer answers, without anything that it could print.
//
// It is asked for a status first: a printer that does not know DLE EOT ignores
// it, but may print the r of a GS r that it does not know. So what stands in
// the buffer is asked only of one that has answered, and the rest only of one
// that has answered GS r.
func (s *Session) meet(ctx context.Context) error {
	if s.options.Ask == (profile.Answers{}) {
		return nil
	}
	s.watchers.mute()
	answers, err := s.meetStatus(ctx)
	if err != nil {
		return err
	}
	if !answers {
		if s.options.Known.answers() {
			return ErrSilent
		}
		s.watchers.unmute()
		return nil
	}
	if s.watchers.now().blocked() {
		// It comes to nothing that stands in its buffer; its answers would come
		// at any time later. What is known from before holds until it is well.
		s.unmet = true
		s.abilities = s.options.Known
		s.abilities.Status = true
	} else if err := s.meetOrdered(ctx); err != nil {
		return err
	}
	if s.options.Proves && s.Proof() == Transport {
		return ErrSilent
	}
	s.watchers.unmute()
	return nil
}

// meetStatus finds out which DLE EOT the printer answers. Answers that an
// earlier session left behind come before its own, so everything that arrives
// until the line is silent again belongs to the past.
func (s *Session) meetStatus(ctx context.Context) (answers bool, err error) {
	s.numbers = []int{1}
	switch err := s.inquire(ctx, s.timing.Probe); {
	case errors.Is(err, errMissed):
		s.numbers = nil
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ask the printer: %w", err)
	}
	if err := s.quiet(ctx, s.timing.Probe/5); err != nil {
		return false, err
	}
	known := []int{1}
	for n := 2; n <= 4; n++ {
		s.numbers = []int{n}
		switch err := s.inquire(ctx, s.timing.Probe/2); {
		case err == nil:
			known = append(known, n)
		case !errors.Is(err, errMissed):
			return false, fmt.Errorf("ask the printer: %w", err)
		}
	}
	s.numbers = known
	return true, s.look(ctx)
}

// meetOrdered finds out which questions the printer answers when it comes to
// them. It holds turn, or nobody else speaks yet.
func (s *Session) meetOrdered(ctx context.Context) error {
	found := Abilities{Status: true}
	ask, known := s.options.Ask, s.options.Known
	steps := []struct {
		ask  bool
		meet func(context.Context, *Abilities) error
	}{
		{ask.Fence, s.meetFence}, {ask.ProcessID, s.meetProcessID}, {ask.Identity, s.meetIdentity}, {ask.Auto, s.meetAuto},
	}
	for i, step := range steps {
		if i > 0 && !found.Fence {
			break
		}
		if !step.ask {
			continue
		}
		if err := step.meet(ctx, &found); err != nil {
			return err
		}
	}
	if ask.Fence && known.Fence && !found.Fence {
		return ErrSilent
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abilities, s.unmet = found, false
	return nil
}

func (s *Session) meetFence(ctx context.Context, found *Abilities) error {
	limit := s.timing.Probe
	if s.options.Resync >= 0 {
		limit *= 4 // the torn ticket is fed out and cut first
	}
	for _, n := range []int{1, 2} {
		q := newQuestion(want{kind: escpos.AnswerFence})
		answered, err := s.posed(ctx, q, fence(n), limit)
		if err != nil {
			return err
		}
		if !answered {
			break
		}
		found.Fence, s.second = true, n
		s.level = n == 2 && s.tellsDrawer(s.ears.heard(q, 0))
		if err := s.quiet(ctx, s.timing.Probe/5); err != nil {
			return err
		}
		limit = s.timing.Probe / 3
	}
	return nil
}

// tellsDrawer: an answer to GS r 2 says of the drawer what DLE EOT 1 does.
func (s *Session) tellsDrawer(answer []byte) bool {
	return answer[0]&1 != 0 == s.watchers.now().reported.Drawer
}

func (s *Session) meetProcessID(ctx context.Context, found *Abilities) error {
	ask, id, err := s.processID()
	if err != nil {
		return err
	}
	q := newQuestion()
	q.ids = [][]byte{id[:]}
	found.ProcessID, err = s.posed(ctx, q, ask, s.timing.Probe)
	return err
}

// GS I n.
const (
	firmware65 = 65
	maker66    = 66
	model67    = 67
	serial68   = 68
)

func (s *Session) meetIdentity(ctx context.Context, found *Abilities) error {
	for _, part := range []struct {
		n  int
		to *string
	}{{model67, &found.Model}, {maker66, &found.Maker}, {firmware65, &found.Firmware}, {serial68, &found.Serial}} {
		q := newQuestion(want{kind: escpos.AnswerID})
		answered, err := s.posed(ctx, q, identify(part.n), s.timing.Probe/3)
		if err != nil {
			return err
		}
		if !answered {
			return s.quiet(ctx, s.timing.Probe/5)
		}
		*part.to = string(s.ears.heard(q, 0))
	}
	return nil
}

func (s *Session) meetAuto(ctx context.Context, found *Abilities) error {
	var err error
	found.Auto, err = s.posed(ctx, newQuestion(want{kind: escpos.AnswerASB}), autoOn(), s.timing.Probe/3)
	return err
}

// posed asks q and reports whether it was answered within limit.
func (s *Session) posed(ctx context.Context, q *question, ask []byte, limit time.Duration) (bool, error) {
	defer s.ears.expect(q)()
	if _, err := s.write(ctx, ask); err != nil {
		return false, fmt.Errorf("ask the printer: %w", err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-q.done:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// fence is GS r n.
func fence(n int) []byte { return []byte{0x1d, 'r', byte(n)} }

// identify is GS I n.
func identify(n int) []byte { return []byte{0x1d, 'I', byte(n)} }
