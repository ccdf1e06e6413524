package escpos

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"mostrador/printer/receipt"
)

// A LogoKey is the key code (kc1, kc2) under which a printer keeps a picture in
// its memory that outlives power cuts; each byte is 20 to 7E.
type LogoKey [2]byte

// A LogoSum stands for one picture: the same dots have the same sum, and others
// another one.
type LogoSum [16]byte

// SumLogo sums a picture up.
func SumLogo(picture receipt.Image) LogoSum {
	h := sha256.New()
	var size [8]byte
	binary.BigEndian.PutUint32(size[:4], uint32(picture.Width))
	binary.BigEndian.PutUint32(size[4:], uint32(picture.Height))
	h.Write(size[:])
	h.Write(picture.Bits)
	return LogoSum(h.Sum(nil)[:16])
}

// Key is a key code for the picture, always the same one. Of 8,836 keys two
// pictures seldom share one; who stores them keeps account of which picture a
// key holds now, and stores a picture again whose key another one has taken.
func (s LogoSum) Key() LogoKey {
	const first, keys = '!', '~' - '!' + 1
	return LogoKey{first + byte(s[0]^s[2])%keys, first + byte(s[1]^s[3])%keys}
}

// The bounds of a stored picture, in dots: the widest head, and the tallest that
// Epson's TM-T81 takes (its Specification: 2,304).
const (
	maxLogoWidth  = 576
	maxLogoHeight = 2304
)

// LogoDefine stores a picture under a key (GS ( L or GS 8 L, function 67, one
// colour), in place of what is there. Send it once, not with every ticket: the
// memory wears out when it is written to more than some ten times a day, and
// while it writes the printer is busy and hears nothing (Epson, ESC/POS Command
// Reference). Ask with LogoList whether it is stored.
//
// No real-time command is in it: a printer obeys those also in the middle of
// such data, and GS ( D silences only DLE DC4. Where the dots spell one, one dot
// more is black.
func LogoDefine(key LogoKey, picture receipt.Image) ([]byte, error) {
	stride := (picture.Width + 7) / 8
	switch {
	case !key.valid():
		return nil, fmt.Errorf("key code %q: both bytes must be 20 to 7E", key[:])
	case picture.Width < 1 || picture.Height < 1 || len(picture.Bits) < stride*picture.Height:
		return nil, errors.New("the logo is empty")
	case picture.Width > maxLogoWidth || picture.Height > maxLogoHeight:
		return nil, fmt.Errorf("a logo of %d × %d dots is too large: %d × %d are allowed", picture.Width, picture.Height, maxLogoWidth, maxLogoHeight)
	}
	rows := picture.Height
	for spells(11+stride*rows) || spells(rows) {
		rows++ // a white row more, so that no number in the header is 10 04
	}
	data := make([]byte, stride*rows)
	copy(data, picture.Bits[:stride*picture.Height])
	defuse(data)
	b := graphicsHeader(nil, 11+len(data))
	b = append(b, 48, 67, 48, key[0], key[1], 1, byte(picture.Width), byte(picture.Width>>8), byte(rows), byte(rows>>8), 49)
	return append(b, data...), nil
}

// spells reports whether a number, low byte first, is a real-time command.
func spells(n int) bool {
	high := byte(n >> 8)
	return byte(n) == dle && (high == 0x04 || high == 0x05 || high == 0x14)
}

// graphicsHeader begins GS ( L, or GS 8 L where the body is longer than that
// counts.
func graphicsHeader(dst []byte, n int) []byte {
	if n > 0xffff {
		return append(dst, gs, '8', 'L', byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return append(dst, gs, '(', 'L', byte(n), byte(n>>8))
}

// LogoPrint prints what is stored under a key (GS ( L, function 69): eleven
// bytes. A printer that has nothing there prints nothing.
func LogoPrint(key LogoKey) []byte {
	return []byte{gs, '(', 'L', 6, 0, 48, 69, key[0], key[1], 1, 1}
}

// LogoDelete frees what is stored under a key (GS ( L, function 66).
func LogoDelete(key LogoKey) []byte { return []byte{gs, '(', 'L', 4, 0, 48, 66, key[0], key[1]} }

// LogoList asks for the keys that hold something (GS ( L, function 64). The
// answer is read with Answer.Logos. Nothing else may be sent until it has come;
// then LogoNext is, for each block, the last one too.
func LogoList() []byte { return []byte{gs, '(', 'L', 4, 0, 48, 64, 'K', 'C'} }

// LogoNext takes note of a block of a list and asks for the next (ACK).
func LogoNext() []byte { return []byte{ack} }

// Logos reads a block of the answer to LogoList: 37 72, then 41 when another
// block follows and 40 when none does, then two bytes a key, at most 40 keys. ok
// is false for any other answer.
func (a Answer) Logos() (keys []LogoKey, more, ok bool) {
	d := a.Data
	if a.Kind != AnswerBlock || len(d) < 3 || d[0] != headerProcess || d[1] != idLogos || d[2]&^1 != 0x40 || len(d)%2 == 0 {
		return nil, false, false
	}
	for at := 3; at < len(d); at += 2 {
		keys = append(keys, LogoKey(d[at:at+2]))
	}
	return keys, d[2] == 0x41, true
}

func (k LogoKey) valid() bool { return k[0] >= ' ' && k[0] <= '~' && k[1] >= ' ' && k[1] <= '~' }

// number is the key as an Event has it.
func (k LogoKey) number() int { return int(k[0])<<8 | int(k[1]) }
