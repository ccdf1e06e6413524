package uplink

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"mostrador/agent/uplink/uplinktest"
)

// waiting makes n events of one lane with payloads of about some size.
func waitingEvents(n, size int) (events []outgoing) {
	for i := range n {
		payload := fmt.Appendf(nil, `{"source":"/mostrador/lima-01/caja-1/sales","epoch":"a","sequence":"%020d","data":"%s"}`,
			i+1, bytes.Repeat([]byte("x"), size))
		events = append(events, outgoing{position: uint64(i + 7), epoch: "a", sequence: uint64(i + 1), payload: payload, from: uint64(i + 7), count: 1})
	}
	return events
}

func batches(t testing.TB) *packer {
	t.Helper()
	p, err := newPacker(Settings{Batch: true})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A batch holds what it says, up to its bounds, and stands where its last does.
func TestPacker(t *testing.T) {
	jump, epoch := waitingEvents(20, 10), waitingEvents(20, 10)
	jump[12].sequence++
	epoch[9].epoch = "b"
	for _, test := range []struct {
		name   string
		events []outgoing
		want   int
	}{
		{"few", waitingEvents(7, 10), 1},
		{"some", waitingEvents(8, 10), 8},
		{"many", waitingEvents(1000, 10), batchEvents},
		{"large", waitingEvents(100, 4000), 31},
		{"larger than a batch", waitingEvents(100, 200_000), 1},
		{"a hole", jump, 12},
		{"another epoch", epoch, 9},
		{"another epoch soon", epoch[5:], 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := batches(t).next(test.events)
			if err != nil {
				t.Fatal(err)
			}
			last := test.events[test.want-1]
			if out.count != test.want || out.position != last.position || out.sequence != last.sequence || out.epoch != last.epoch {
				t.Fatalf("%d events up to %d", out.count, out.position)
			}
			if test.want == 1 {
				if !bytes.Equal(out.payload, last.payload) {
					t.Error("it is not plain")
				}
				return
			}
			lines, err := uplinktest.ReadBatch(out.payload)
			if err != nil || len(lines) != test.want {
				t.Fatalf("%d lines: %v", len(lines), err)
			}
			for i, line := range lines {
				if !bytes.Equal(line, test.events[i].payload) {
					t.Fatalf("line %d: %s", i, line)
				}
			}
		})
	}
	if out, err := new(packer).next(waitingEvents(100, 10)); err != nil || out.count != 1 {
		t.Errorf("a batch although none are wanted: %v", err)
	}
}

// The window counts publishes and bytes; what is larger goes alone.
func TestWindowCountsBytes(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w := newWindow(2) // of 8 KiB in all
	for _, step := range []struct {
		sent, acked int
		open        bool
	}{{100, 0, true}, {100, 0, false}, {0, 100, true}, {9000, 0, false}, {0, 100, false}, {0, 9000, true}, {1 << 20, 0, false}, {0, 1 << 20, true}} {
		if step.sent > 0 {
			w.sent(step.sent)
		}
		if step.acked > 0 {
			w.acknowledged(step.acked)
			<-w.freed
		}
		if open := w.wait(ctx); open != step.open {
			t.Errorf("after %+v: %v", step, open)
		}
	}
}

// BenchmarkPack packs sales.
func BenchmarkPack(b *testing.B) {
	p, events := batches(b), waitingEvents(batchEvents, 400)
	for b.Loop() {
		if _, err := p.next(events); err != nil {
			b.Fatal(err)
		}
	}
}
