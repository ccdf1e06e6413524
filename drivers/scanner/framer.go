package scanner

import "bytes"

const (
	stx = 0x02
	etx = 0x03
)

// around is what may stand around a code and is nothing.
const around = "\x00\x02\x03\r\n"

// A framer cuts bytes into codes, whatever pieces they come in.
type framer struct {
	ends string
	// emit takes what may be a code, or what cannot be one.
	emit func(text, garbage []byte) error

	buf    []byte
	inside bool // between STX and ETX, with EndsETX
	long   bool // this code is too long, and its beginning has been emitted
}

// feed takes the next bytes. It stops at emit's first error; nothing may be fed
// after that.
func (f *framer) feed(data []byte) error {
	for _, b := range data {
		if err := f.next(b); err != nil {
			return err
		}
	}
	return nil
}

func (f *framer) next(b byte) error {
	switch f.ends {
	case EndsLine:
		if b == '\r' || b == '\n' {
			return f.end()
		}
	case EndsTab:
		if b == '\t' {
			return f.end()
		}
	case EndsETX:
		switch {
		case b == stx: // the end of another one was lost, or this is the first
			err := f.giveUp()
			f.inside = true
			return err
		case b == etx && f.inside:
			err := f.end()
			f.inside = false
			return err
		}
	}
	if len(f.buf) == maxCode {
		piece := f.take()
		f.long = true
		if err := f.emit(nil, piece); err != nil {
			return err
		}
	}
	f.buf = append(f.buf, b)
	return nil
}

// silent notes that nothing more came.
func (f *framer) silent() error {
	if f.ends == EndsSilence {
		return f.end()
	}
	return f.giveUp()
}

// end emits the code.
func (f *framer) end() error {
	if f.long {
		return f.giveUp()
	}
	if text := bytes.Trim(f.take(), around); len(text) > 0 {
		return f.emit(text, nil)
	}
	return nil
}

// giveUp emits what has come as what it is not.
func (f *framer) giveUp() error {
	f.inside, f.long = false, false
	rest := f.take()
	if len(bytes.Trim(rest, around)) == 0 {
		return nil
	}
	return f.emit(nil, rest)
}

// waiting says whether something has come of which the end is missing.
func (f *framer) waiting() bool { return len(f.buf) > 0 || f.inside || f.long }

func (f *framer) take() []byte {
	text := bytes.Clone(f.buf)
	f.buf = f.buf[:0]
	return text
}
