package drivers_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
)

// A door is a Writer that lets nothing through before it is opened.
type door chan struct{}

func (d door) Write(b []byte) (int, error) {
	<-d
	return len(b), nil
}

func TestBoundedWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var deadline drivers.Deadline
		stuck := make(door)
		w := drivers.BoundedWriter{To: stuck, Deadline: &deadline, Closing: make(chan struct{})}
		deadline.Set(time.Now().Add(time.Second))
		if n, err := w.Write([]byte("ticket")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d bytes, %v; want the deadline's error", n, err)
		}
		close(stuck)
		synctest.Wait()
		deadline.Set(time.Time{})
		if _, err := w.Write([]byte("again")); !errors.Is(err, drivers.ErrGone) {
			t.Errorf("write after a stall: got %v, want %v", err, drivers.ErrGone)
		}

		open := make(door)
		close(open)
		w = drivers.BoundedWriter{To: open, Deadline: &deadline, Closing: make(chan struct{})}
		if n, err := w.Write([]byte("ticket")); n != 6 || err != nil {
			t.Errorf("wrote %d bytes, %v; want 6", n, err)
		}
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var deadline drivers.Deadline
		began := time.Now()
		asked := 0
		err := deadline.Await(nil, func() (bool, error) {
			asked++
			return time.Since(began) >= 10*time.Second, nil
		})
		if err != nil || asked < 200 || asked > 220 {
			t.Errorf("asked %d times in ten seconds, %v; want about 20 a second", asked, err)
		}
		never := func() (bool, error) { return false, nil }
		deadline.Set(time.Now().Add(time.Second))
		if err := deadline.Await(nil, never); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want the deadline's error", err)
		}
		deadline.Set(time.Time{})
		closing := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(closing) })
		if err := deadline.Await(closing, never); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, want %v", err, os.ErrClosed)
		}
		failed := errors.New("unplugged")
		if err := deadline.Await(nil, func() (bool, error) { return false, failed }); err != failed {
			t.Errorf("got %v, want ready's own error", err)
		}
	})
}

// TestAwaitLeft: a line that sends is not asked late, and one that stands still
// not often.
func TestAwaitLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var deadline drivers.Deadline
		const takes = 775 * time.Millisecond
		began := time.Now()
		asked := 0
		line := func() (time.Duration, error) {
			asked++
			return max(takes-time.Since(began), 0), nil
		}
		if err := deadline.AwaitLeft(nil, line); err != nil || time.Since(began) > takes+time.Millisecond || asked > 20 {
			t.Errorf("after %v and %d questions, %v; want %v", time.Since(began), asked, err, takes)
		}
		asked = 0
		stopped := func() (time.Duration, error) { asked++; return time.Millisecond, nil }
		deadline.Set(time.Now().Add(10 * time.Second))
		if err := deadline.AwaitLeft(nil, stopped); !errors.Is(err, os.ErrDeadlineExceeded) || asked > 220 {
			t.Errorf("asked %d times in ten seconds, %v; want about 20 a second and the deadline's error", asked, err)
		}
		deadline.Set(time.Time{})
		closing := make(chan struct{})
		close(closing)
		if err := deadline.AwaitLeft(closing, func() (time.Duration, error) { return time.Hour, nil }); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, want %v", err, os.ErrClosed)
		}
		failed := errors.New("unplugged")
		if err := deadline.AwaitLeft(nil, func() (time.Duration, error) { return 0, failed }); err != failed {
			t.Errorf("got %v, want left's own error", err)
		}
	})
}
