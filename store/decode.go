package store

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// The events of a backlog are read as fast as a broker takes them, and reading
// them with encoding/json was what kept the drain below a bare publisher. So an
// event as appendEvent writes it is read by hand; whatever looks different, such
// as an escape, is left to encoding/json (a fuzz test holds the two together).

// decodeEvent reads a record of the outbox.
func decodeEvent(bucket string, key, value []byte, p place) (*Event, error) {
	if e, ok := parseEvent(value, p); ok {
		return e, nil
	}
	return decode[Event](bucket, key, value)
}

// parseEvent reads what appendEvent has written; p lends its strings to what
// equals them. ok is false when encoding/json must have a look.
func parseEvent(value []byte, p place) (e *Event, ok bool) {
	in := scan{rest: value, ok: true}
	e = &Event{}
	e.Position = in.number(`{"position":`)
	e.Stream = Stream(in.text(`,"stream":"`, string(p.stream)))
	e.ID = in.text(`,"id":"`, "")
	e.Source = in.text(`,"source":"`, p.source)
	e.Type = in.text(`,"type":"`, "")
	e.Epoch = in.text(`,"epoch":"`, p.epoch)
	e.Sequence = in.number(`,"sequence":`)
	at := in.plain(`,"time":"`)
	in.expect(`,"data":`)
	if !in.ok || e.Time.UnmarshalText(at) != nil {
		return nil, false
	}
	if e.Time.Location() != time.UTC { // a zone is for encoding/json to name
		return nil, false
	}
	data, closed := bytes.CutSuffix(in.rest, []byte("}"))
	if !closed || len(data) == 0 || data[0] <= ' ' || data[len(data)-1] <= ' ' || !json.Valid(data) {
		return nil, false
	}
	e.Data = bytes.Clone(data)
	return e, true
}

// A scan reads a record from its beginning; ok is false from the first thing on
// that is not as expected.
type scan struct {
	rest []byte
	ok   bool
}

func (s *scan) expect(text string) {
	if s.ok = s.ok && len(s.rest) >= len(text) && string(s.rest[:len(text)]) == text; s.ok {
		s.rest = s.rest[len(text):]
	}
}

// plain reads up to the quote that ends a text without escapes.
func (s *scan) plain(name string) []byte {
	if s.expect(name); !s.ok {
		return nil
	}
	for i, c := range s.rest {
		switch {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			return text
		case c < ' ' || c > '~' || c == '\\':
			s.ok = false
			return nil
		}
	}
	s.ok = false
	return nil
}

// text is plain as a string, usual itself where it equals that.
func (s *scan) text(name, usual string) string {
	if b := s.plain(name); string(b) != usual {
		return string(b)
	}
	return usual
}

// number reads the digits of an unsigned number as strconv writes it.
func (s *scan) number(name string) uint64 {
	if s.expect(name); !s.ok {
		return 0
	}
	end := 0
	for end < len(s.rest) && s.rest[end] >= '0' && s.rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(string(s.rest[:end]), 10, 64)
	if err != nil || end > 1 && s.rest[0] == '0' {
		s.ok = false
	}
	s.rest = s.rest[end:]
	return n
}
