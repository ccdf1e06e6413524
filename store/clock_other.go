//go:build !linux

package store

import (
	"time"

	"github.com/google/uuid"
)

// bootOf makes a boot of this process: what Windows and macOS tell of theirs is
// derived from the wall clock, which is what a moment must not depend on.
func bootOf() (id string, uptime time.Duration) { return "process-" + uuid.NewString(), 0 }

// synchronised: these systems have no question to which the answer is sure.
func synchronised() bool { return false }
