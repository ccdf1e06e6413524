package drivertest

import (
	"strings"
	"testing"
	"time"
)

func TestParseRecording(t *testing.T) {
	r, err := ParseRecording("# source: a manual, p. 1\n> 57\n< \"\\x02 1.250\\r\"\n~ 250ms\n= {\"kind\":\"weight\"}\n? 3f 3F\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ops) != 3 || string(r.Ops[0].Write) != "W" || string(r.Ops[1].Read) != "\x02 1.250\r" || r.Ops[2].Pause != 250*time.Millisecond {
		t.Errorf("steps %v", r.Ops)
	}
	if want := `= {"kind":"weight"}|? 3F 3F`; strings.Join(r.Heard, "|") != want {
		t.Errorf("heard %q, want %q", r.Heard, want)
	}
	for text, says := range map[string]string{
		"> 57":                     "no source",
		"# source:\n> 57":          "no source",
		"# source: m\n> 5":         "line 2: \"5\": write bytes in hex",
		"# source: m\n>":           "line 2: \"\": write bytes",
		"# source: m\n< \"x":       "the quotes are not right",
		"# source: m\n\n~ soon":    "line 3: \"soon\": write a pause",
		"# source: m\n= [1]":       "fields as JSON",
		"# source: m\n= null":      "fields as JSON",
		"# source: m\nwhat is it?": "begin with #",
	} {
		if _, err := ParseRecording(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want …%s…", text, err, says)
		}
	}
}

func FuzzParseRecording(f *testing.F) {
	f.Add("# source: m\n> 57\n< \"a\"\n~ 1s\n= {}\n? 00")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRecording(text)
		if err != nil {
			return
		}
		for _, op := range r.Ops {
			if len(op.Write) == 0 && len(op.Read) == 0 && op.Pause <= 0 {
				t.Errorf("an empty step in %q", text)
			}
		}
	})
}
