package drivers_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
)

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d drivers.Deadline
		if d.IsPast() {
			t.Error("an unset deadline is past")
		}
		waiting := d.Passed()
		d.Set(time.Now().Add(time.Second))
		d.Set(time.Now().Add(time.Minute)) // moved while somebody waits
		time.Sleep(2 * time.Second)
		if d.IsPast() {
			t.Error("the replaced deadline counts still")
		}
		start := time.Now()
		<-waiting
		if waited := time.Since(start); waited != 58*time.Second {
			t.Errorf("waited %v for the rest of a minute, want 58s", waited)
		}
		d.Set(time.Now().Add(-time.Second))
		if !d.IsPast() {
			t.Error("a deadline in the past has not passed")
		}
		d.Set(time.Time{})
		if d.IsPast() {
			t.Error("unsetting left the deadline past")
		}
		d.Set(time.Now())
		<-d.Passed()
	})
}
