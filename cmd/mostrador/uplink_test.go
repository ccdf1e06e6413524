package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
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

// flush waits for what waits, says why it cannot, and has a daemon that rests
// between two tries connect at once.
func TestFlush(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	broker.Stop()
	config := writeConfig(t, docsConfig(t)+"\n[uplink]\nbroker = \""+broker.URL()+"\"\n")
	flush := func(more ...string) (int, string, string) {
		return call(t, append([]string{"-c", config, "uplink", "flush"}, more...)...)
	}
	if code, _, stderr := flush(); code != exitNotRunning {
		t.Errorf("without a daemon: %d, %s", code, stderr)
	}
	docsDaemon(t, config)
	if code, _, stderr := flush("--timeout", "0s"); code != exitWrongUse {
		t.Errorf("no time: %d, %s", code, stderr)
	}
	// The timeline begins with what the daemon tells of its start, and it has to have
	// tried the broker.
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		code, stdout, stderr := flush("--timeout", "1s")
		if code == exitFailed && strings.Contains(stdout, "Subieron 0 de") && strings.Contains(stderr, "of timeline still wait after 1s: no connection to "+broker.URL()) &&
			strings.Contains(stderr, "Quedan") && strings.Contains(stderr, "nothing listens") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("broker away: %d, %s%s", code, stdout, stderr)
		}
	}
	broker.Start()
	// It may have connected by itself meanwhile.
	if code, stdout, stderr := flush("--timeout", "50s"); code != exitDone || !strings.Contains(stdout, "Todo subió") && !strings.Contains(stdout, "No espera nada") {
		t.Errorf("broker back: %d, %s%s", code, stdout, stderr)
	}
	code, stdout, stderr := flush("--json")
	var out flushed
	if err := json.Unmarshal([]byte(stdout), &out); code != exitDone || err != nil || out.Left != 0 || !out.Connected || stderr != "" {
		t.Errorf("as JSON: %d, %v, %s%s", code, err, stdout, stderr)
	}
}

// Without a broker there is nothing to wait for, which is no success.
func TestFlushNowhere(t *testing.T) {
	config := writeConfig(t, docsConfig(t))
	docsDaemon(t, config)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		code, _, stderr := call(t, "-c", config, "uplink", "flush")
		if code == exitFailed && strings.Contains(stderr, "no broker to go to") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d, %s", code, stderr)
		}
	}
}
