package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A witness is a small file beside the store's, NAME.witness, by which a file is
// known that is no longer what it was: a backup that was put back, an earlier
// state of it, a copy on another machine. Such a file would number events anew
// that went up already, so it starts an epoch (DESIGN.md section 7).
//
// In it stand the epoch, what tells the machine, what tells the witness itself
// from a copy of it, and how many transactions were committed. The count is
// written when they have landed in the file, which is before anybody reads them to
// send them, and left to the system to flush: it is never ahead of the file, and
// what a power cut takes of it, at most half a minute on Linux, is what a file may
// be rolled back by unnoticed. Unnoticed, too, is a whole disk
// that is set back, witness and all, on the same machine.
type witness struct {
	path string
	f    *os.File
	// commits is the last count that was written.
	commits uint64
	failed  bool
}

// testimony is what stands in the file before the count.
type testimony struct {
	Epoch   string   `json:"epoch"`
	Self    string   `json:"self"`
	Machine []string `json:"machine,omitempty"`
}

// The count has a sector of its own, so that it is written whole or not at all.
const (
	witnessCount = 0
	witnessHead  = 512
	witnessSize  = 8192
)

// Why an epoch started.
const (
	EpochNew        = "new"         // the file has none yet
	EpochIdentity   = "identity"    // it was another terminal's
	EpochRestored   = "restored"    // it is a copy: its witness is missing, a copy, too, or another file's
	EpochRolledBack = "rolled back" // it holds less than it did
	EpochCloned     = "cloned"      // it was another machine's
)

// open reads what a witness says, ok when it can be read, and keeps it open to
// be written.
func (w *witness) open() (said testimony, commits uint64, ok bool, err error) {
	if w.f, err = os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return testimony{}, 0, false, err
	}
	b := make([]byte, witnessSize)
	n, _ := w.f.ReadAt(b, 0) // what cannot be read is no witness
	if n < witnessSize {
		return testimony{}, 0, false, nil
	}
	count := b[witnessCount:][:12]
	line, _, _ := strings.Cut(string(b[witnessHead:]), "\n")
	ok = binary.BigEndian.Uint32(count[8:]) == crc32.ChecksumIEEE(count[:8]) && json.Unmarshal([]byte(line), &said) == nil
	return said, binary.BigEndian.Uint64(count), ok, nil
}

// note writes all of it and has the disk keep it.
func (w *witness) note(epoch string, machine []string, commits uint64) error {
	if w.f == nil {
		return os.ErrClosed
	}
	self, err := fileMark(w.f)
	if err != nil {
		return err
	}
	head, err := json.Marshal(testimony{epoch, self, machine})
	if err != nil {
		return err
	}
	b := make([]byte, witnessSize)
	if len(head)+1 > len(b)-witnessHead {
		return errors.New("what tells the machine is too long")
	}
	copy(b[witnessHead:], append(head, '\n'))
	copy(b[witnessCount:], countOf(commits))
	if _, err := w.f.WriteAt(b, 0); err != nil {
		return err
	}
	w.commits = commits
	return errors.Join(w.f.Sync(), SyncFolder(filepath.Dir(w.path)))
}

func countOf(commits uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, commits)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// committed notes that a transaction is on disk. A witness that cannot be
// written stays behind, and notices less.
func (w *witness) committed(commits uint64) error {
	if w.f == nil || w.failed {
		return nil
	}
	if _, err := w.f.WriteAt(countOf(commits), witnessCount); err != nil {
		w.failed = true
		return err
	}
	w.commits = commits
	return nil
}

func (w *witness) close() error {
	if w.f == nil {
		return nil
	}
	err := errors.Join(w.f.Sync(), w.f.Close())
	w.f = nil
	return err
}

// judge says why a file of an epoch, with so many commits, on this machine, is
// not the one that the witness saw last; "" when it is.
func (said testimony) judge(epoch, self string, machine []string, seen, commits uint64) string {
	switch {
	case otherMachine(said.Machine, machine):
		return EpochCloned
	case said.Epoch != epoch || said.Self != self:
		return EpochRestored
	case seen > commits:
		return EpochRolledBack
	}
	return ""
}

// otherMachine: of some kind, the text before a colon, both know something and
// have nothing in common.
func otherMachine(then, now []string) bool {
	kind := func(mark string) string { k, _, _ := strings.Cut(mark, ":"); return k }
	for _, mark := range now {
		known, common := false, false
		for _, was := range then {
			if kind(was) == kind(mark) {
				known = true
				common = common || slices.Contains(now, was)
			}
		}
		if known && !common {
			return true
		}
	}
	return false
}

// epochCause says why the open file must start an epoch, "" when it need not. It
// is called before anything is written.
func (s *Store) epochCause() (cause string, err error) {
	s.witness.path = s.path + ".witness"
	said, self, seen, ok := s.hear()
	err = s.ViewDurable(func(tx *Tx) error {
		epoch := string(tx.get(bucketMeta, []byte(metaEpoch)))
		s.commitsBefore = tx.metaNumber(metaCommits)
		switch {
		case epoch == "":
			cause = EpochNew
		case string(tx.get(bucketMeta, []byte(metaIdentity))) != s.identity:
			cause = EpochIdentity
		case !ok:
			cause = EpochRestored
		case tx.get(bucketMeta, []byte(metaLost)) != nil:
			cause = EpochRolledBack
		default:
			cause = said.judge(epoch, self, s.options.Machine, seen, s.commits(tx.b.ID()))
		}
		return nil
	})
	return cause, err
}

// hear reads what the witness says, and what tells the witness itself.
func (s *Store) hear() (said testimony, self string, seen uint64, ok bool) {
	if s.options.Throwaway {
		return testimony{}, "", 0, false
	}
	said, seen, ok, err := s.witness.open()
	if err == nil {
		self, err = fileMark(s.witness.f)
	}
	if err != nil {
		s.log.Warn("the witness cannot be read: a new epoch starts", "file", s.witness.path, "error", err)
		return testimony{}, "", 0, false
	}
	return said, self, seen, ok
}

// commits is how many transactions this store has committed, whichever file of
// its own they went into.
func (s *Store) commits(id int) uint64 { return s.commitsBefore + uint64(id) }

// noteEpoch says what a person should know of a new epoch.
func (tx *Tx) noteEpoch(cause string) error {
	why, ok := map[string]string{
		EpochRestored:   "El archivo de datos es una copia que se repuso",
		EpochRolledBack: "El archivo de datos volvió a un estado anterior",
		EpochCloned:     "El archivo de datos viene de otro equipo",
	}[cause]
	if !ok {
		return nil
	}
	return tx.Log(Entry{Kind: "store.epoch", Subject: cause, Severity: Warning,
		Text: why + ": lo que se envía se numera de nuevo, en otra época. Lo que no estaba en él no se recupera aquí."})
}
