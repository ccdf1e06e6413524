package uplink

// A wildcard is one subscription that stands for several topics: a cluster keeps
// a consumer on three nodes for each subscription. Where the broker's rules name
// the topics one by one it is refused, and they are asked for one by one. But a
// cluster under load refuses, too, and several subscriptions instead of one from
// each terminal would make that worse. So it is asked for again on the next
// connection, and given up only where it was never granted.
//
// It belongs to the uplink's connections, of which there is one at a time.
type wildcard struct {
	granted  bool // once since the agent started
	refusals int  // on connections in turn
}

// enoughRefusals is how many connections ask in vain for a wildcard that was
// never granted.
const enoughRefusals = 2

// each: its topics are asked for one by one.
func (w wildcard) each() bool { return !w.granted && w.refusals >= enoughRefusals }

// askAll subscribes to a wildcard. Where it is not granted its topics are to be
// asked for, or the connection is of no use: then err says so.
func (s *session) askAll(w *wildcard, filter string, topics []string) (granted bool, err error) {
	answer, err := s.ask(filter)
	if err != nil {
		return false, err
	}
	if answer[filter] {
		if w.each() { // the broker's session has both, and would deliver twice
			s.client.Unsubscribe(topics...)
		}
		*w = wildcard{granted: true}
		return true, nil
	}
	if w.refusals++; !w.each() {
		return false, &refusedError{topic: filter}
	}
	return false, nil
}
