package main

import (
	"strings"
	"testing"
	"time"
)

// What cannot be sent again is said with its reason, and its exit code.
func TestReplayRefusals(t *testing.T) {
	config := writeConfig(t, docsConfig(t))
	docsDaemon(t, config)
	for _, x := range []struct {
		args string
		code int
		want string
	}{
		{"uplink replay --stream sales", exitWrongUse, "needs --stream and --from"},
		{"uplink replay --stream sails --from 1", exitFailed, `no stream "sails"`},
		{"uplink replay --stream sales --from 7", exitFailed, "never had the sequence 7"},
		{"uplink replay --stream timeline --from 1", exitFailed, "goes up by itself"},
	} {
		code, _, stderr := call(t, append([]string{"-c", config}, strings.Fields(x.args)...)...)
		// The timeline begins with what the daemon tells of its start.
		for end := time.Now().Add(30 * time.Second); !strings.Contains(stderr, x.want) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			code, _, stderr = call(t, append([]string{"-c", config}, strings.Fields(x.args)...)...)
		}
		if code != x.code || !strings.Contains(stderr, x.want) {
			t.Errorf("%s: %d, %s", x.args, code, stderr)
		}
	}
}
