package integration

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mostrador/agent/order"
)

// The bounds of a payload; an order of a restaurant has some ten kilobytes.
const (
	MaxPayload = 1 << 20 // bytes of a downlink message
	MaxNesting = 64      // of JSON within JSON
)

// message is what comes on down/orders (docs/providers, DESIGN.md section 7).
type message struct {
	Provider   string          `json:"provider"`
	ReceivedAt string          `json:"received_at"`
	Headers    map[string]any  `json:"headers"`
	Body       json.RawMessage `json:"body"`
	BodyBase64 *string         `json:"body_base64"`
	Again      any             `json:"again"` // true, or nothing
}

// readMessage takes a downlink message apart.
func readMessage(payload []byte) (m message, a Arrival, err error) {
	if len(payload) > MaxPayload {
		return m, a, &Unreadable{TooLarge, fmt.Sprintf("el mensaje tiene %.1f MB; el máximo es %d MB", float64(len(payload))/(1<<20), MaxPayload>>20)}
	}
	if err := CheckNesting(payload); err != nil {
		return m, a, err
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		return m, a, &Unreadable{NotJSON, "el mensaje no es el JSON acordado (" + jsonFault(err) + "): revise el relay"}
	}
	m.Provider, _ = order.Clean(m.Provider, 60)
	a.Headers = headers(m.Headers)
	if m.ReceivedAt != "" {
		if a.ReceivedAt, err = time.Parse(time.RFC3339, m.ReceivedAt); err != nil {
			a.ReceivedAt = time.Time{} // it only stands in for dates that are missing
		}
	}
	a.Body, a.Exact, err = m.body()
	if err != nil {
		return m, a, err
	}
	if m.Provider == "" {
		return m, a, &Unreadable{UnknownProvider, "el mensaje no dice de qué proveedor es (provider): revise el relay"}
	}
	return m, a, nil
}

func (m *message) body() (body []byte, exact bool, err error) {
	inline := len(m.Body) > 0 && !bytes.Equal(m.Body, []byte("null"))
	switch {
	case inline && m.BodyBase64 != nil:
		return nil, false, &Unreadable{NoBody, "el mensaje trae body y body_base64 a la vez; debe traer uno: revise el relay"}
	case inline:
		return m.Body, false, nil
	case m.BodyBase64 == nil:
		return nil, false, &Unreadable{NoBody, "el mensaje no trae el pedido (body o body_base64): revise el relay"}
	}
	body, err = base64.StdEncoding.DecodeString(strings.TrimSpace(*m.BodyBase64))
	if err != nil {
		return nil, false, &Unreadable{NoBody, "body_base64 no es base64: revise el relay"}
	}
	return body, true, CheckNesting(body)
}

// headers keeps those that are text, or lists of it, under lower-case names.
func headers(in map[string]any) map[string]string {
	out := make(map[string]string, len(in))
	for name, v := range in {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		if text, ok := v.(string); ok {
			out[strings.ToLower(name)] = text
		}
	}
	return out
}

// CheckNesting refuses JSON that nests deeper than MaxNesting, before anything
// recursive reads it. It does not mind what else is wrong.
func CheckNesting(b []byte) error {
	depth, quoted, escaped := 0, false, false
	for _, c := range b {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped = c == '\\'
			quoted = c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > MaxNesting {
				return &Unreadable{TooDeep, fmt.Sprintf("su JSON se anida más de %d niveles", MaxNesting)}
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// jsonFault says what is wrong with JSON without repeating its content.
func jsonFault(err error) string {
	switch e := err.(type) {
	case *json.SyntaxError:
		return fmt.Sprintf("error en el byte %d", e.Offset)
	case *json.UnmarshalTypeError:
		field, _ := order.Clean(e.Field, 60)
		return fmt.Sprintf("el campo «%s» no es del tipo debido", field)
	}
	return "está cortado"
}
