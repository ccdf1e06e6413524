package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Trial is a file that has been put in the place of another and must prove
// itself. It is kept beside the file, so that a start that goes wrong can be
// seen by the next one before anything else is read.
type Trial struct {
	// Version is the file's, by whoever sent it, and SHA256 its hash.
	Version uint64 `json:"version"`
	SHA256  string `json:"sha256"`
	// Within is how long each start may take until all is well.
	Within time.Duration `json:"within_ns"`
	// Starts counts the starts by it.
	Starts int `json:"starts"`
	// Outcome is empty while it is being tried, else rolled_back or interrupted,
	// and Reason says why.
	Outcome string `json:"outcome,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// maxStarts is how often the agent may start by a file that has not proven
// itself: one start more, and it is a crash loop.
const maxStarts = 3

// The files beside a configuration during a trial.
const (
	trialSuffix  = ".trial"
	beforeSuffix = ".before"
)

// TryOut keeps the file at path as it is, and puts another in its place. At
// every moment the file at path is a whole one: the old or the new.
func TryOut(path string, file []byte, t Trial) error {
	path, err := realPath(path)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	if err := replace(path+beforeSuffix, before, path); err != nil {
		return err
	}
	t.SHA256, t.Starts, t.Outcome, t.Reason = hashOf(file), 0, "", ""
	if err := putTrial(path, &t); err != nil {
		return errors.Join(err, os.Remove(path+beforeSuffix))
	}
	return replace(path, file, path)
}

// StartTrial is to be called before the agent reads its configuration. It
// counts the start where a file is being tried, and goes back to the one before
// where it has been tried too often. The Trial is nil when none goes on.
func StartTrial(path string) (*Trial, error) {
	t, err := ReadTrial(path)
	if t == nil || err != nil || t.Outcome != "" {
		return nil, err
	}
	if path, err = realPath(path); err != nil {
		return nil, err
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	t.Starts++
	switch {
	case hashOf(file) != t.SHA256: // it ended before the file was in place, or a person has put another there
		t.Outcome, t.Reason = "interrupted", "the file of before, or one that a person has written, is in place: send it again with a higher version"
		return nil, putTrial(path, t)
	case t.Starts > maxStarts:
		return nil, RollBack(path, fmt.Sprintf("the agent ended %d times by it before it was up", maxStarts))
	}
	return t, putTrial(path, t)
}

// ReadTrial is the trial that goes on, or has ended and is not forgotten yet;
// nil for none.
func ReadTrial(path string) (*Trial, error) {
	path, err := realPath(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path + trialSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	t := &Trial{}
	if err == nil {
		err = json.Unmarshal(text, t)
	}
	if err != nil {
		return nil, fmt.Errorf("read the trial of a configuration: %w; %s is the file of before", err, path+beforeSuffix)
	}
	return t, nil
}

// RollBack puts the file of before in place again.
func RollBack(path, reason string) error {
	t, err := ReadTrial(path)
	if err != nil {
		return err
	}
	if t == nil {
		return errors.New("no configuration is being tried")
	}
	if path, err = realPath(path); err != nil {
		return err
	}
	before, err := os.ReadFile(path + beforeSuffix)
	if err != nil {
		return fmt.Errorf("read the configuration of before: %w", err)
	}
	if err := replace(path, before, path); err != nil {
		return err
	}
	t.Outcome, t.Reason = "rolled_back", reason
	return putTrial(path, t)
}

// EndTrial forgets a trial; the file in place stays.
func EndTrial(path string) error {
	path, err := realPath(path)
	if err != nil {
		return err
	}
	err = os.Remove(path + trialSuffix)
	if second := os.Remove(path + beforeSuffix); !errors.Is(second, fs.ErrNotExist) {
		err = errors.Join(err, second)
	}
	return err
}

func putTrial(path string, t *Trial) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return replace(path+trialSuffix, text, path)
}

// replace puts a file in place as a whole, durably, with the rights and the owner
// of another.
func replace(path string, content []byte, like string) error {
	rights, err := os.Stat(like)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w: let Mostrador's user write in that folder", path, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(rights.Mode().Perm()), keepOwner(f, rights), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// realPath follows links, so that what they lead to is replaced and not they.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the configuration: %w", err)
	}
	return real, nil
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}
