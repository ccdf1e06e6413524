package web

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/device"
	"mostrador/store"
)

// errEnough ends a stream that has told what the test wanted.
var errEnough = errors.New("enough")

func TestEventsAreToldAsTheyCome(t *testing.T) {
	for _, loopback := range []bool{false, true} {
		t.Run(fmt.Sprintf("loopback %v", loopback), func(t *testing.T) {
			client, st, _ := serve(t, loopback)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			log := func(text string) {
				if err := st.Update(func(tx *store.Tx) error { return tx.Log(store.Entry{Kind: "test", Text: text}) }); err != nil {
					t.Error(err)
				}
			}
			var before []store.Entry
			if err := client.Get(ctx, "/v1/events", &before); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				log(fmt.Sprint("antes ", i))
			}
			from := uint64(1)
			if len(before) > 0 {
				from = before[0].Seq + 1
			}
			var told []store.Entry
			err := client.Events(ctx, &from, func(e store.Entry) error {
				if told = append(told, e); len(told) == 2 {
					log("ahora")
				}
				if e.Text == "ahora" {
					return errEnough
				}
				return nil
			})
			if !errors.Is(err, errEnough) {
				t.Fatal(err)
			}
			for i, e := range told {
				if e.Seq != from+uint64(i)+1 {
					t.Errorf("event %d has number %d: one is missing or told twice", i, e.Seq)
				}
			}
			if err := client.Get(ctx, "/v1/events/stream?after=x", nil); err == nil {
				t.Error("after=x was accepted")
			}
		})
	}
}

// How each device is comes at once, and can be asked for by name.
func TestDevices(t *testing.T) {
	client, _, _ := serve(t, false)
	ctx, stop := context.WithCancel(t.Context())
	var told []device.Status
	err := client.Devices(ctx, func(d device.Status) error {
		told = append(told, d)
		stop()
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(told) != 1 || told[0].Name != "balanza" || told[0].State != device.Opening {
		t.Errorf("told %+v, %v", told, err)
	}
	var one device.Status
	if err := client.Get(t.Context(), "/v1/devices/balanza", &one); err != nil || one.Kind != "scale" {
		t.Errorf("one device: %+v, %v", one, err)
	}
	if err := client.Get(t.Context(), "/v1/devices/nada", &one); !errors.Is(err, command.ErrNotFound) {
		t.Errorf("no such device: %v", err)
	}
}
