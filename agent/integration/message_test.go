package integration

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"provider":"justo","received_at":"2026-03-07T00:00:00Z","headers":{"X-A":["b",1],"c":null,"D":"e"},"body":{"_id":1}}`))
	f.Add([]byte(`{"provider":"justo","received_at":"x","body_base64":"e30="}`))
	f.Add([]byte(`{"provider":"justo","body":"x","body_base64":null}`))
	f.Add([]byte(`{"provider":1}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, a, err := readMessage(payload)
		var bad *Unreadable
		switch {
		case errors.As(err, &bad):
			if bad.Code == "" || bad.Text == "" {
				t.Fatalf("%+v says nothing", bad)
			}
			return
		case err != nil:
			t.Fatalf("not an Unreadable: %v", err)
		}
		if m.Provider == "" {
			t.Fatal("taken without a provider")
		}
		if !a.Exact && !json.Valid(a.Body) {
			t.Fatalf("an inline body that is no JSON: %q", a.Body)
		}
		for name := range a.Headers {
			if name != strings.ToLower(name) {
				t.Fatalf("header %q", name)
			}
		}
	})
}

// The bytes of base64 arrive as they were, those of an inline body too.
func TestMessageBytes(t *testing.T) {
	body := []byte("{ \"a\" :\t\"ñ\\u00f1\" }")
	_, a, err := readMessage([]byte(`{"provider":"p","body":` + string(body) + `}`))
	if err != nil || a.Exact || !bytes.Equal(a.Body, body) {
		t.Errorf("inline: %q, %v", a.Body, err)
	}
	_, a, err = readMessage([]byte(`{"provider":"p","body_base64":"` + base64.StdEncoding.EncodeToString(body) + `"}`))
	if err != nil || !a.Exact || !bytes.Equal(a.Body, body) {
		t.Errorf("base64: %q, %v", a.Body, err)
	}
}

func TestCheckNesting(t *testing.T) {
	for body, ok := range map[string]bool{
		strings.Repeat("[", MaxNesting) + strings.Repeat("]", MaxNesting): true,
		strings.Repeat("[", MaxNesting+1):                                 false,
		strings.Repeat(`{"a":`, MaxNesting+1):                             false,
		`"` + strings.Repeat("[", 500) + `"`:                              true,
		`"\"` + strings.Repeat("[", 500) + `"`:                            true,
		`"\\"` + strings.Repeat("[", 500):                                 false,
		strings.Repeat("[]", 500):                                         true,
	} {
		if err := CheckNesting([]byte(body)); (err == nil) != ok {
			t.Errorf("%.20s…: %v", body, err)
		}
	}
}

func TestTime(t *testing.T) {
	lima := time.FixedZone("lima", -5*3600)
	for text, want := range map[string]string{
		"2026-03-07T00:30:00.123Z":  "2026-03-07T00:30:00Z",
		"2026-03-07T00:30:00-03:00": "2026-03-07T03:30:00Z",
		"2026-03-07 00:30:00Z":      "2026-03-07T00:30:00Z",
		"2026-03-07T00:30:00":       "2026-03-07T05:30:00Z",
		"2026-03-07 00:30":          "2026-03-07T05:30:00Z",
		"1772843400":                "2026-03-07T00:30:00Z",
		"1772843400000":             "2026-03-07T00:30:00Z",
		"":                          "", "mañana": "", "0": "", "99999999999999999": "", "1999-01-01T00:00:00Z": "",
	} {
		got, ok := Time(text, lima)
		if ok != (want != "") || ok && got.Format(time.RFC3339) != want {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
	}
}

func TestObject(t *testing.T) {
	o, err := Decode([]byte(`{"t":true,"ts":"TRUE","f":"false","z":0,"one":1,"n":"null","null":null,"s":" x ","num":12.50,"l":[1,"a",null,"null"],"e":"","o":{"a":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"t": true, "ts": true, "f": false, "z": false, "one": true, "n": false, "null": false, "x": false, "o": false} {
		if o.Bool(name) != want {
			t.Errorf("Bool(%s) = %v", name, !want)
		}
	}
	for name, want := range map[string]string{"n": "", "s": "x", "num": "12.50", "t": "", "o": "", "x": ""} {
		if got := o.Text(name); got != want {
			t.Errorf("Text(%s) = %q", name, got)
		}
	}
	if got := o.Text("n", "e", "s"); got != "x" {
		t.Errorf("first text %q", got)
	}
	if got := o.Texts("l"); len(got) != 2 || o.Texts("num")[0] != "12.50" || o.Texts("null") != nil {
		t.Errorf("texts %q", got)
	}
	for name, want := range map[string]bool{"l": true, "null": true, "x": true, "f": true, "n": true, "e": true, "s": false, "o": false, "t": false} {
		if _, ok := o.List(name); ok != want {
			t.Errorf("List(%s) = %v", name, ok)
		}
	}
	if o.Object("null").Object("x").Text("y") != "" || o.Object("o").Text("a") != "1" {
		t.Error("objects within")
	}
}
