package uplinktest

import (
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// granted subscribes until the broker grants everything, as a cluster under load
// may not do at once. It says no when the connection ends before.
func granted(client mqtt.Client, filters map[string]byte, take mqtt.MessageHandler) bool {
	for end := time.Now().Add(answer); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		token := client.SubscribeMultiple(filters, take)
		if !token.WaitTimeout(answer) || token.Error() != nil {
			return false
		}
		refused := false
		for _, qos := range token.(*mqtt.SubscribeToken).Result() {
			refused = refused || qos > 2
		}
		if !refused {
			return true
		}
	}
	return false
}

// copies is a memory of what is under way that shares no message with the library:
// when a connection comes back by itself, the library changes what it sends once
// more, while it may still be sending that.
type copies struct{ *mqtt.MemoryStore }

func (c copies) Put(key string, m packets.ControlPacket) { c.MemoryStore.Put(key, copyOf(m)) }

func (c copies) Get(key string) packets.ControlPacket { return copyOf(c.MemoryStore.Get(key)) }

func copyOf(m packets.ControlPacket) packets.ControlPacket {
	if p, ok := m.(*packets.PublishPacket); ok {
		other := *p
		return &other
	}
	return m
}
