package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// oldStore is the file of a store with something in it.
func oldStore(t *testing.T) []byte {
	t.Helper()
	s := opened(t, Options{})
	update(t, s, func(tx *Tx) error {
		for n := range 200 {
			if err := takeOrder(tx, sampleOrder(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	m, ok := newestMeta(b)
	if !ok {
		t.Fatal("no meta page")
	}
	return b[:int(m.pages)*m.pageSize] // behind that it is empty
}

// damages are ways in which a file can be useless.
func damages(t *testing.T) map[string]func(b []byte) []byte {
	pageSize := os.Getpagesize()
	newestRoot := func(b []byte) int {
		m, ok := newestMeta(b)
		if !ok {
			t.Fatal("no meta page")
		}
		return int(m.root) * m.pageSize
	}
	return map[string]func(b []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"one byte":  func([]byte) []byte { return []byte("x") },
		"text":      func([]byte) []byte { return bytes.Repeat([]byte("not a store\n"), 10_000) },
		"zeros":     func(b []byte) []byte { return make([]byte, len(b)) },
		"cut off":   func(b []byte) []byte { return b[:len(b)/3] },
		"two pages": func(b []byte) []byte { return b[:2*pageSize] },
		"head overwritten": func(b []byte) []byte {
			copy(b, make([]byte, 2*pageSize))
			return b
		},
		"checksums": func(b []byte) []byte {
			b[pageHeader+20] ^= 1
			b[pageSize+pageHeader+20] ^= 1
			return b
		},
		"root page": func(b []byte) []byte {
			copy(b[newestRoot(b):], bytes.Repeat([]byte{0xff}, pageSize))
			return b
		},
		"root page's id": func(b []byte) []byte {
			b[newestRoot(b)]++
			return b
		},
		"every page but the head": func(b []byte) []byte {
			for i := 2 * pageSize; i < len(b); i += 64 {
				b[i] ^= 0x55
			}
			return b
		},
		"an element that points outside": func(b []byte) []byte {
			binary.NativeEndian.PutUint32(b[newestRoot(b)+pageHeader+4:], 1<<31)
			return b
		},
		"a loop": func(b []byte) []byte {
			// Every bucket's root becomes the page that lists the buckets.
			root := newestRoot(b)
			if binary.NativeEndian.Uint16(b[root+8:]) == flagBranch {
				root = int(binary.NativeEndian.Uint64(b[root+pageHeader+8:])) * pageSize
			}
			for i := range int(binary.NativeEndian.Uint16(b[root+10:])) {
				e := root + pageHeader + i*elementSize
				value := e + int(binary.NativeEndian.Uint32(b[e+4:])) + int(binary.NativeEndian.Uint32(b[e+8:]))
				binary.NativeEndian.PutUint64(b[value:], uint64(root/pageSize))
			}
			return b
		},
	}
}

func TestDamagedFilesAreSetAside(t *testing.T) {
	whole := oldStore(t)
	for name, damage := range damages(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mostrador.db")
			bad := damage(bytes.Clone(whole))
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			s := at(t, filepath.Dir(path), Options{})
			o := s.Opening()
			if !o.Created || o.Cause == nil || o.Epoch == "" || o.Boots != 1 {
				t.Fatalf("the opening tells %+v", o)
			}
			if kept, err := os.ReadFile(o.Quarantined); err != nil || !bytes.Equal(kept, bad) {
				t.Errorf("the damaged file was not kept as it was: %v", err)
			}
			var entries []*Entry
			view(t, s, func(tx *Tx) error {
				for e, err := range tx.Entries() {
					if err != nil {
						return err
					}
					entries = append(entries, e)
				}
				return nil
			})
			if len(entries) != 1 || entries[0].Kind != "store.quarantined" || entries[0].Severity != Alarm {
				t.Errorf("the log has %+v", entries)
			}
			update(t, s, func(tx *Tx) error { return takeOrder(tx, sampleOrder(1)) })
		})
	}
}

// TestTrust: a file is trusted that nobody has touched since it was closed well,
// or whose process has died on a machine that lives on.
func TestTrust(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mostrador.db")
	const anotherBoot = "another boot"
	trusted := func(boot string) bool {
		f, err := os.Open(path + ".lock")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return isTrusted(f, path, boot)
	}
	s := at(t, dir, Options{})
	if trusted(anotherBoot) {
		t.Error("trusted while it is open: as after a power cut")
	}
	if !trusted(s.clock.boot) {
		t.Error("not trusted while it is open: as after a kill")
	}
	if err := markOpening(s.lock); err != nil || trusted(s.clock.boot) {
		t.Errorf("trusted while it is being opened: as after a panic of bbolt's (%v)", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !trusted(anotherBoot) {
		t.Error("not trusted after closing")
	}
	s = at(t, dir, Options{})
	if trusted(anotherBoot) {
		t.Error("trusted while it is open again")
	}
	_ = s.View(func(tx *Tx) error { return s.guard(func() error { panic(faultAddress{}) }) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if trusted(s.clock.boot) {
		t.Error("trusted after damage was met")
	}
	if err := at(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if trusted(s.clock.boot) {
		t.Error("trusted although the file was touched")
	}
}

// faultAddress is what the runtime panics with on a bus error.
type faultAddress struct{}

func (faultAddress) Addr() uintptr { return 1 }

// TestDamageMetLater: the process lives on, and the error names the file.
func TestDamageMetLater(t *testing.T) {
	for name, damage := range map[string]func(f *os.File, size, page int64) error{
		"a page overwritten": func(f *os.File, size, page int64) error {
			for at := 2 * page; at < size; at += page {
				if _, err := f.WriteAt(bytes.Repeat([]byte{0xaa}, 16), at); err != nil {
					return err
				}
			}
			return nil
		},
		"the file cut off": func(f *os.File, size, page int64) error { return f.Truncate(2 * page) },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "the file cut off" && runtime.GOOS == "windows" {
				t.Skip("a file that is mapped cannot be cut off")
			}
			s := opened(t, Options{})
			for n := range 30 {
				update(t, s, func(tx *Tx) error { return takeOrder(tx, sampleOrder(n)) })
			}
			f, err := os.OpenFile(s.path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(f, info.Size(), int64(os.Getpagesize())); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"a view": s.View(func(tx *Tx) error {
					for _, err := range tx.Orders() {
						if err != nil {
							return err
						}
					}
					return nil
				}),
				"an update": s.Update(func(tx *Tx) error { return takeOrder(tx, sampleOrder(100)) }),
			} {
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), s.path) {
					t.Errorf("%s gave %v", what, err)
				}
			}
		})
	}
}

func TestAForeignDatabaseIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mostrador.db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := at(t, filepath.Dir(path), Options{})
	if s.Opening().Quarantined == "" {
		t.Error("a file without a schema was taken for a store")
	}
}

func TestTwoDamagedFilesInOneSecond(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mostrador.db")
	names := make(map[string]bool)
	for range 3 {
		if err := os.WriteFile(path, []byte("no"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := at(t, dir, Options{})
		names[s.Opening().Quarantined] = true
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(names) != 3 {
		t.Errorf("three damaged files are kept as %v", names)
	}
}

func TestALockedStoreIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	s := at(t, dir, Options{})
	_, err := Open(s.path, Options{Identity: "lima-01/caja-1"})
	wantError(t, err, ErrLocked)
	if !strings.Contains(err.Error(), s.path) {
		t.Errorf("%q does not name the file", err)
	}
	// Also when it is another program that holds it.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(s.path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = Open(s.path, Options{Identity: "lima-01/caja-1"})
	wantError(t, err, ErrLocked)
	if found, _ := filepath.Glob(s.path + ".quarantined-*"); len(found) > 0 {
		t.Errorf("a locked store was set aside: %v", found)
	}
}

func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"mostrador.db.new", "mostrador.db.copy"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at(t, dir, Options{})
	for _, name := range []string{"mostrador.db.new", "mostrador.db.copy"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEpochs(t *testing.T) {
	dir := t.TempDir()
	emit := func(identity string) (Opening, *Event) {
		t.Helper()
		s := at(t, dir, Options{Identity: identity})
		var e *Event
		update(t, s, func(tx *Tx) (err error) {
			e, err = tx.Emit(StreamSales, "mostrador.sale.v1", 1)
			return err
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return s.Opening(), e
	}
	first, e1 := emit("lima-01/caja-1")
	second, e2 := emit("lima-01/caja-1")
	third, e3 := emit("lima-01/caja-2")
	if !first.Created || second.Created || first.Boots != 1 || third.Boots != 3 {
		t.Errorf("the openings were %+v, %+v, %+v", first, second, third)
	}
	if first.Epoch != second.Epoch || first.Epoch == third.Epoch {
		t.Errorf("the epochs were %s, %s, %s", first.Epoch, second.Epoch, third.Epoch)
	}
	for i, want := range []Event{
		{Position: 1, Sequence: 1, Epoch: first.Epoch, Source: "/mostrador/lima-01/caja-1/sales"},
		{Position: 2, Sequence: 2, Epoch: first.Epoch, Source: "/mostrador/lima-01/caja-1/sales"},
		{Position: 3, Sequence: 1, Epoch: third.Epoch, Source: "/mostrador/lima-01/caja-2/sales"},
	} {
		got := []*Event{e1, e2, e3}[i]
		if got.Position != want.Position || got.Sequence != want.Sequence || got.Epoch != want.Epoch || got.Source != want.Source {
			t.Errorf("event %d is %+v, want %+v", i+1, got, want)
		}
	}
}

// FuzzInspect: whatever a file holds, looking at it neither panics nor hangs,
// and what it lets through bbolt opens.
func FuzzInspect(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.db")
	if err := create(path, 1); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{})
	f.Add(uint32(3*os.Getpagesize()+8), []byte{0xff, 0xff})
	f.Add(uint32(4*os.Getpagesize()+16), []byte{1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		b := bytes.Clone(seed)
		copy(b[int(at)%len(b):], patch)
		if inspectPages(b, true) != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "patched.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := openFile(path, 0)
		if err != nil {
			t.Fatalf("bbolt does not open what was found good: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
