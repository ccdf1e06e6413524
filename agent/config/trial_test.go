package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/agent/config"
)

// A trialled is a file of a configuration on trial.
type trialled struct {
	*testing.T
	path string
}

func onTrial(t *testing.T) trialled {
	t.Helper()
	w := trialled{t, filepath.Join(t.TempDir(), "mostrador.toml")}
	w.no(os.WriteFile(w.path, []byte("before"), 0o640))
	w.no(config.TryOut(w.path, []byte("after"), config.Trial{Version: 7, Within: time.Minute}))
	return w
}

func (w trialled) no(err error) {
	if err != nil {
		w.Helper()
		w.Fatal(err)
	}
}

func (w trialled) holds(want string) {
	w.Helper()
	if text, err := os.ReadFile(w.path); err != nil || string(text) != want {
		w.Errorf("the file holds %q, %v; want %q", text, err, want)
	}
}

func (w trialled) trial() *config.Trial {
	w.Helper()
	t, err := config.ReadTrial(w.path)
	w.no(err)
	return t
}

// A trial that ends well leaves the new file, with the rights of the old one,
// and nothing else.
func TestTrialIsKept(t *testing.T) {
	w := onTrial(t)
	started, err := config.StartTrial(w.path)
	w.no(err)
	if started == nil || started.Version != 7 || started.Starts != 1 || started.Within != time.Minute {
		t.Errorf("%+v", started)
	}
	w.no(config.EndTrial(w.path))
	w.holds("after")
	files, err := filepath.Glob(filepath.Join(filepath.Dir(w.path), "*"))
	w.no(err)
	hidden, err := filepath.Glob(filepath.Join(filepath.Dir(w.path), ".*"))
	w.no(err)
	if len(files) != 1 || len(hidden) != 0 || w.trial() != nil {
		t.Errorf("left: %v %v", files, hidden)
	}
	if info, err := os.Stat(w.path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its rights: %v, %v", info.Mode(), err)
	}
	if started, err := config.StartTrial(w.path); started != nil || err != nil {
		t.Errorf("a start without a trial: %+v, %v", started, err)
	}
}

// An agent that ends again and again by the new file comes back by the old one.
func TestCrashLoopIsRolledBack(t *testing.T) {
	w := onTrial(t)
	for range 3 {
		started, err := config.StartTrial(w.path)
		w.no(err)
		if started == nil {
			t.Fatal("given up too early")
		}
		w.holds("after")
	}
	if started, err := config.StartTrial(w.path); started != nil || err != nil {
		t.Errorf("the fourth start: %+v, %v", started, err)
	}
	w.holds("before")
	if tr := w.trial(); tr.Outcome != "rolled_back" || !strings.Contains(tr.Reason, "3 times") {
		t.Errorf("%+v", tr)
	}
}

// At whatever step a power cut ends it, the file is the old or the new one, as a
// whole, and the next start knows which.
func TestTrialsSurvivePowerCuts(t *testing.T) {
	t.Run("before the file was in place", func(t *testing.T) {
		w := onTrial(t)
		w.no(os.WriteFile(w.path, []byte("before"), 0o640))
		if started, err := config.StartTrial(w.path); started != nil || err != nil {
			t.Errorf("%+v, %v", started, err)
		}
		if tr := w.trial(); tr.Outcome != "interrupted" {
			t.Errorf("%+v", tr)
		}
		w.holds("before")
	})
	t.Run("before the trial was noted", func(t *testing.T) {
		w := onTrial(t)
		w.no(os.WriteFile(w.path, []byte("before"), 0o640))
		w.no(os.Remove(w.path + ".trial"))
		if started, err := config.StartTrial(w.path); started != nil || err != nil || w.trial() != nil {
			t.Errorf("%+v, %v", started, err)
		}
	})
	t.Run("between the way back and its note", func(t *testing.T) {
		w := onTrial(t)
		before, err := os.ReadFile(w.path + ".before")
		w.no(err)
		w.no(os.WriteFile(w.path, before, 0o640))
		if started, err := config.StartTrial(w.path); started != nil || err != nil {
			t.Errorf("%+v, %v", started, err)
		}
		w.holds("before")
	})
	t.Run("a note that cannot be read", func(t *testing.T) {
		w := onTrial(t)
		w.no(os.WriteFile(w.path+".trial", nil, 0o640))
		if _, err := config.StartTrial(w.path); err == nil || !strings.Contains(err.Error(), ".before") {
			t.Errorf("%v", err)
		}
	})
}

// What a link leads to is replaced, not the link; a folder that cannot be
// written says what to do.
func TestTrialThroughALink(t *testing.T) {
	w := onTrial(t)
	w.no(config.EndTrial(w.path))
	link := filepath.Join(t.TempDir(), "link.toml")
	w.no(os.Symlink(w.path, link))
	w.no(config.TryOut(link, []byte("third"), config.Trial{Version: 8}))
	w.no(config.RollBack(link, "a test"))
	w.holds("after")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if err := config.RollBack(filepath.Join(t.TempDir(), "none.toml"), ""); err == nil {
		t.Error("a way back from nothing")
	}
}
