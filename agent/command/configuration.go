package command

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"mostrador/agent/config"
	"mostrador/store"
)

// Configuration is the file that the agent runs by, which the cloud may replace.
type Configuration struct {
	// Path of the file, and Running what it said when the agent started.
	Path    string
	Running *config.Config
	// Known is what a file may name in this build.
	Known config.Known
}

// configMessage is a message of down/config (docs/schemas/down.config.v1.json).
type configMessage struct {
	Version uint64  `json:"version"`
	File    string  `json:"file"`
	Within  *uint64 `json:"confirm_within_seconds"`
	By      string  `json:"by"`
}

const (
	maxConfig     = 256 << 10 // characters of a file
	maxVersion    = 1<<53 - 1 // what every JSON reader can hold
	defaultWithin = 5 * time.Minute
	minWithin     = 30 * time.Second
	maxWithin     = 24 * time.Hour
)

func (m *configMessage) check() error {
	err := errors.Join(checkVersion(m.Version), length("file", m.File, 1, maxConfig), length("by", m.By, 0, 80))
	if m.Within != nil && (*m.Within < uint64(minWithin/time.Second) || *m.Within > uint64(maxWithin/time.Second)) {
		err = errors.Join(err, fmt.Errorf("confirm_within_seconds must be %.0f to %.0f", minWithin.Seconds(), maxWithin.Seconds()))
	}
	if !utf8.ValidString(m.File) {
		err = errors.Join(err, errors.New("file is not UTF-8"))
	}
	return err
}

func checkVersion(v uint64) error {
	if v == 0 || v > maxVersion {
		return fmt.Errorf("version must be 1 to %d", uint64(maxVersion))
	}
	return nil
}

func (m *configMessage) within() time.Duration {
	if m.Within == nil {
		return defaultWithin
	}
	return time.Duration(*m.Within) * time.Second
}

// A desired configuration, and the one in force, as they are kept.
type desired struct {
	Version uint64        `json:"version"`
	SHA256  string        `json:"sha256"` // of the file
	Within  time.Duration `json:"within_ns"`
	By      string        `json:"by,omitempty"`
	TakenAt store.Moment  `json:"taken_at"`
	// Result is waiting, trying, or that of Answer.
	Result Outcome `json:"result"`
	Answer *Result `json:"answer,omitempty"`
	// Reported is the version in force, 0 for a file that no push brought, and
	// ReportedSHA256 its file's.
	Reported       uint64 `json:"reported,omitempty"`
	ReportedSHA256 string `json:"reported_sha256,omitempty"`
}

// What a configuration is before it has an outcome.
const (
	waiting Outcome = "waiting"
	trying  Outcome = "trying"
)

const (
	cursorConfig = "command/config"
	cursorFile   = "command/config/file" // of a configuration that waits
)

func readDesired(tx *store.Tx) (w desired, err error) {
	text := tx.Cursor(cursorConfig)
	if text == nil {
		return w, nil
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return w, fmt.Errorf("what is known of configurations cannot be read: %w", err)
	}
	return w, nil
}

func (w desired) put(tx *store.Tx) error {
	text, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode what is known of configurations: %w", err)
	}
	return tx.SetCursor(cursorConfig, text)
}

func (w desired) answer(o Outcome, reason string, faults []string, now store.Moment) *Result {
	r := &Result{Of: "config", ID: strconv.FormatUint(w.Version, 10), Result: o, Reason: clean(reason, 500), TakenAt: w.TakenAt, FinishedAt: now}
	if len(faults) > 0 {
		r.Output = &Output{Faults: faults}
	}
	return r
}

func sumOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// takeConfig keeps a configuration to be tried, and answers one that is not.
func (d *Desk) takeConfig(tx *store.Tx, payload []byte) error {
	var m configMessage
	err := strict(payload, 2*maxConfig, &m)
	if err == nil {
		err = m.check()
	}
	if m.Version == 0 {
		return d.unreadable(tx, "config", payload, err)
	}
	was, unreadable := readDesired(tx)
	if unreadable != nil {
		d.log.Error("configuration", "error", unreadable)
		was = desired{}
	}
	is := desired{Version: m.Version, SHA256: sumOf([]byte(m.File)), Within: m.within(), By: clean(m.By, 80), TakenAt: tx.Now(),
		Result: waiting, Reported: was.Reported, ReportedSHA256: was.ReportedSHA256}
	switch {
	case err != nil:
	case m.Version == was.Version && is.SHA256 == was.SHA256:
		if was.Answer != nil {
			return answer(tx, *was.Answer)
		}
		return nil // it is still to be tried
	case m.Version <= was.Version:
		err = fmt.Errorf("version %d has come already: send a higher one", was.Version)
	}
	if err != nil {
		return answer(tx, *is.answer(Refused, err.Error(), nil, tx.Now()))
	}
	if err := is.put(tx); err != nil {
		return err
	}
	if err := tx.SetCursor(cursorFile, []byte(m.File)); err != nil {
		return err
	}
	return tx.Log(store.Entry{Kind: "config.received", Subject: strconv.FormatUint(m.Version, 10), Severity: store.Info,
		Text: fmt.Sprintf("Llegó de la central la configuración %d", m.Version)})
}

// applyConfig tries the configuration that waits, when none is being tried.
func (d *Desk) applyConfig() error {
	w, file, err := d.waitingConfig()
	if err != nil || w.Result != waiting {
		return err
	}
	if d.config.Path == "" || d.machine.Restart == nil || d.machine.Up == nil {
		return d.endConfig(w, Refused, "this agent cannot start itself again by another file", nil)
	}
	if t, err := config.ReadTrial(d.config.Path); err != nil || t != nil {
		return err
	}
	running, err := os.ReadFile(d.config.Path)
	if err == nil && sumOf(running) == w.SHA256 {
		return d.endConfig(w, Done, "the file was the same already", nil)
	}
	if faults := d.checkConfig(file); len(faults) > 0 {
		return d.endConfig(w, Refused, fmt.Sprintf("it has %d faults", len(faults)), faults)
	}
	if err := config.TryOut(d.config.Path, file, config.Trial{Version: w.Version, Within: w.Within}); err != nil {
		return d.endConfig(w, Failed, err.Error(), nil)
	}
	w.Result = trying
	if err := d.update(w.put); err != nil {
		d.log.Error("cannot note that a configuration is being tried", "error", err)
	}
	d.machine.Restart(fmt.Sprintf("to try configuration %d", w.Version))
	return nil
}

func (d *Desk) waitingConfig() (w desired, file []byte, err error) {
	err = d.store.View(func(tx *store.Tx) (err error) {
		w, err = readDesired(tx)
		file = tx.Cursor(cursorFile)
		return err
	})
	return w, file, err
}

// maxFaults bounds the faults of an answer.
const maxFaults = 20

// checkConfig says what is wrong with a file for this terminal.
func (d *Desk) checkConfig(file []byte) (faults []string) {
	cfg, err := config.LoadText(d.config.Path, file, d.config.Known)
	if list, ok := errors.AsType[*config.Faults](err); ok {
		for _, f := range list.List {
			faults = append(faults, clean(f.String(), 300))
		}
		return faults[:min(len(faults), maxFaults)]
	}
	if err != nil {
		return []string{clean(err.Error(), 300)}
	}
	now := d.config.Running.Terminal
	for _, same := range []struct{ key, now, then string }{
		{"store", now.Store, cfg.Terminal.Store}, {"id", now.ID, cfg.Terminal.ID}, {"data_dir", now.DataDir, cfg.Terminal.DataDir},
	} {
		if same.now != same.then {
			faults = append(faults, fmt.Sprintf("[terminal] %s is %q here and %q in the file: a push cannot change it", same.key, same.now, same.then))
		}
	}
	if cfg.Uplink.Broker == "" {
		faults = append(faults, "[uplink] broker is missing: the terminal would never be heard of again")
	}
	return faults
}

// endConfig records what came of a configuration and answers.
func (d *Desk) endConfig(w desired, o Outcome, reason string, faults []string) error {
	return d.update(func(tx *store.Tx) error {
		is, err := readDesired(tx)
		if err != nil {
			return err
		}
		r := w.answer(o, reason, faults, tx.Now())
		if o == Done {
			is.Reported, is.ReportedSHA256 = w.Version, w.SHA256
		}
		if is.Version == w.Version {
			is.Result, is.Answer = o, r
			if err := tx.SetCursor(cursorFile, nil); err != nil {
				return err
			}
		}
		if err := is.put(tx); err != nil {
			return err
		}
		if err := answer(tx, *r); err != nil {
			return err
		}
		e := store.Entry{Kind: "config." + string(o), Subject: r.ID, Severity: store.Info,
			Text: fmt.Sprintf("Configuración %d de la central: %s", w.Version, outcomeWord(o))}
		if o != Done {
			e.Severity = store.Alarm
			e.Text += ": " + r.Reason
		}
		return tx.Log(e)
	})
}

// ConfigState is how far the terminal has come with configurations from the
// cloud; ok is false while none has come. edited: the file is not the one that
// came any more.
func (d *Desk) ConfigState() (wanted, reported uint64, result string, edited, ok bool) {
	w, _, err := d.waitingConfig()
	if err != nil || w.Version == 0 {
		return 0, 0, "", false, false
	}
	if w.Result == waiting {
		w.Result = trying
	}
	if w.Reported != 0 && w.Result != trying {
		file, err := os.ReadFile(d.config.Path)
		edited = err == nil && sumOf(file) != w.ReportedSHA256
	}
	return w.Version, w.Reported, string(w.Result), edited, true
}
