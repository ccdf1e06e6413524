package drivertest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
)

// A Recording is what passed between a device and its driver, as a file: one
// step a line.
//
//	# source: maker, manual, page: where the bytes are from
//	# anything else
//	> 57                the driver writes, in hex or as "text" in Go's quotes
//	< 02 20 31 0D       the device says
//	~ 250ms             and is silent
//	= {"kind":"weight"} the driver has heard this record (its fields, by name)
//	? 3F 3F             the driver has heard this garbage
//
// A receipt that is read stands there as the records of its lines, and one that
// is not as garbage: the bytes of its paper.
//
// What is heard stands in its order; where it stands between the steps does not
// matter.
type Recording struct {
	Sources []string // at least one
	Ops     []Op
	Heard   []string // as HeardText has it
}

// HeardText writes what a driver heard as a Recording has it: a line, for a
// receipt as many as it has.
func HeardText(h drivers.Heard) string {
	switch {
	case h.Record != nil:
		fields, _ := json.Marshal(h.Record.Fields) // cannot fail: texts
		return "= " + string(fields)
	case h.Garbage != nil:
		return fmt.Sprintf("? % X", h.Garbage)
	case h.Receipt != nil && h.Receipt.Cause != "":
		return fmt.Sprintf("? % X", h.Receipt.Stream)
	case h.Receipt != nil:
		var lines []string
		for _, l := range h.Receipt.Lines {
			lines = append(lines, HeardText(drivers.Heard{Record: &l}))
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// ParseRecording reads a recording. Its error names the line and what would be
// right.
func ParseRecording(text string) (*Recording, error) {
	r := &Recording{}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if err := r.line(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if len(r.Sources) == 0 {
		return nil, errors.New(`no source: write "# source: maker, manual, page"`)
	}
	return r, nil
}

func (r *Recording) line(line string) error {
	if line == "" {
		return nil
	}
	rest := strings.TrimSpace(line[1:])
	switch line[0] {
	case '#':
		if source, ok := strings.CutPrefix(rest, "source:"); ok && strings.TrimSpace(source) != "" {
			r.Sources = append(r.Sources, strings.TrimSpace(source))
		}
	case '>', '<', '?':
		b, err := recorded(rest)
		if err != nil {
			return err
		}
		switch line[0] {
		case '>':
			r.Ops = append(r.Ops, Op{Write: b})
		case '<':
			r.Ops = append(r.Ops, Op{Read: b})
		default:
			r.Heard = append(r.Heard, HeardText(drivers.Heard{Garbage: b}))
		}
	case '~':
		d, err := time.ParseDuration(rest)
		if err != nil || d <= 0 || d > time.Hour {
			return fmt.Errorf("%q: write a pause such as 250ms", rest)
		}
		r.Ops = append(r.Ops, Op{Pause: d})
	case '=':
		var fields map[string]string
		if err := json.Unmarshal([]byte(rest), &fields); err != nil || fields == nil {
			return fmt.Errorf("%q: write the record's fields as JSON texts", rest)
		}
		r.Heard = append(r.Heard, HeardText(drivers.Heard{Record: &drivers.Record{Fields: fields}}))
	default:
		return fmt.Errorf("%q: begin with # > < ~ = or ?", line)
	}
	return nil
}

// recorded reads bytes in hex or in quotes.
func recorded(text string) ([]byte, error) {
	if strings.HasPrefix(text, `"`) {
		s, err := strconv.Unquote(text)
		if err != nil || s == "" {
			return nil, fmt.Errorf("%s: the quotes are not right", text)
		}
		return []byte(s), nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%q: write bytes in hex, or text in quotes", text)
	}
	return b, nil
}

// Replay plays the recording in a file to a device made anew for each play: at
// once, byte by byte and in pieces, in synthetic time. Each time the device must
// do and hear what the recording has, nothing more, and end with its line.
func Replay(t *testing.T, file string, device func(*testing.T) drivers.Device) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecording(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, chunk := range []int{0, 1, 7} {
		t.Run(fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), chunk), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { replay(t, r, chunk, device(t)) })
		})
	}
}

func replay(t *testing.T, r *Recording, chunk int, device drivers.Device) {
	port := &Playback{Ops: slices.Clone(r.Ops), Chunk: chunk, End: drivers.ErrGone}
	var heard []string
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Hour)
	defer stop()
	err := device.Listen(ctx, port, nil, func(h drivers.Heard) error {
		if text := HeardText(h); text != "" {
			heard = append(heard, strings.Split(text, "\n")...)
		}
		return nil
	})
	if !errors.Is(err, drivers.ErrGone) {
		t.Errorf("Listen returned %v, want %v", err, drivers.ErrGone)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	if !slices.Equal(heard, r.Heard) {
		t.Errorf("heard\n%s\nthe recording has\n%s", strings.Join(heard, "\n"), strings.Join(r.Heard, "\n"))
	}
}
