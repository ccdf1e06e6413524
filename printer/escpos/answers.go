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
//
// Flow control and answers to DLE EOT may stand inside of any other answer, and
// automatic status inside of a block; the outer one goes on behind it. Inside
// of a block that is known only of bytes below 20, which its text cannot hold:
// a status such as 32 (paper end) there is taken for a letter, and spoils the
// block. So text and ids are believed only where they are what was expected.
type Answers struct {
	block []byte // a block that is being read, from its header on
	auto  []byte // automatic status that is being read
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
		case len(a.auto) > 0 && a.moreAuto(c, emit):
		case len(a.block) > 0 && a.moreBlock(c, emit):
		default:
			a.first(c, emit)
		}
	}
}

// Flush tells what has begun and never became whole as unknown. A printer sends
// an answer in one go, so what comes after a pause is another one.
func (a *Answers) Flush(emit func(Answer)) {
	a.block = lose(a.block, emit)
	a.auto = lose(a.auto, emit)
}

func isStatus(c byte) bool { return c&0x93 == 0x12 }
func isAuto(c byte) bool   { return c&0x93 == 0x10 }

// first reads a byte that begins an answer.
func (a *Answers) first(c byte, emit func(Answer)) {
	switch {
	case c == headerID || c == headerBlock || c == headerProcess:
		a.block = append(a.block[:0], c)
	case isAuto(c):
		a.auto = append(a.auto[:0], c)
	case isStatus(c):
		emit(Answer{Kind: AnswerStatus, Byte: c})
	case c&0x90 == 0:
		emit(Answer{Kind: AnswerFence, Byte: c})
	default:
		emit(Answer{Kind: AnswerUnknown, Byte: c})
	}
}

// moreAuto reads a byte of automatic status that has begun, and reports false
// when c is none of it: then what there was is told byte by byte as unknown.
func (a *Answers) moreAuto(c byte, emit func(Answer)) bool {
	switch {
	case isStatus(c):
		emit(Answer{Kind: AnswerStatus, Byte: c})
		return true
	case c&0x90 != 0:
		a.auto = lose(a.auto, emit)
		return false
	}
	if a.auto = append(a.auto, c); len(a.auto) == 4 {
		emit(Answer{Kind: AnswerASB, Data: a.auto})
		a.auto = a.auto[:0]
	}
	return true
}

// moreBlock does so with a block.
func (a *Answers) moreBlock(c byte, emit func(Answer)) bool {
	switch {
	case c < ' ' && isStatus(c):
		emit(Answer{Kind: AnswerStatus, Byte: c})
	case c < ' ' && isAuto(c):
		a.auto = append(a.auto[:0], c)
	case c == nul && (len(a.block) > 1 || a.block[0] == headerID):
		emit(blockAnswer(append(a.block, nul)))
		a.block = a.block[:0]
	case c >= ' ' && len(a.block) < maxBlock:
		a.block = append(a.block, c)
	default:
		a.block = lose(a.block, emit)
		return false
	}
	return true
}

// lose tells the bytes of an answer that never became whole.
func lose(data []byte, emit func(Answer)) []byte {
	for _, lost := range data {
		emit(Answer{Kind: AnswerUnknown, Byte: lost})
	}
	return data[:0]
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
