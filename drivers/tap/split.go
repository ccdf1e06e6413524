package tap

import (
	"bytes"
	"slices"

	"mostrador/printer/escpos"
)

// maxStream bounds what is kept of the bytes of one paper.
const maxStream = 256 << 10

// A paper is what comes out of the printer in one piece.
type paper struct {
	lines  []line
	stream []byte // what prints it alone
	// torn: bytes of it are missing. odd is why its lines may not be read in
	// their order, "" when they may.
	torn bool
	odd  string
}

// A splitter cuts a stream into papers, whatever pieces it comes in.
type splitter struct {
	decoder *escpos.Decoder
	emit    func(paper)
	asked   func(escpos.Event)

	standing standing
	page     page
	prefix   []byte // the settings that the paper began with
	raw      []byte // its bytes, as far as they are kept
	came     int    // how many bytes there were of it
	torn     bool

	chunk   []byte // what is being fed, and where it begins in the stream
	chunkAt uint64
	fed     uint64
}

func newSplitter(decoder func() *escpos.Decoder, emit func(paper), asked func(escpos.Event)) *splitter {
	return &splitter{decoder: decoder(), emit: emit, asked: asked}
}

// feed reads more of the stream.
func (s *splitter) feed(b []byte) {
	s.chunk, s.chunkAt = b, s.fed
	s.fed += uint64(len(b))
	s.came += len(b)
	s.keep(b)
	s.decoder.Feed(b, s.event)
	s.chunk = nil
}

// resume goes on with what an earlier run had read of a paper; what came between
// is missing.
func (s *splitter) resume(partial []byte) {
	s.feed(partial)
	s.tear()
}

// tear notes that bytes are missing here.
func (s *splitter) tear() {
	s.decoder.Abandon()
	s.torn = true
}

// keep adds to the bytes of the paper.
func (s *splitter) keep(b []byte) {
	s.raw = append(s.raw, b[:min(len(b), maxStream-min(len(s.raw), maxStream))]...)
}

// begun says whether something stands on the paper.
func (s *splitter) begun() bool { return !s.page.blank() || s.decoder.Waiting() > 0 && s.came > 64 }

// size is how many bytes there are of the paper.
func (s *splitter) size() int { return s.came + len(s.prefix) }

// stream is what prints the paper alone.
func (s *splitter) stream() []byte { return slices.Concat(s.prefix, s.raw) }

// end ends the paper here.
func (s *splitter) end() {
	s.decoder.Flush(s.event)
	s.finish(s.fed)
}

// hangUp forgets a command that the end of a connection has cut off.
func (s *splitter) hangUp() { s.decoder.Abandon() }

// event does what the stream says.
func (s *splitter) event(e escpos.Event) {
	switch e.Kind {
	case escpos.StatusRequest, escpos.FenceRequest, escpos.AutoStatusRequest, escpos.Identify:
		s.asked(e)
	case escpos.Cut:
		s.finish(e.End)
		return
	case escpos.Initialise:
		s.standing = nil
	case escpos.Setting:
		s.standing = s.standing.with(e.Raw)
	}
	s.page.print(e)
}

// finish hands the paper on, whose last byte is before at, and begins a new one.
func (s *splitter) finish(at uint64) {
	s.page.endLine()
	kept := s.raw[:min(len(s.raw), s.came-int(s.fed-at))]
	if !s.page.blank() || s.torn {
		s.emit(paper{
			lines: s.page.lines, odd: s.page.odd, torn: s.torn,
			stream: slices.Concat(s.prefix, kept),
		})
	}
	s.page, s.torn, s.raw, s.came = page{}, false, nil, 0
	s.prefix = s.standing.bytes()
	if s.chunk != nil {
		rest := s.chunk[at-s.chunkAt:]
		s.came = len(rest)
		s.keep(rest)
	}
}

// standing are the settings that a stream has left, each as it was last made.
type standing [][]byte

// The bounds of standing settings.
const (
	maxSettings = 64
	maxSetting  = 64
)

// with adds a setting in place of the one before of its kind.
func (st standing) with(raw []byte) standing {
	if len(raw) < 2 || len(raw) > maxSetting {
		return st
	}
	kind := 2
	if raw[1] == '(' && len(raw) >= 6 { // GS ( k pL pH fn …
		kind = 6
	}
	same := func(other []byte) bool { return len(other) >= kind && bytes.Equal(other[:kind], raw[:kind]) }
	st = slices.DeleteFunc(slices.Clone(st), same)
	if len(st) == maxSettings {
		st = st[1:]
	}
	return append(st, bytes.Clone(raw))
}

// bytes are what makes the settings on a printer that was just switched on.
func (st standing) bytes() []byte { return slices.Concat(st...) }
