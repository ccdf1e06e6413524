package agent

import (
	"fmt"
	"time"
)

// A State says how a part is.
type State string

// The states of a part.
const (
	Waiting  State = "waiting"  // not started yet
	Running  State = "running"  // works
	Failing  State = "failing"  // has failed and starts again, or has done so within the last minute
	Finished State = "finished" // had nothing more to do
	Stopped  State = "stopped"  // was told to stop and did
	Hanging  State = "hanging"  // was told to stop and did not
)

// A Status is how one part was at one moment.
type Status struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Since is when the part got into what it does: its last start, failure or
	// end. Zero while it waits.
	Since time.Time `json:"since,omitzero"`
	// Failures counts all of them since the supervisor started.
	Failures int `json:"failures"`
	// LastError and LastFailure are of the last failure; empty without one.
	LastError   string    `json:"last_error,omitempty"`
	LastFailure time.Time `json:"last_failure,omitzero"`
	// NextStart is when a part that waits after a failure starts again.
	NextStart time.Time `json:"next_start,omitzero"`
}

// A PanicError is a panic of a part, caught.
type PanicError struct {
	Value any
	// Stack of the goroutine that panicked.
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap is the panic's value where that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
