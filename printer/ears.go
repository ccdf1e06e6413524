package printer

import (
	"context"
	"slices"
	"sync"
	"time"

	"mostrador/printer/escpos"
)

// The ears of a session take in everything that the printer says and sort it:
// answers in real time to the inquiry that waits for them, answers that the
// printer gives when it comes to them to the question that stands in its
// buffer, and automatic status to the condition. Nothing that nobody waits for
// is kept for later: an answer to a question of the past proves nothing.
type ears struct {
	mu       sync.Mutex
	inquiry  *inquiry
	question *question
	last     time.Time     // when something came
	news     chan struct{} // something came
}

// An inquiry is one round of DLE EOT. Its answers look alike, so they are told
// apart by their order, and count only once there are as many as were asked.
type inquiry struct {
	got  []byte
	want int
	done chan struct{}
	// overtaken: automatic status came meanwhile, which is newer than the first
	// of its answers.
	overtaken bool
}

// A question stands in the printer's buffer behind what was sent before it.
type question struct {
	// wants are the answers, in order; any of ids is another whole one.
	wants []want
	ids   [][]byte
	// plain: the answers are bytes that noise could send, too. Then together is
	// how close they come to each other.
	plain    bool
	together time.Duration
	// last: it is not asked once more. lost: there was noise, and the printer did
	// not answer right then. Both belong to who asks.
	last, lost bool

	heard [][]byte  // what has answered wants so far
	at    time.Time // when the last of it came
	noise int       // what came and answers nothing
	noisy chan struct{}
	done  chan struct{}
}

// A want is one answer of a question.
type want struct {
	kind escpos.AnswerKind
	// text that an identity must have, nil for any.
	text *string
}

func newQuestion(wants ...want) *question {
	return &question{wants: wants, noisy: make(chan struct{}, 1), done: make(chan struct{})}
}

// hear is told every answer, by the one reader of the line.
func (s *Session) hear(a escpos.Answer) {
	switch a.Kind {
	case escpos.AnswerStatus:
		s.ears.status(a.Byte)
	case escpos.AnswerASB:
		c := ofASB(a.Data)
		s.ears.overtake()
		s.watchers.tell(func(v *view) { v.reported, v.known = c, true })
		s.ears.answer(a)
	case escpos.AnswerReady, escpos.AnswerBusy: // a sign of life and nothing else
	default:
		s.ears.answer(a)
	}
}

// status takes an answer to DLE EOT. One that nobody waits for is dropped; it
// looks like no answer to a question.
func (e *ears) status(b byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := e.inquiry; i != nil && len(i.got) < i.want {
		if i.got = append(i.got, b); len(i.got) == i.want {
			close(i.done)
		}
	}
}

func (e *ears) overtake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.inquiry != nil {
		e.inquiry.overtaken = true
	}
}

// overtaken reports whether the picture that i gives is an old one.
func (e *ears) overtaken(i *inquiry) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return i.overtaken
}

// answer takes what the printer says when it comes to it.
func (e *ears) answer(a escpos.Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.question != nil {
		e.question.take(a)
	}
}

// oneGo is how long a printer may pause inside of an answer.
const oneGo = 500 * time.Millisecond

// since is how long nothing has come.
func (e *ears) since() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Since(e.last)
}

// touch notes that something came.
func (e *ears) touch() {
	e.mu.Lock()
	e.last = time.Now()
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// ask makes the ears wait for i; forget lets go of it.
func (e *ears) ask(i *inquiry) (forget func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inquiry = i
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.inquiry = nil
	}
}

// expect makes the ears wait for q; forget lets go of it.
func (e *ears) expect(q *question) (forget func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.question = q
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.question = nil
	}
}

// noise is how much q has heard that answers nothing.
func (e *ears) noise(q *question) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return q.noise
}

// heard is what want n of q was answered with: a text or one byte.
func (e *ears) heard(q *question, n int) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return q.heard[n]
}

// take sorts an answer in: the next one wanted, or noise. It goes on counting
// noise when all is answered: one byte too many shows that one of those before
// it was none.
func (q *question) take(a escpos.Answer) {
	switch {
	case a.Kind == escpos.AnswerProcessID && len(q.ids) > 0:
		if q.open() && slices.ContainsFunc(q.ids, func(id []byte) bool { return string(id) == string(a.Data) }) {
			q.wants = nil
			close(q.done)
		}
		return // the id of a ticket before it is no noise
	case q.open() && q.next(a):
		data := append([]byte(nil), a.Data...)
		if a.Kind == escpos.AnswerFence {
			data = []byte{a.Byte}
		}
		q.heard = append(q.heard, data)
		if len(q.heard) == len(q.wants) && len(q.ids) == 0 {
			close(q.done)
		}
		return
	case a.Kind == escpos.AnswerASB:
		return
	}
	q.garbled()
}

// next reports whether a is the answer that is wanted next.
func (q *question) next(a escpos.Answer) bool {
	now := time.Now()
	if q.plain && len(q.heard) > 0 && now.Sub(q.at) > q.together {
		q.heard = q.heard[:0] // that was none
		q.garbled()
	}
	if len(q.heard) == len(q.wants) || !q.wants[len(q.heard)].fits(a) {
		return false
	}
	q.at = now
	return true
}

// garbled counts noise, and tells who waits.
func (q *question) garbled() {
	q.noise++
	select {
	case q.noisy <- struct{}{}:
	default:
	}
}

func (q *question) open() bool {
	select {
	case <-q.done:
		return false
	default:
		return true
	}
}

func (w want) fits(a escpos.Answer) bool {
	if a.Kind != w.kind {
		return false
	}
	// GS r answers with the paper sensors or the drawer, in its lowest bits; the
	// others of a byte that looks like one are noise's.
	if a.Kind == escpos.AnswerFence {
		return a.Byte&0xf0 == 0
	}
	return w.text == nil || *w.text == string(a.Data)
}

// quiet waits until the line has been silent for d, so that what comes after
// is no answer to a question of before. A line that never is gives ErrNoise.
func (s *Session) quiet(ctx context.Context, d time.Duration) error {
	limit := time.NewTimer(max(8*d, time.Second))
	defer limit.Stop()
	silence := time.NewTimer(d)
	defer silence.Stop()
	for {
		select {
		case <-s.ears.news:
			silence.Reset(d)
		case <-silence.C:
			return nil
		case <-limit.C:
			return ErrNoise
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// read is the one reader of the line. It ends when the line does.
func (s *Session) read() {
	defer s.done.Done()
	var answers escpos.Answers
	buf := make([]byte, 64)
	for {
		n, err := s.line.Read(buf)
		if n > 0 {
			if s.ears.since() > oneGo {
				answers.Flush(s.hear)
			}
			answers.Feed(buf[:n], s.hear)
			s.ears.touch()
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}
