package escpos_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mostrador/printer/escpos"
)

var answerNames = map[escpos.AnswerKind]string{
	escpos.AnswerUnknown: "unknown", escpos.AnswerStatus: "status", escpos.AnswerFence: "fence", escpos.AnswerASB: "asb",
	escpos.AnswerID: "id", escpos.AnswerProcessID: "process", escpos.AnswerBlock: "block", escpos.AnswerReady: "ready", escpos.AnswerBusy: "busy",
}

// heard tells what a printer said, one word for each answer.
func heard(pieces ...[]byte) string {
	var a escpos.Answers
	var all []string
	for _, piece := range pieces {
		a.Feed(piece, func(a escpos.Answer) {
			if a.Data != nil {
				all = append(all, fmt.Sprintf("%s(%q)", answerNames[a.Kind], a.Data))
				return
			}
			all = append(all, fmt.Sprintf("%s(%02x)", answerNames[a.Kind], a.Byte))
		})
	}
	return strings.Join(all, " ")
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct{ about, in, want string }{
		{"status of a printer at rest", "\x16\x12\x12\x12", "status(16) status(12) status(12) status(12)"},
		{"offline, paper out", "\x1e\x32\x12\x72", "status(1e) status(32) status(12) status(72)"},
		{"fence, paper there and near its end", "\x00\x03\x0c", "fence(00) fence(03) fence(0c)"},
		{"automatic status", "\x14\x00\x00\x0f", `asb("\x14\x00\x00\x0f")`},
		{"automatic status, then a fence", "\x10\x00\x0c\x00\x00", `asb("\x10\x00\f\x00") fence(00)`},
		{"model", "_TM-T88V\x00\x00", `id("TM-T88V") fence(00)`},
		{"process id", "7\"0042\x00", `process("0042")`},
		{"other blocks", "7\x23abc\x00=\x41x\x00_\x00", `block("7#abc") block("=Ax") id("")`},
		{"flow control inside of a block", "_TM\x13-T\x1188V\x00", `busy(13) ready(11) id("TM-T88V")`},
		{"flow control inside of automatic status", "\x14\x13\x00\x00\x11\x0f", `busy(13) ready(11) asb("\x14\x00\x00\x0f")`},
		{"a status inside of automatic status", "\x14\x00\x16\x00\x0f", `status(16) asb("\x14\x00\x00\x0f")`},
		{"a status inside of a block", "_TM\x16-T88V\x00", `status(16) id("TM-T88V")`},
		{"automatic status inside of a block", "7\"00\x14\x00\x0c\x0f42\x00", `asb("\x14\x00\f\x0f") process("0042")`},
		{"cover open inside of an id looks like text", "7\"00\x34\x00\x00\x0f42\x00", `block("7\"004") fence(00) fence(0f) status(32)`},
		{"automatic status that begins anew", "\x14\x00\x10\x00\x00\x0f", `unknown(14) unknown(00) asb("\x10\x00\x00\x0f")`},
		{"a block that breaks off", "_TM\x16\x01", "status(16) unknown(5f) unknown(54) unknown(4d) fence(01)"},
		{"noise", "\xff\x91\x16", "unknown(ff) unknown(91) status(16)"},
	} {
		t.Run(c.about, func(t *testing.T) {
			if got := heard([]byte(c.in)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// What broke off long ago takes nothing of what comes now.
func TestAnswersFlush(t *testing.T) {
	for _, begun := range []string{"\x14\x00", "_TM", "_TM\x14\x00"} {
		var a escpos.Answers
		var kinds []escpos.AnswerKind
		emit := func(a escpos.Answer) { kinds = append(kinds, a.Kind) }
		a.Feed([]byte(begun), emit)
		a.Flush(emit)
		if len(kinds) != len(begun) || slices.ContainsFunc(kinds, func(k escpos.AnswerKind) bool { return k != escpos.AnswerUnknown }) {
			t.Errorf("%q was told as %v", begun, kinds)
		}
		a.Feed([]byte{0}, emit)
		if last := kinds[len(kinds)-1]; last != escpos.AnswerFence {
			t.Errorf("behind %q: %s", begun, answerNames[last])
		}
	}
}

func TestAnswersBoundBlocks(t *testing.T) {
	got := heard([]byte("_"), bytes.Repeat([]byte("x"), 5000), []byte("\x16"))
	if !strings.HasSuffix(got, "status(16)") || strings.Contains(got, "id(") {
		t.Errorf("%.60s … %s", got, got[len(got)-40:])
	}
}

// However answers are split they are the same, and every byte is told exactly
// once: what waits for the rest of a block is told when the block is too long.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{"\x16\x12", "\x14\x00\x00\x0f", "_TM\x13-T88V\x00", "7\"0042\x00", "=\x00\x00", "\x14\x00\xff_\x10\x37\x00", "7r\x41A1zz\x00\x16", "7r\x40\x00_"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		whole := heard(b)
		if got := heard(pieces(b, seed)...); got != whole {
			t.Fatalf("in pieces: %s\nat once: %s", got, whole)
		}
		const more = 300
		var a escpos.Answers
		total := 0
		tell := func(a escpos.Answer) {
			total += size(a)
			if keys, _, ok := a.Logos(); ok && 2*len(keys) != len(a.Data)-3 {
				t.Fatalf("%d keys in %q", len(keys), a.Data)
			}
		}
		a.Feed(b, tell)
		if total > len(b) || len(b)-total > 257 {
			t.Fatalf("%d bytes were told of %d", total, len(b))
		}
		a.Feed(bytes.Repeat([]byte{0xff}, more), tell)
		if total != len(b)+more {
			t.Fatalf("%d bytes were told of %d", total, len(b)+more)
		}
	})
}

// size is how many bytes an answer has, its header and end included.
func size(a escpos.Answer) int {
	switch a.Kind {
	case escpos.AnswerID:
		return len(a.Data) + 2
	case escpos.AnswerProcessID:
		return len(a.Data) + 3
	case escpos.AnswerBlock:
		return len(a.Data) + 1
	case escpos.AnswerASB:
		return 4
	}
	return 1
}
