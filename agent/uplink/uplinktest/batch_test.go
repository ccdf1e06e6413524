package uplinktest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mostrador/agent/uplink/uplinktest"
)

func frame(t testing.TB, text string) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll([]byte(text), nil)
}

// place is as much of an event as a batch must have.
func place(epoch string, sequence int) string {
	return fmt.Sprintf(`{"source":"/mostrador/lima-01/caja-1/sales","epoch":"%s","sequence":"%020d"}`+"\n", epoch, sequence)
}

// What is not as docs/mqtt.md has a batch is found.
func TestBatchesAreRead(t *testing.T) {
	good := place("a", 1) + place("a", 2) + place("a", 3)
	events, err := uplinktest.ReadBatch(frame(t, good))
	if err != nil || len(events) != 3 || string(events[2])+"\n" != place("a", 3) {
		t.Fatalf("%q, %v", events, err)
	}
	var many strings.Builder
	for n := range 1025 {
		many.WriteString(place("a", n+1))
	}
	whole := frame(t, good)
	for name, batch := range map[string][]byte{
		"no end":         frame(t, strings.TrimSuffix(good, "\n")),
		"nothing":        frame(t, ""),
		"an empty line":  frame(t, good+"\n"),
		"a hole":         frame(t, place("a", 1)+place("a", 3)),
		"twice":          frame(t, place("a", 1)+place("a", 1)),
		"two epochs":     frame(t, place("a", 1)+place("b", 2)),
		"too many":       frame(t, many.String()),
		"too large":      frame(t, place("a", 1)+strings.Replace(place("a", 2), "{", `{"x":"`+strings.Repeat("x", 1<<20)+`",`, 1)),
		"a bomb":         frame(t, strings.Repeat("x", 65<<20)+"\n"),
		"cut off":        whole[:len(whole)-3],
		"another byte":   append(bytes.Clone(whole[:len(whole)-9]), append([]byte{whole[len(whole)-9] ^ 1}, whole[len(whole)-8:]...)...),
		"not compressed": []byte(good),
	} {
		if _, err := uplinktest.ReadBatch(batch); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

// A batch must fit its topic as its events must.
func TestBatchesBelongToTopics(t *testing.T) {
	c := contract(t)
	batch := frame(t, example(t, "cloudevent")+"\n")
	for topic, ok := range map[string]bool{
		timeline:                                    true,
		"mostrador/v1/lima-01/caja-1/up/sales":      false,
		"mostrador/v1/lima-01/caja-1/state":         false,
		"mostrador/v1/lima-01/caja-1/down/commands": false,
		"somewhere/else":                            false,
	} {
		if err := c.CheckBatch(topic, batch); (err == nil) != ok {
			t.Errorf("%s: %v", topic, err)
		}
	}
}

// Whatever comes, reading it ends, in bounds, and what is read is what was packed.
func FuzzReadBatch(f *testing.F) {
	f.Add(frame(f, place("a", 1)+place("a", 2)))
	f.Add(frame(f, ""))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Add([]byte(place("a", 1)))
	f.Fuzz(func(t *testing.T, batch []byte) {
		events, err := uplinktest.ReadBatch(batch)
		if err != nil {
			return
		}
		again, err := uplinktest.ReadBatch(frame(t, string(bytes.Join(events, []byte("\n")))+"\n"))
		if err != nil || len(again) != len(events) {
			t.Errorf("%d events become %d: %v", len(events), len(again), err)
		}
	})
}
