package register

import (
	"bytes"
)

// A scanner cuts bytes into lines, whatever pieces they come in.
type scanner struct {
	emit func(line) error
	buf  []byte // the line so far; of a line that is too long, the piece so far
	long bool   // the line is too long, and its beginning has been emitted
	kept bool   // a partial record is kept that the line takes the place of
	seen int    // how much of buf was kept with it
}

// A line is what stood between two line ends.
type line struct {
	// text is what may be a record.
	text []byte
	// garbage is what cannot be one.
	garbage [][]byte
	// broken: this was the end of a line that holds no record.
	broken bool
}

// feed takes the next bytes. It stops at emit's first error; the line that
// caused it is lost to the scanner, so nothing may be fed after that.
func (s *scanner) feed(data []byte) error {
	for len(data) > 0 {
		end := bytes.IndexAny(data, "\r\n")
		piece := data
		if end >= 0 {
			piece = data[:end]
		}
		for len(piece) > 0 {
			if len(s.buf) == maxLine {
				if err := s.overflow(); err != nil {
					return err
				}
			}
			n := min(len(piece), maxLine-len(s.buf))
			s.buf = append(s.buf, piece[:n]...)
			piece = piece[n:]
		}
		if end < 0 {
			return nil
		}
		if err := s.end(); err != nil {
			return err
		}
		data = data[end+1:]
	}
	return nil
}

// overflow emits a full piece of a line that is too long.
func (s *scanner) overflow() error {
	piece := s.take()
	s.long = true
	return s.emit(line{garbage: [][]byte{piece}})
}

// end emits the line.
func (s *scanner) end() error {
	long, kept := s.long, s.kept
	raw := s.take()
	s.long = false
	if long {
		return s.emit(line{garbage: pieces(raw), broken: true})
	}
	text := bytes.Trim(raw, "\x00\x02\x03")
	start := len(text) - len(bytes.TrimLeftFunc(text, isControl))
	stop := max(start, len(bytes.TrimRightFunc(text, isControl)))
	out := line{text: text[start:stop:stop]}
	for _, rest := range [][]byte{text[:start:start], text[stop:]} {
		out.garbage = append(out.garbage, pieces(rest)...)
	}
	switch {
	case bytes.IndexFunc(out.text, isControl) >= 0: // damaged
		out = line{garbage: pieces(text), broken: true}
	case len(bytes.TrimSpace(out.text)) == 0:
		out.text = nil
	}
	if len(out.text) == 0 && len(out.garbage) == 0 {
		if !kept {
			return nil
		}
		out.garbage = [][]byte{raw} // takes the place of the partial record
	}
	return s.emit(out)
}

// take empties the scanner and returns what was in it.
func (s *scanner) take() []byte {
	raw := bytes.Clone(s.buf)
	s.buf, s.kept, s.seen = s.buf[:0], false, 0
	return raw
}

// unkept says whether a record has begun and something of it is not kept yet.
func (s *scanner) unkept() bool {
	return !s.long && len(s.buf) > s.seen && len(bytes.Trim(s.buf, "\x00\x02\x03")) > 0
}

// partial returns the line so far.
func (s *scanner) partial() []byte { return bytes.Clone(s.buf) }

// markKept notes that the line so far has been kept.
func (s *scanner) markKept() { s.kept, s.seen = len(s.buf) > 0, len(s.buf) }

// pieces is b as garbage, if it is anything.
func pieces(b []byte) [][]byte {
	if len(b) == 0 {
		return nil
	}
	return [][]byte{b}
}

// isControl says whether a byte or rune belongs in no line of text.
func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }
