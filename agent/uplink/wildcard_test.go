package uplink_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"mostrador/agent/uplink/uplinktest"
)

// asked are the topics that terminals subscribed to, in order, and what they
// unsubscribed.
type asked struct {
	mu           sync.Mutex
	all, dropped []string
	refuse       func(topic string, times int) bool
}

func (a *asked) grants(topic string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, topic)
	times := 0
	for _, t := range a.all {
		if t == topic {
			times++
		}
	}
	return !a.refuse(topic, times)
}

func (a *asked) drop(topics []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropped = append(a.dropped, topics...)
}

func (a *asked) count(topic string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.all {
		if t == topic {
			n++
		}
	}
	return n
}

const everything = prefix + "/down/+"

// A cluster under load refuses a subscription now and then. A terminal does not
// ask it for six instead of one then.
func TestRefusedUnderLoad(t *testing.T) {
	a := asked{refuse: func(topic string, times int) bool { return times == 1 }}
	u, _ := start(t, settings(stubborn{grants: a.grants}.listen(t)), openStore(t), newDesk())
	connected(t, u)
	if n := a.count(everything); n != 2 || len(a.all) != 2 {
		t.Errorf("asked for %v", a.all)
	}
}

// Nor where it was granted before, however often it is refused now.
func TestRefusedAfterItWasGranted(t *testing.T) {
	a := asked{refuse: func(topic string, times int) bool { return topic == everything && times > 1 && times < 6 }}
	line := uplinktest.NewLine(t, strings.TrimPrefix(stubborn{grants: a.grants}.listen(t), "mqtt://"))
	u, _ := start(t, settings(line.URL()), openStore(t), newDesk())
	connected(t, u)
	line.Drop()
	eventually(t, "another connection", nil, func() bool { return a.count(everything) == 6 && u.Status().Connected })
	if n := len(a.all); n != 6 {
		t.Errorf("asked for %v", a.all)
	}
}

// A broker whose rules name the topics is asked for them one by one.
func TestRulesThatNameTopics(t *testing.T) {
	a := asked{refuse: func(topic string, _ int) bool { return strings.Contains(topic, "+") }}
	u, _ := start(t, settings(stubborn{grants: a.grants}.listen(t)), openStore(t), newDesk())
	connected(t, u)
	if a.count(prefix+"/down/orders") != 1 || a.count(everything) != 2 {
		t.Errorf("asked for %v", a.all)
	}
}

// When such a broker grants all of them at once after all, the single ones go, or
// everything would come twice.
func TestSingleTopicsGo(t *testing.T) {
	a := asked{refuse: func(topic string, times int) bool { return topic == everything && times < 3 }}
	line := uplinktest.NewLine(t, strings.TrimPrefix(stubborn{grants: a.grants, dropped: a.drop}.listen(t), "mqtt://"))
	u, _ := start(t, settings(line.URL()), openStore(t), newDesk())
	connected(t, u)
	line.Drop()
	eventually(t, "the single topics unsubscribed", nil, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return slices.Contains(a.dropped, prefix+"/down/orders") && !slices.Contains(a.dropped, everything)
	})
	connected(t, u)
}
