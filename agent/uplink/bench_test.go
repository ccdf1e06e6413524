package uplink_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// BenchmarkDrain compares emptying the outbox with bare pipelined publishing of
// messages of the same size through the same library, to the same broker, with
// the same window, alternating in one run, because the machine is never quiet.
// "x-bare" is the median of the rounds' ratios; the target is 0.9.
func BenchmarkDrain(b *testing.B) {
	for _, delay := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run(fmt.Sprintf("rtt=%v", 2*delay), func(b *testing.B) { benchmarkDrain(b, delay) })
	}
}

const benchWindow = 64

func benchmarkDrain(b *testing.B, delay time.Duration) {
	events, rounds := 40_000, 7
	if delay > 0 {
		events, rounds = 6_000, 1
	}
	for b.Loop() {
		m := measureDrain(b, delay, events, rounds)
		b.ReportMetric(m.bare, "bare/s")
		b.ReportMetric(m.ours, "ours/s")
		b.ReportMetric(m.ratio, "x-bare")
	}
}

// rates are medians over the rounds: messages a second, and the ratio of each
// round's two.
type rates struct{ bare, ours, ratio float64 }

func measureDrain(t testing.TB, delay time.Duration, events, rounds int) rates {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Lines: []string{"log_type none"}})
	address := broker.Addr()
	if delay > 0 {
		line := uplinktest.NewLine(t, broker.Addr())
		line.SetDelay(delay)
		address = line.Addr()
	}
	var bare, ours, ratio []float64
	for i := range rounds {
		st := openStore(t)
		size := emitSales(t, st, events)
		bare = append(bare, publishBare(t, address, "bare/up/sales", events, size))
		ours = append(ours, drain(t, address, st, events))
		ratio = append(ratio, ours[i]/bare[i])
		st.Close()
	}
	return rates{median(bare), median(ours), median(ratio)}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// emitSales returns how long one message is.
func emitSales(b testing.TB, st *store.Store, n int) (size int) {
	b.Helper()
	for done := 0; done < n; done += 500 {
		if err := st.Update(func(tx *store.Tx) error {
			for i := range 500 {
				e, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", sale(tx.Now(), done+i))
				if err != nil {
					return err
				}
				size = len(e.Data) + 290
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return size
}

// drain returns events a second, from the start of the uplink to the last mark.
func drain(b testing.TB, address string, st *store.Store, n int) float64 {
	b.Helper()
	set := settings("mqtt://" + address)
	set.Window = benchWindow
	begun := time.Now()
	u, stop := start(b, set, st, newDesk())
	defer stop()
	eventually(b, "an empty outbox", nil, func() bool { return len(waitingOf(u)) == 0 })
	return float64(n) / time.Since(begun).Seconds()
}

func waitingOf(u *uplink.Uplink) []uplink.Waiting { return u.Status().Waiting }

// publishBare returns messages a second.
func publishBare(b testing.TB, address, topic string, n, size int) float64 {
	b.Helper()
	begun := time.Now()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + address).SetClientID("bare").SetAutoReconnect(false)
	client := mqtt.NewClient(o)
	if t := client.Connect(); !t.WaitTimeout(patience) || t.Error() != nil {
		b.Fatal(t.Error())
	}
	defer client.Disconnect(250)
	payload := []byte(strings.Repeat("x", size))
	flights := make(chan mqtt.Token, benchWindow-1)
	acked := make(chan error, 1)
	go func() {
		for t := range flights {
			if !t.WaitTimeout(patience) || t.Error() != nil {
				acked <- fmt.Errorf("publish: %v", t.Error())
				return
			}
		}
		acked <- nil
	}()
	for range n {
		flights <- client.Publish(topic, 1, false, payload)
	}
	close(flights)
	if err := <-acked; err != nil {
		b.Fatal(err)
	}
	return float64(n) / time.Since(begun).Seconds()
}
