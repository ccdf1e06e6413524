//go:build !windows

package web

// needsLoopback is false where a unix socket's permissions decide who may speak.
const needsLoopback = false
