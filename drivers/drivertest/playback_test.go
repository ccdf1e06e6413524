package drivertest_test

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPlayback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ops := []drivertest.Op{
			{Write: []byte("\x05")},
			{Read: []byte("W 1.250 kg\r")},
			{Pause: time.Minute},
			{Read: []byte("\x04")},
			{Write: []byte("\x06")},
		}
		played := &drivertest.Playback{Ops: ops[:2:2], Chunk: 4, End: drivers.ErrGone}
		played.Ops = append(played.Ops, ops[2:]...)
		port := drivertest.Record(played)
		go func() {
			time.Sleep(time.Second)
			port.Write([]byte("\x05"))
		}()
		began := time.Now()
		got := make([]byte, 12)
		if _, err := io.ReadFull(port, got); err != nil || string(got) != "W 1.250 kg\r\x04" {
			t.Errorf("read %q, %v", got, err)
		}
		if took := time.Since(began); took != time.Minute+time.Second {
			t.Errorf("took %v: the pause was not kept", took)
		}
		if _, err := port.Write([]byte("\x06")); err != nil {
			t.Error(err)
		}
		if _, err := port.Read(got); !errors.Is(err, drivers.ErrGone) {
			t.Errorf("read past the end: %v", err)
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}
		recorded := port.Ops()
		want := []drivertest.Op{ops[0], {Read: []byte("W 1.250 kg\r\x04")}, ops[4]}
		if !reflect.DeepEqual(recorded, want) {
			t.Errorf("recorded %v, want %v", recorded, want)
		}
	})
}

func TestPlaybackFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		ops   []drivertest.Op
		write string
		fault string
	}{
		{"another byte", []drivertest.Op{{Write: []byte("\x06")}}, "\x15", `wrote "\x15" in operation 1 of 1`},
		{"too early", []drivertest.Op{{Read: []byte("x")}, {Write: []byte("\x06")}}, "\x06", `in operation 1 of 2: read "x"`},
		{"too much", []drivertest.Op{{Write: []byte("\x06")}}, "\x06\x06", "after the last operation"},
		{"something remains", []drivertest.Op{{Write: []byte("ab")}}, "a", "1 of 1 operations remain"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &drivertest.Playback{Ops: test.ops}
			p.Write([]byte(test.write))
			if err := p.Close(); err == nil || !strings.Contains(err.Error(), test.fault) {
				t.Errorf("close: got %v, want a fault with %q", err, test.fault)
			}
		})
	}
}

func TestPlaybackWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &drivertest.Playback{}
		p.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read in silence: %v", err)
		}
		p.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { p.Close() })
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("read while it is closed: %v", err)
		}
	})
}
