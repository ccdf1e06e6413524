package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A new file is there whole or not at all, and never in the place of another,
// also one that comes while it is written.
func TestWriteNewFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.jsonl")
	left := func() int {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	broken := errors.New("the agent is away")
	if err := writeNewFile(name, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, broken)
	}); !errors.Is(err, broken) || left() != 0 {
		t.Errorf("%v, and %d files are left", err, left())
	}
	if err := writeNewFile(name, func(io.Writer) error { return os.WriteFile(name, []byte("theirs"), 0o600) }); !errors.Is(err, fs.ErrExist) || !is(name, "theirs") || left() != 1 {
		t.Errorf("one came meanwhile: %v, %d files are left", err, left())
	}
	if err := writeNewFile(filepath.Join(dir, "b"), func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }); err != nil || !is(filepath.Join(dir, "b"), "whole") {
		t.Error(err)
	}
}
