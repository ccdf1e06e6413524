package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mostrador/printer/virtual"
)

// A printerTeller says what becomes of a virtual printer, as text for people or
// as one JSON object a line for programs.
type printerTeller struct {
	out  *calm
	json bool
	text bool // papers with their text
}

func (a *app) printerTeller(text bool) printerTeller {
	return printerTeller{out: &calm{w: a.stdout}, json: a.json, text: text}
}

// printerNews is a line of JSON: event is listening, paper, answer, fault,
// condition, status or error, and says which of the others are there.
type printerNews struct {
	Event string    `json:"event"`
	Time  time.Time `json:"time"`
	// listening
	Address string `json:"address,omitempty"`
	Model   string `json:"model,omitempty"`
	Paper   string `json:"paper,omitempty"`
	// paper
	Number  int    `json:"number,omitempty"`
	Text    string `json:"text,omitempty"`
	Bytes   int    `json:"bytes,omitempty"`
	Picture string `json:"picture,omitempty"`
	// answer: its bytes in hex
	Answer string `json:"answer,omitempty"`
	// fault
	Fault string             `json:"fault,omitempty"`
	State virtual.FaultState `json:"state,omitempty"`
	// condition and status
	Condition *virtual.Condition `json:"condition,omitempty"`
	Status    *printerStatus     `json:"status,omitempty"`
	// error: what was wrong with a command
	Error string `json:"error,omitempty"`
}

// printerStatus are a printer's counts; received = printed + buffered + lost.
type printerStatus struct {
	Received uint64   `json:"received"`
	Printed  uint64   `json:"printed"`
	Buffered int      `json:"buffered"`
	Lost     uint64   `json:"lost"`
	Papers   int      `json:"papers"`
	Pulses   int      `json:"pulses"`
	Buzzes   int      `json:"buzzes"`
	Hanging  string   `json:"hanging"`
	Faults   []string `json:"faults"`
}

// tell says news; text is what people read, empty for nothing.
func (o printerTeller) tell(news printerNews) {
	news.Time = time.Now()
	if o.json {
		line, err := json.Marshal(news)
		if err != nil {
			return // it is of strings and numbers alone
		}
		o.out.say("%s", line)
		return
	}
	if text := news.words(); text != "" {
		o.out.say("%s", text)
	}
}

// words are what people read.
func (n printerNews) words() string {
	switch n.Event {
	case "listening":
		return fmt.Sprintf("A virtual %s with %s paper listens on %s. Type help to see how it can fail; quit ends it.", n.Model, n.Paper, n.Address)
	case "paper":
		title := fmt.Sprintf("paper %d · %d bytes", n.Number, n.Bytes)
		if n.Picture != "" {
			title += " · " + n.Picture
		}
		if n.Text == "" {
			return title
		}
		return frame(title, n.Text)
	case "answer":
		return "answered " + n.Answer
	case "fault":
		return fmt.Sprintf("fault %s %s", n.Fault, map[virtual.FaultState]string{
			virtual.Armed: "will happen", virtual.Begun: "happens", virtual.Mended: "is mended",
		}[n.State])
	case "condition":
		return "condition: " + conditionWords(*n.Condition)
	case "status":
		return n.Status.words(*n.Condition)
	case "error":
		return n.Error
	}
	return ""
}

func conditionWords(c virtual.Condition) string {
	var words []string
	for _, w := range []struct {
		is   bool
		word string
	}{
		{c.Offline, "offline"}, {c.Cover, "cover open"}, {c.PaperEnd, "paper end"}, {c.NearEnd, "paper near end"},
		{c.Cutter, "cutter jammed"}, {c.Error, "error"}, {!c.Drawer, "drawer pin low"},
	} {
		if w.is {
			words = append(words, w.word)
		}
	}
	if len(words) == 0 {
		return "well"
	}
	return strings.Join(words, ", ")
}

func (s *printerStatus) words(c virtual.Condition) string {
	var b strings.Builder
	fmt.Fprintf(&b, "condition: %s\n", conditionWords(c))
	fmt.Fprintf(&b, "bytes: %d received = %d printed + %d in the buffer + %d lost\n", s.Received, s.Printed, s.Buffered, s.Lost)
	fmt.Fprintf(&b, "papers: %d; drawer kicked %d times; buzzer %d times", s.Papers, s.Pulses, s.Buzzes)
	for _, f := range s.Faults {
		fmt.Fprintf(&b, "\nfault: %s", f)
	}
	if s.Hanging != "" {
		fmt.Fprintf(&b, "\n%s", frame("hangs out, not cut", s.Hanging))
	}
	return b.String()
}

func (o printerTeller) paper(p virtual.Paper, picture string) {
	news := printerNews{Event: "paper", Number: p.Number, Bytes: len(p.Bytes()), Picture: picture}
	if o.text {
		news.Text = p.Text()
	}
	o.tell(news)
}

func (o printerTeller) answer(b []byte) {
	o.tell(printerNews{Event: "answer", Answer: hex.EncodeToString(b)})
}

func (o printerTeller) condition(c virtual.Condition) {
	o.tell(printerNews{Event: "condition", Condition: &c})
}

func (o printerTeller) fault(f virtual.Fault, state virtual.FaultState) {
	o.tell(printerNews{Event: "fault", Fault: f.String(), State: state})
}

func (o printerTeller) complain(err error) {
	o.tell(printerNews{Event: "error", Error: err.Error()})
}

func (o printerTeller) status(v *virtual.Printer) {
	c := v.Condition()
	s := &printerStatus{
		Received: v.Received(), Printed: v.Printed(), Buffered: v.Buffered(), Lost: v.Lost(),
		Papers: v.Current().Number - 1, Pulses: v.Pulses(), Buzzes: v.Buzzes(), Hanging: v.Current().Text(), Faults: []string{},
	}
	for _, f := range v.Faults() {
		s.Faults = append(s.Faults, f.String())
	}
	o.tell(printerNews{Event: "status", Condition: &c, Status: s})
}

// help lists the commands. To a program they are an answer like any other.
func (o printerTeller) help() {
	var b strings.Builder
	b.WriteString("A fault happens at once, or with @ after so many bytes or millimetres of paper; with ,for=3s it mends itself.\n\n")
	for _, form := range virtual.FaultForms() {
		fmt.Fprintf(&b, "  %-50s %s\n", form.Form, form.About)
	}
	fmt.Fprintf(&b, "\n  %-50s %s\n", "mend [FAULT]…", "it is well again, from these or from all")
	fmt.Fprintf(&b, "  %-50s %s\n", "status", "what it has printed, what waits, what is lost")
	fmt.Fprintf(&b, "  %-50s %s", "quit", "ends it")
	if o.json {
		o.tell(printerNews{Event: "help", Text: b.String()})
		return
	}
	o.out.say("%s", b.String())
}
