package printer

import (
	"context"
	"fmt"
	"time"

	"mostrador/printer/profile"
)

// Findings are what a printer was found to be, without printing anything.
type Findings struct {
	Abilities Abilities `json:"abilities"`
	// Proof is the strongest that its tickets can have.
	Proof Proof `json:"proof"`
	// Condition is how it is now, where Known; else it says nothing of that.
	Condition Condition `json:"condition"`
	Known     bool      `json:"condition_known"`
	// Profile is the name of the one that fits what it says of itself, empty
	// where none does; Sure is how far that can be trusted.
	Profile string    `json:"profile,omitempty"`
	Sure    Certainty `json:"sure,omitempty"`
	// Open is what could not be found out.
	Open []Gap `json:"open,omitempty"`
}

// Certainty is how far a suggested profile can be trusted.
type Certainty string

// The certainties of a profile.
const (
	// Likely: it says that it is this model, and answers all that the model does.
	Likely Certainty = "likely"
	// Claimed: it says so, but does not answer what the model would: it is
	// probably a clone, and its paper and its code pages should be looked at.
	Claimed Certainty = "claimed"
)

// A Gap is something that a probe could not find out.
type Gap string

// The gaps.
const (
	GapSilent   Gap = "silent"   // it answers nothing: nothing is known of it
	GapBlocked  Gap = "blocked"  // it is blocked: what stands in its buffer waits
	GapIdentity Gap = "identity" // it does not say what it is
	GapModel    Gap = "model"    // what it says that it is has no profile
	// GapPaper: no printer says how wide its paper is, which code pages it
	// holds, or whether it has a cutter. A person looks.
	GapPaper Gap = "paper"
)

// AskAll is what an unknown printer can be asked without printing anything: all
// but the process id, which a model must be known to have.
func AskAll() profile.Answers {
	return profile.Answers{Status: true, Fence: true, Auto: true, Identity: true}
}

// Probe finds out what stands at the other side of a line: it opens nothing,
// prints nothing, and leaves the line open. It takes up to ten seconds.
func Probe(ctx context.Context, line Line, ask profile.Answers) (Findings, error) {
	s := newSession(line, Options{Ask: ask, Resync: -1})
	s.done.Add(1)
	go s.read()
	err := s.probe(ctx)
	if err := s.leave(); err != nil {
		return Findings{}, err
	}
	if err != nil {
		return Findings{}, fmt.Errorf("probe the printer: %w", err)
	}
	return s.findings(), nil
}

func (s *Session) probe(ctx context.Context) error {
	ctx, cancel := s.while(ctx)
	defer cancel()
	return s.meet(ctx)
}

// leave ends the reader and leaves the line as it was.
func (s *Session) leave() error {
	if err := s.line.SetReadDeadline(time.Now()); err != nil {
		return err
	}
	s.Wait()
	return s.line.SetReadDeadline(time.Time{})
}

func (s *Session) findings() Findings {
	f := Findings{Abilities: s.Abilities(), Proof: s.Proof()}
	f.Condition, f.Known = s.Condition()
	switch {
	case !f.Abilities.answers():
		f.Open = []Gap{GapSilent}
		return f
	case s.unmet:
		f.Open = append(f.Open, GapBlocked)
	case f.Abilities.Model == "":
		f.Open = append(f.Open, GapIdentity)
	default:
		f.Profile, f.Sure = suggest(f.Abilities)
	}
	if f.Abilities.Model != "" && f.Profile == "" {
		f.Open = append(f.Open, GapModel)
	}
	f.Open = append(f.Open, GapPaper)
	return f
}

// suggest finds the profile of what a printer says that it is. Clones say that
// they are what drivers ask for, so it must also answer as that model does; but
// the process id is not asked for on a claim alone.
func suggest(a Abilities) (name string, sure Certainty) {
	p, found := profile.Match(a.Maker, a.Model)
	if !found {
		return "", ""
	}
	if p.Answers.Fence && !a.Fence || p.Answers.Auto && !a.Auto {
		return p.Name, Claimed
	}
	return p.Name, Likely
}
