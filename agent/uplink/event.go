package uplink

import (
	"encoding/json"
	"fmt"
	"time"

	"mostrador/store"
)

// encodeEvent is the CloudEvents 1.0 structured JSON form of an event. It is a
// function of the stored event alone: the same event, the same bytes.
func encodeEvent(e *store.Event) []byte {
	b := make([]byte, 0, 320+len(e.Data))
	b = append(b, `{"specversion":"1.0","id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"source":`...)
	b = appendString(b, e.Source)
	b = append(b, `,"type":`...)
	b = appendString(b, e.Type)
	b = append(b, `,"time":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","datacontenttype":"application/json","epoch":`...)
	b = appendString(b, e.Epoch)
	b = fmt.Appendf(b, `,"sequence":"%020d","data":`, e.Sequence)
	if len(e.Data) == 0 {
		b = append(b, "null"...)
	}
	b = append(b, e.Data...)
	return append(b, '}')
}

// appendString appends s as a JSON string; what we write ourselves (ids, types,
// sources) needs no escaping and takes the short way.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
