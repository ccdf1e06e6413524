package uplinktest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"mostrador/store"
)

// id is what stands for {store} and {terminal} in a topic.
const id = `[a-z0-9][a-z0-9-]{0,39}`

// A channel is a topic of docs/asyncapi.yaml, and what may be said there.
type channel struct {
	key     string
	address string
	topic   *regexp.Regexp
	// send: the terminal says it; otherwise it is said to the terminal.
	send     bool
	qos      int
	retained bool
	messages map[string]*jsonschema.Schema // by name
}

// An apiDocument is the part of an AsyncAPI document that a consumer reads.
type apiDocument struct {
	Version string `json:"asyncapi"`
	Info    struct {
		Version string `json:"version"`
	} `json:"info"`
	Channels map[string]struct {
		Address    string                     `json:"address"`
		Parameters map[string]json.RawMessage `json:"parameters"`
		Messages   map[string]struct {
			Ref string `json:"$ref"`
		} `json:"messages"`
	} `json:"channels"`
	Operations map[string]struct {
		Action  string `json:"action"`
		Channel struct {
			Ref string `json:"$ref"`
		} `json:"channel"`
		Bindings struct {
			MQTT struct {
				QoS    int  `json:"qos"`
				Retain bool `json:"retain"`
			} `json:"mqtt"`
		} `json:"bindings"`
	} `json:"operations"`
	Components struct {
		Messages map[string]struct {
			Name    string `json:"name"`
			Payload struct {
				Format string          `json:"schemaFormat"`
				Schema json.RawMessage `json:"schema"`
			} `json:"payload"`
		} `json:"messages"`
	} `json:"components"`
}

// readAPI reads asyncapi.yaml; json is the same document for a JSON Schema
// compiler, which resolves references within and beside it.
func readAPI(path string) (doc apiDocument, asJSON []byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return doc, nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return doc, nil, fmt.Errorf("%s: %w", path, err)
	}
	if asJSON, err = json.Marshal(tree); err == nil {
		err = json.Unmarshal(asJSON, &doc)
	}
	if err != nil {
		return doc, nil, fmt.Errorf("%s: %w", path, err)
	}
	return doc, asJSON, nil
}

// channels reads asyncapi.yaml of a folder, with its messages compiled.
func channels(folder string, compiler *jsonschema.Compiler) (version string, all []channel, err error) {
	path, err := filepath.Abs(filepath.Join(folder, "asyncapi.yaml"))
	if err != nil {
		return "", nil, err
	}
	doc, text, err := readAPI(path)
	if err != nil {
		return "", nil, err
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return "", nil, err
	}
	if err := compiler.AddResource(path, tree); err != nil {
		return "", nil, err
	}
	byKey := map[string]*channel{}
	var faults []error
	for key, c := range doc.Channels {
		out := &channel{key: key, address: c.Address, topic: topicOf(c.Address), messages: map[string]*jsonschema.Schema{}}
		byKey["#/channels/"+key] = out
		for _, p := range parameter.FindAllString(c.Address, -1) {
			if _, ok := c.Parameters[strings.Trim(p, "{}")]; !ok {
				faults = append(faults, fmt.Errorf("channel %s does not say what %s in its address is", key, p))
			}
		}
		for _, m := range c.Messages {
			component := doc.Components.Messages[m.Ref[strings.LastIndex(m.Ref, "/")+1:]]
			s, err := compiler.Compile(path + strings.ReplaceAll(m.Ref, " ", "%20") + "/payload/schema")
			if err != nil {
				faults = append(faults, fmt.Errorf("channel %s: %w", key, err))
				continue
			}
			out.messages[component.Name] = s
		}
	}
	for name, o := range doc.Operations {
		c := byKey[o.Channel.Ref]
		if c == nil {
			faults = append(faults, fmt.Errorf("operation %s: there is no channel %s", name, o.Channel.Ref))
			continue
		}
		c.send, c.qos, c.retained = o.Action == "send", o.Bindings.MQTT.QoS, o.Bindings.MQTT.Retain
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		all = append(all, *byKey[key])
	}
	return doc.Info.Version, all, errors.Join(faults...)
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// topicOf matches the topics of an address; each parameter is a group.
func topicOf(address string) *regexp.Regexp {
	pattern := "^"
	at := 0
	for _, p := range parameter.FindAllStringIndex(address, -1) {
		pattern += regexp.QuoteMeta(address[at:p[0]]) + "(" + id + ")"
		at = p[1]
	}
	return regexp.MustCompile(pattern + regexp.QuoteMeta(address[at:]) + "$")
}

// Filters are the subscriptions with which a backend gets everything that
// terminals send: where several channels stand below one level, all below it,
// so that one that the contract does not have would be seen.
func (c *Contract) Filters() map[string]byte {
	below := map[string][]channel{}
	for _, ch := range c.channels {
		if ch.send && ch.ofTerminal() {
			filter := parameter.ReplaceAllString(ch.address, "+")
			level := filter[:strings.LastIndex(filter, "/")]
			below[level] = append(below[level], ch)
		}
	}
	filters := map[string]byte{}
	for level, all := range below {
		if len(all) > 1 {
			filters[level+"/+"] = byte(all[0].qos)
			continue
		}
		filters[parameter.ReplaceAllString(all[0].address, "+")] = byte(all[0].qos)
	}
	return filters
}

// CheckMessage says what is wrong with a message by its topic: whether the
// contract has the topic, whether what is said may be said there, and whether
// it has the form that it must have.
func (c *Contract) CheckMessage(topic string, payload []byte) error {
	ch, err := c.channelOf(topic)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	name, err := ch.nameOf(topic, value)
	if err != nil {
		return err
	}
	if err := c.validate(name, ch.messages[name], value); err != nil || ch.ofTerminal() {
		return err
	}
	signed, _ := value.(map[string]any)
	text, _ := signed["payload"].(string)
	inside, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("the signed payload: %w", err)
	}
	return c.Check(name, inside)
}

// ofTerminal is false for the channels of pairing, whose messages are signed
// and hold one of the schema that has their name.
func (ch channel) ofTerminal() bool { return strings.Contains(ch.address, "{store}") }

// isEvents is false for the topics of a store as a whole: what terminals say
// there to each other is no event.
func isEvents(topic string) bool {
	return strings.HasSuffix(topic, "/state") || strings.Count(topic, "/") == 5
}

// nameOf is which of a channel's messages this is: an event says so itself, and
// where it comes from; what comes down is of one kind.
func (ch *channel) nameOf(topic string, value any) (string, error) {
	names := slices.Sorted(maps.Keys(ch.messages))
	if !ch.send || !ch.ofTerminal() || !isEvents(topic) {
		return names[0], nil
	}
	event, _ := value.(map[string]any)
	typ, _ := event["type"].(string)
	if ch.messages[typ] == nil {
		return "", fmt.Errorf("type %q does not belong to %s, which carries %s", typ, ch.address, strings.Join(names, ", "))
	}
	place := ch.topic.FindStringSubmatch(topic)
	last := topic[strings.LastIndex(topic, "/")+1:]
	if want := "/mostrador/" + place[1] + "/" + place[2] + "/" + last; event["source"] != want {
		return "", fmt.Errorf("source %v on the topic of %s", event["source"], want)
	}
	return typ, nil
}

// Topics are the addresses of all channels; true: the terminal sends there.
func (c *Contract) Topics() map[string]bool {
	out := map[string]bool{}
	for _, ch := range c.channels {
		out[ch.address] = ch.send
	}
	return out
}

// Messages are the names of all messages, sorted.
func (c *Contract) Messages() (names []string) {
	for _, ch := range c.channels {
		names = slices.AppendSeq(names, maps.Keys(ch.messages))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// CheckData says what is wrong with an event's data, and whether events of its
// type may go up on a stream.
func (c *Contract) CheckData(stream store.Stream, typ string, data []byte) error {
	for _, ch := range c.channels {
		if ch.send && strings.HasSuffix(ch.address, "/up/"+string(stream)) && ch.messages[typ] != nil {
			return c.Check(typ, data)
		}
	}
	return fmt.Errorf("type %q does not belong to %s", typ, stream)
}
