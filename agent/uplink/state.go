package uplink

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mostrador/store"
)

// State is the data of mostrador.state.v1, the retained message on …/state:
// birth, heartbeat, goodbye and last will. An offline counts only when its
// Epoch, Boot and Session are those of the last online, because a broker may
// publish the will of an old connection after the birth of a new one.
type State struct {
	Status string `json:"status"` // online or offline
	// Reason of an offline: lost (the last will) or stopped (a goodbye).
	Reason string `json:"reason,omitempty"`
	// Epoch is the store's; Boot counts its openings, Session this boot's
	// connections, both from 1.
	Epoch   string `json:"epoch"`
	Boot    uint64 `json:"boot"`
	Session uint64 `json:"session"`
	// Version of the agent, and when it was started by the terminal's clock.
	Version   string    `json:"version"`
	StartedAt time.Time `json:"started_at"`
	// Clock is the terminal's, so that a backend sees how wrong it is.
	Clock store.Moment `json:"clock"`
	// ServerClock is the backend's beside it, once one was compared in this boot.
	ServerClock *ServerClock `json:"server_clock,omitempty"`
	// Waiting is what is not acknowledged yet, of the streams that have some.
	Waiting []Waiting `json:"waiting,omitempty"`
	// Full: the store has reached its bound; InMemory: orders are held in
	// memory because they cannot be written.
	Full     bool `json:"full,omitempty"`
	InMemory bool `json:"in_memory,omitempty"`
	// StoreOrders is how the terminal takes the orders of the store as a whole,
	// holder or stand-in; empty: it takes none.
	StoreOrders string `json:"store_orders,omitempty"`
	// Config is nil while no configuration has come from the cloud.
	Config *ConfigState `json:"config,omitempty"`
}

// ConfigState is how far the terminal has come with what the cloud wants it to
// run by.
type ConfigState struct {
	// Desired is the version that came last, Reported the one in force; 0: the
	// file that was there before any came.
	Desired  uint64 `json:"desired"`
	Reported uint64 `json:"reported"`
	// Result of the desired one: trying, or that of its mostrador.result.v1.
	Result string `json:"result"`
	// Edited: the file is not what came with Reported any more.
	Edited bool `json:"edited,omitempty"`
}

// Waiting is what one stream has for the cloud.
type Waiting struct {
	Stream store.Stream `json:"stream"`
	Count  uint64       `json:"count"`
	Oldest time.Time    `json:"oldest"` // when the oldest of them happened
}

func (s *session) state(status, reason string) State {
	opening := s.u.store.Opening()
	return State{
		Status: status, Reason: reason,
		Epoch: opening.Epoch, Boot: opening.Boots, Session: s.number,
		Version: s.u.set.Version, StartedAt: s.u.started.UTC(),
		Clock: s.u.store.Clock().Now(), ServerClock: s.u.settler.clock.now(), StoreOrders: s.u.set.StoreOrders,
	}
}

// offline is the payload of the last will and of the goodbye.
func (s *session) offline(reason string) []byte { return s.encodeState(s.state("offline", reason)) }

// online is the payload of the birth and of the heartbeat.
func (s *session) online() ([]byte, error) {
	st := s.state("online", "")
	var err error
	if st.Waiting, err = s.u.waiting(); err != nil {
		return nil, err
	}
	health := s.u.store.Health()
	st.Full, st.InMemory = health.Full, health.InMemory
	if s.u.set.Config != nil {
		st.Config = s.u.set.Config()
	}
	return s.encodeState(st), nil
}

// encodeState wraps a state like an event, but without epoch and sequence: it
// is not part of a series, the last one stands for itself.
func (s *session) encodeState(st State) []byte {
	b, err := json.Marshal(struct {
		SpecVersion string    `json:"specversion"`
		ID          string    `json:"id"`
		Source      string    `json:"source"`
		Type        string    `json:"type"`
		Time        time.Time `json:"time"`
		ContentType string    `json:"datacontenttype"`
		Data        State     `json:"data"`
	}{
		"1.0", newID(), "/mostrador/" + s.u.set.Store + "/" + s.u.set.Terminal + "/state",
		"mostrador.state.v1", st.Clock.Wall.UTC(), "application/json", st,
	})
	if err != nil { // a clock beyond the year 9999
		s.u.log.Error("cannot encode the state", "error", err)
	}
	return b
}

func newID() string {
	id, err := uuid.NewV7()
	if err != nil { // no randomness: identity only, so anything unique will do
		return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, time.Now().UnixNano())).String()
	}
	return id.String()
}

// tell publishes the state and waits until the broker has it, or until ends.
func (s *session) tell(until context.Context, limit time.Duration) error {
	payload, err := s.online()
	if err != nil {
		return err
	}
	token := s.client.Publish(s.prefix+"/state", 1, true, payload)
	if err := await(until, token, limit); err != nil {
		return fmt.Errorf("publish the state: %w", err)
	}
	return nil
}

// beat publishes the state now and then. That also replaces the last will of an
// earlier connection, should the broker have published it late.
func (s *session) beat() {
	tick := time.NewTicker(s.u.set.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.beatOnce(s.ctx, beatTimeout); err != nil && s.ctx.Err() == nil {
				s.fail(s.reason(err))
			}
		case <-s.ctx.Done():
			return
		}
	}
}
