//go:build !windows

package uplinktest

import "syscall"

// What stops a process and lets it go on.
const (
	sigFreeze = syscall.SIGSTOP
	sigThaw   = syscall.SIGCONT
)
