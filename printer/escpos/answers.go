package escpos

// An Answer is something that a printer said.
type Answer struct {
	Kind AnswerKind
	// Byte of a status, fence, flow or unknown answer.
	Byte byte
	// Data of the others: the four bytes of AnswerASB, the four of
	// AnswerProcessID, the text of AnswerID, header and data of AnswerBlock. It
	// holds only until the function returns that got the answer.
	Data []byte
}

// AnswerKind tells answers apart by the patterns of their bits.
type AnswerKind int

// The kinds of answers.
const (
	// AnswerUnknown is a byte that fits none of the others: noise, or a wrong
	// speed.
	AnswerUnknown AnswerKind = iota
	// AnswerStatus is one byte for DLE EOT n; which n, only the order of asking
	// tells.
	AnswerStatus
	// AnswerFence is one byte for GS r n, or for GS I 1 to 3. A line that breaks
	// can send a NUL that looks the same.
	AnswerFence
	// AnswerASB are the four bytes of automatic status back.
	AnswerASB
	// AnswerID is the text for GS I 65 to 69: 5F … 00.
	AnswerID
	// AnswerProcessID is the id for GS ( H, function 48: 37 22 … 00.
	AnswerProcessID
	// AnswerBlock is any other block: 3D or 37, an id, data, 00.
	AnswerBlock
	// AnswerReady and AnswerBusy are XON and XOFF. They may stand inside of any
	// other answer.
	AnswerReady
	AnswerBusy
)

// Answers reads what a printer sends. The zero value is ready; how the bytes
// are split makes no difference.
type Answers struct {
	kind AnswerKind // of the answer that is being read
	data []byte
}

const (
	xon  = 0x11
	xoff = 0x13

	headerID      = 0x5f
	headerBlock   = 0x3d
	headerProcess = 0x37
	idProcess     = 0x22
	idLogos       = 0x72
)

// maxBlock bounds a block of an answer: the longest, a list of NV key codes,
// has 83 bytes.
const maxBlock = 256

// Feed reads what came and tells each answer when it is whole.
func (a *Answers) Feed(b []byte, emit func(Answer)) {
	for _, c := range b {
		switch {
		case c == xon:
			emit(Answer{Kind: AnswerReady, Byte: c})
		case c == xoff:
			emit(Answer{Kind: AnswerBusy, Byte: c})
		case len(a.data) > 0 && a.more(c, emit):
		default:
			a.first(c, emit)
		}
	}
}

// first reads a byte that begins an answer.
func (a *Answers) first(c byte, emit func(Answer)) {
	switch {
	case c == headerID || c == headerBlock || c == headerProcess:
		a.kind, a.data = AnswerBlock, append(a.data[:0], c)
	case c&0x93 == 0x10:
		a.kind, a.data = AnswerASB, append(a.data[:0], c)
	case c&0x93 == 0x12:
		emit(Answer{Kind: AnswerStatus, Byte: c})
	case c&0x90 == 0:
		emit(Answer{Kind: AnswerFence, Byte: c})
	default:
		emit(Answer{Kind: AnswerUnknown, Byte: c})
	}
}

// more reads a byte of an answer that has begun, and reports false when it is
// not part of it: then what there was is told byte by byte as unknown.
func (a *Answers) more(c byte, emit func(Answer)) bool {
	if !a.fits(c) {
		for _, lost := range a.data {
			emit(Answer{Kind: AnswerUnknown, Byte: lost})
		}
		a.data = a.data[:0]
		return false
	}
	a.data = append(a.data, c)
	switch {
	case a.kind == AnswerASB && len(a.data) == 4:
		a.tell(Answer{Kind: AnswerASB, Data: a.data}, emit)
	case a.kind == AnswerBlock && c == nul:
		a.tell(blockAnswer(a.data), emit)
	}
	return true
}

// fits reports whether c may follow in the answer that is being read.
func (a *Answers) fits(c byte) bool {
	if a.kind == AnswerASB {
		return c&0x90 == 0
	}
	return len(a.data) < maxBlock && (c >= ' ' || c == nul && (len(a.data) > 1 || a.data[0] == headerID))
}

func (a *Answers) tell(answer Answer, emit func(Answer)) {
	a.data = a.data[:0]
	emit(answer)
}

// blockAnswer names a whole block by its header.
func blockAnswer(b []byte) Answer {
	body := b[1 : len(b)-1]
	switch {
	case b[0] == headerID:
		return Answer{Kind: AnswerID, Data: body}
	case b[0] == headerProcess && len(body) == 5 && body[0] == idProcess:
		return Answer{Kind: AnswerProcessID, Data: body[1:]}
	}
	return Answer{Kind: AnswerBlock, Data: b[:len(b)-1]}
}
