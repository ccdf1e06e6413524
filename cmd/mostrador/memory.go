package main

import (
	"os"
	"runtime/debug"
)

// softMemory is from where on the agent collects garbage more often, bytes, so
// that it stays below 20 MB while a large backlog drains: lists of the store's
// free pages take half of that then. Opening such a store takes more for a
// moment, and must be quick.
const softMemory = 17 << 20

// boundMemory sets it unless the environment says otherwise, until restore.
func boundMemory() (restore func()) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	before := debug.SetMemoryLimit(softMemory)
	return func() { debug.SetMemoryLimit(before) }
}
