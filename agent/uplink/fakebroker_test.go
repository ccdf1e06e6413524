package uplink_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A stubborn broker answers what a real one answers seldom. It says yes to
// everything unless told otherwise.
type stubborn struct {
	connack byte                    // return code
	suback  byte                    // granted QoS, 0x80 for a refusal
	grants  func(topic string) bool // instead of suback, if set
	dropped func(topics []string)   // told what is unsubscribed, if set
	mute    bool                    // no PUBACK for events
	most    int                     // bytes of a payload, past which it ends the connection; 0: any
	events  *atomic.Int64
}

// listen serves until the test ends and returns its address.
func (s stubborn) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			work.Go(func() { defer conn.Close(); s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		work.Wait()
	})
	return "mqtt://" + l.Addr().String()
}

func (s stubborn) serve(conn net.Conn) {
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *packets.ConnectPacket:
			a := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
			a.ReturnCode = s.connack
			err = a.Write(conn)
		case *packets.SubscribePacket:
			a := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			a.MessageID = p.MessageID
			for _, topic := range p.Topics {
				code := s.suback
				if s.grants != nil {
					if code = 0x80; s.grants(topic) {
						code = 1
					}
				}
				a.ReturnCodes = append(a.ReturnCodes, code)
			}
			err = a.Write(conn)
		case *packets.UnsubscribePacket:
			if s.dropped != nil {
				s.dropped(p.Topics)
			}
			a := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
			a.MessageID = p.MessageID
			err = a.Write(conn)
		case *packets.PublishPacket:
			if s.most > 0 && len(p.Payload) > s.most {
				return
			}
			if s.mute && strings.Contains(p.TopicName, "/up/") {
				s.events.Add(1)
				continue
			}
			a := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
			a.MessageID = p.MessageID
			err = a.Write(conn)
		case *packets.PingreqPacket:
			err = packets.NewControlPacket(packets.Pingresp).Write(conn)
		}
		if err != nil {
			return
		}
	}
}

func TestRefusalsOfTheProtocol(t *testing.T) {
	tests := []struct {
		name         string
		broker       stubborn
		want, advice string
	}{
		{"protocol", stubborn{connack: 1}, "does not speak MQTT 3.1.1", "Enable"},
		{"client id", stubborn{connack: 2}, "refuses the client id lima-01_caja-1", "client id"},
		{"unavailable", stubborn{connack: 3}, "not available", "broker"},
		{"password", stubborn{connack: 4}, "user name or the password", "password_file"},
		{"not authorised", stubborn{connack: 5}, "does not let this terminal in", "client certificate"},
		{"subscription refused", stubborn{suback: 0x80}, "does not grant", "right to read"},
		{"subscription without acknowledgement", stubborn{suback: 0}, "does not grant", "right to read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, _ := start(t, settings(test.broker.listen(t)), openStore(t), newDesk())
			eventually(t, "an error", nil, func() bool { return u.Status().LastError != "" })
			if s := u.Status(); !strings.Contains(s.LastError, test.want) || !strings.Contains(s.Advice, test.advice) {
				t.Errorf("%s. %s", s.LastError, s.Advice)
			}
		})
	}
}

// A broker that answers everything but events gets no more than a window of
// them, and none counts as sent.
func TestWindow(t *testing.T) {
	st := openStore(t)
	emit(t, st, 100)
	var events atomic.Int64
	set := settings(stubborn{suback: 1, mute: true, events: &events}.listen(t))
	set.Window = 16
	u, stop := start(t, set, st, newDesk())
	eventually(t, "a full window", nil, func() bool { return events.Load() == 16 })
	emit(t, st, 1)
	stop()
	if n := events.Load(); n != 16 {
		t.Errorf("%d events left with a window of 16", n)
	}
	if w := u.Status().Waiting; len(w) != 2 || w[0].Count != 101 {
		t.Errorf("waiting: %+v", w)
	}
}

// A broker that takes the connection and says nothing does not hold up the end.
func TestStopDuringLogin(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, stop := start(t, settings("mqtt://"+l.Addr().String()), openStore(t), newDesk())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := packets.ReadPacket(conn); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	stop()
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the end took %v", took)
	}
}
