package printer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mostrador/printer/escpos"
)

// How a proof behind the cut is protected from noise.
//
// A printer answers GS r with one byte, mostly 00, and a serial line that
// breaks (a printer that is switched off, a cable that is touched) sends a NUL
// that looks the same. So
//
//   - all of a proof's questions are written in one go, behind the body, and
//     only after the body has left this machine; what comes before answers
//     nothing. Asked one after the other, the later ones would be answered by a
//     printer that was switched on again in between and has lost the ticket.
//   - there are two of them, answered in their order: GS r 1, and GS I 67 where
//     the printer has told its model, whose text no noise spells. Where it has
//     not, GS r 2 is the second; exactly two bytes must come, close together as
//     nothing is printed between them, and nothing else until the printer has
//     answered a status afterwards. A printer that is switched off may send a
//     NUL then, and another one when it is switched on. GS r 2 and the status
//     both tell the drawer's level; where they agreed when the session began,
//     they must, and with nothing on the connector it is high: no NUL.
//   - a process id is four characters that this session has never sent before.
//     Nothing but the printer that came to it sends them back.
//   - what is not sure is asked again, but only of a printer that answers at
//     once (DLE EOT) when the noise is heard: one that was switched off and on
//     takes longer to start than Timing.Reply, and would then confirm a ticket
//     that it has lost.

// errUnsure: something came that is not the proof; it can be asked for again.
var errUnsure = errors.New("the printer's confirmation was garbled")

// confirm waits for the proof behind the cut, for as long as limit while the
// printer is well.
func (s *Session) confirm(ctx context.Context, proof Proof, limit time.Duration) error {
	var ids [][]byte
	for try := range tries {
		if try > 0 && len(ids) == 0 {
			// The answers to the last round look like those to the next.
			if err := s.quiet(ctx, s.timing.Probe/5); err != nil {
				return err
			}
		}
		q, ask, err := s.challenge(proof, &ids)
		if err != nil {
			return err
		}
		q.last = try == tries-1
		if err = s.pose(ctx, q, ask, limit); !errors.Is(err, errUnsure) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnconfirmed, ErrNoise)
}

// challenge makes the questions of a proof. Any id of the same ticket will do:
// several that wait may be answered by the newest alone.
func (s *Session) challenge(proof Proof, ids *[][]byte) (q *question, ask []byte, err error) {
	if proof == ProcessID {
		ask, id, err := s.processID()
		if err != nil {
			return nil, nil, err
		}
		*ids = append(*ids, id[:])
		q := newQuestion()
		q.ids = *ids
		return q, ask, nil
	}
	if model := s.Abilities().Model; model != "" {
		q := newQuestion(want{kind: escpos.AnswerFence}, want{kind: escpos.AnswerID, text: &model})
		return q, append(escpos.Fence(), identify(model67)...), nil
	}
	q = newQuestion(want{kind: escpos.AnswerFence}, want{kind: escpos.AnswerFence})
	q.plain, q.together = true, s.timing.Reply/4
	return q, append(escpos.Fence(), fence(s.second)...), nil
}

// pose asks q and waits until it is answered for sure.
func (s *Session) pose(ctx context.Context, q *question, ask []byte, limit time.Duration) error {
	defer s.ears.expect(q)()
	if _, err := s.write(ctx, ask); err != nil {
		return err
	}
	if err := s.await(ctx, q, limit); err != nil || !q.plain {
		return err
	}
	// Bytes that look like answers are believed when the line makes sense right
	// behind them, and when there was not one too many.
	// The printer gets one chance: one that was just switched off must have no
	// time to come back.
	if err := s.inquire(ctx, s.timing.Reply); err != nil && !s.saidBusy(err) {
		return unconfirmed(err)
	}
	agrees := !s.level || s.tellsDrawer(s.ears.heard(q, 1))
	switch {
	case s.ears.noise(q) == 0 && agrees:
		return nil
	case q.lost:
		return fmt.Errorf("%w: %w", ErrUnconfirmed, ErrNoise)
	}
	return errUnsure
}

// await waits for the answers of q, and looks meanwhile how the printer is.
func (s *Session) await(ctx context.Context, q *question, limit time.Duration) error {
	w := &waiting{session: s, question: q, patience: s.patience(limit)}
	for {
		timer := time.NewTimer(w.rest())
		select {
		case <-q.done:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-q.noisy:
			timer.Stop()
			if err := w.noise(ctx); err != nil {
				return err
			}
		case <-timer.C:
			if err := w.tick(ctx); err != nil {
				return err
			}
		}
	}
}

// waiting is the state of await.
type waiting struct {
	session  *Session
	question *question
	patience patience
	missed   int       // how often it has not answered since it last did
	again    time.Time // when to ask anew, because of noise; zero for never
}

// rest is how long there is nothing to do.
func (w *waiting) rest() time.Duration {
	s := w.session
	rest := w.patience.left()
	if s.Abilities().Status {
		rest = min(rest, s.timing.Reply)
	}
	if !w.again.IsZero() && !w.question.lost {
		rest = min(rest, time.Until(w.again))
	}
	return max(rest, time.Millisecond)
}

// tick does what is due: it gives up, asks anew, or looks how the printer is.
func (w *waiting) tick(ctx context.Context) error {
	s := w.session
	if w.patience.left() <= 0 {
		v := s.watchers.now()
		if v.blocked() {
			return &Blocked{Condition: v.condition()}
		}
		if v.silent {
			return unconfirmed(ErrSilent)
		}
		return ErrUnconfirmed
	}
	if !w.again.IsZero() && time.Until(w.again) <= 0 && !w.question.lost {
		return errUnsure
	}
	if !s.Abilities().Status {
		return nil
	}
	return w.look(ctx)
}

// look looks how the printer is. Silence is told, and does not end the waiting:
// on a slow line the question may stand behind the ticket.
func (w *waiting) look(ctx context.Context) error {
	s := w.session
	err := s.inquire(ctx, s.timing.Reply)
	switch {
	case err == nil:
		w.missed = 0
	case s.saidBusy(err):
	case errors.Is(err, errMissed) || errors.Is(err, ErrStuck):
		if w.missed++; w.missed == 2 {
			s.watchers.tell(func(v *view) { v.silent = true })
		}
	default:
		return err
	}
	return nil
}

// noise looks at once whether the printer is still there. Only of one that is,
// the proof is asked for again, some time later: it may still come.
func (w *waiting) noise(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	there := w.missed == 0 && w.session.Abilities().Status
	w.question.lost = w.question.lost || !there
	if !there || w.question.last || !w.again.IsZero() {
		return nil
	}
	later := w.session.timing.Probe
	if w.question.plain {
		later = w.session.timing.Paper / 3 // the rounds cannot be told apart, so the first gets time
	}
	w.again = time.Now().Add(later)
	return nil
}
