package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mostrador/agent/integration"
	"mostrador/agent/order"
)

// commandMessage is a message of down/commands (docs/schemas/down.commands.v1.json).
type commandMessage struct {
	ID        *string         `json:"id"`
	Command   *string         `json:"command"`
	IssuedAt  *time.Time      `json:"issued_at"`
	ExpiresAt *time.Time      `json:"expires_at"`
	By        string          `json:"by"`
	Arguments json.RawMessage `json:"arguments"`
}

var commandID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// readCommand reads a message of down/commands. Where it is refused, the error
// says why, and the command is what could be read: its ID is empty where not
// even that could.
func readCommand(payload []byte) (*taken, error) {
	var m commandMessage
	err := strict(payload, maxCommand, &m)
	c := &taken{By: clean(m.By, 80), Arguments: m.Arguments}
	if m.Command != nil {
		c.Command = clean(*m.Command, 64)
	}
	if m.IssuedAt != nil {
		c.IssuedAt = *m.IssuedAt
	}
	if m.ExpiresAt != nil {
		c.ExpiresAt = *m.ExpiresAt
	}
	switch {
	case m.ID == nil || !commandID.MatchString(*m.ID):
		return c, errors.Join(err, fmt.Errorf("%w: a command needs an id of 1 to 64 letters, digits, dots, hyphens and underscores", ErrWrong))
	case err != nil:
		c.ID = *m.ID
		return c, err
	}
	c.ID = *m.ID
	switch {
	case m.Command == nil || m.IssuedAt == nil || m.ExpiresAt == nil:
		return c, fmt.Errorf("%w: a command needs command, issued_at and expires_at", ErrWrong)
	case utf8.RuneCountInString(m.By) > 80:
		return c, fmt.Errorf("%w: by is longer than 80 characters", ErrWrong)
	}
	_, err = c.task()
	return c, err
}

// task is what a command is to do.
func (c *taken) task() (task, error) {
	t, ok := newTask(c.Command)
	if !ok {
		return nil, fmt.Errorf("%w: this version knows no command %q; it knows %s", ErrWrong, c.Command, strings.Join(taskNames(), ", "))
	}
	arguments := []byte(c.Arguments)
	if len(arguments) == 0 {
		arguments = []byte("{}")
	}
	if err := strict(arguments, maxCommand, t); err != nil {
		return nil, fmt.Errorf("the arguments of %s: %w", c.Command, err)
	}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("%w: the arguments of %s: %w", ErrWrong, c.Command, err)
	}
	return t, nil
}

// strict reads JSON that must be all known: what is half understood must not be
// done. null is no value of anything.
func strict(payload []byte, limit int, into any) error {
	if len(payload) > limit {
		return fmt.Errorf("%w: it has %d bytes; the most is %d", ErrWrong, len(payload), limit)
	}
	if err := integration.CheckNesting(payload); err != nil {
		return fmt.Errorf("%w: %w", ErrWrong, err)
	}
	if err := noNull(payload); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrWrong, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more follows behind the JSON", ErrWrong)
	}
	return nil
}

func noNull(payload []byte) error {
	for d := json.NewDecoder(bytes.NewReader(payload)); ; {
		switch token, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: not JSON: %w", ErrWrong, err)
		case token == nil:
			return fmt.Errorf("%w: null at byte %d: leave out what is not there", ErrWrong, d.InputOffset())
		}
	}
}

func clean(s string, limit int) string {
	s, _ = order.Clean(s, limit)
	return s
}

// length checks how long a text is, in characters.
func length(what, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return fmt.Errorf("%s must have %d to %d characters", what, least, most)
	}
	return nil
}

// oneOf checks a word.
func oneOf[T ~string](what string, word T, words ...T) error {
	if !slices.Contains(words, word) {
		return fmt.Errorf("%s must be one of %v", what, words)
	}
	return nil
}
