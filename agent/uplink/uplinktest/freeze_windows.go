package uplinktest

import "syscall"

// Windows has no signal that stops a process; sending one of these fails.
const (
	sigFreeze = syscall.Signal(-1)
	sigThaw   = syscall.Signal(-2)
)
