package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A cutDisk is an ext4 in a file, mounted so that it promises as little as it
// may: data is not written before the names that point to it. What the file
// holds at a moment is what a power cut would leave.
type cutDisk struct {
	t          *testing.T
	image, dir string
}

func newCutDisk(t *testing.T, image string) *cutDisk {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must run as root")
		}
		t.Skip("mounting a disk to cut its power needs root")
	}
	d := &cutDisk{t: t, image: image, dir: t.TempDir()}
	if _, err := os.Stat(image); errors.Is(err, os.ErrNotExist) {
		d.run("truncate", "-s", "48M", image)
		d.run("mkfs.ext4", "-q", "-m", "0", image)
	}
	d.run("mount", "-o", "loop,data=writeback,noauto_da_alloc,commit=300", image, d.dir)
	t.Cleanup(func() { d.run("umount", d.dir) })
	return d
}

func (d *cutDisk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// cut copies what a power cut would leave, after somebody else on the disk has
// had its journal written: every name is as new as it can be.
func (d *cutDisk) cut(to string) {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.dir, "other"))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		d.t.Fatal(err)
	}
	d.run("cp", "--sparse=always", d.image, to)
}

// compactAndCut records, compacts, and cuts the power at every step; it returns
// what each cut left, by step, and how many orders had been acknowledged.
func compactAndCut(t *testing.T, unsynced bool) (images map[string]string, orders map[string]int) {
	t.Helper()
	folder := t.TempDir()
	d := newCutDisk(t, filepath.Join(folder, "image"))
	s := at(t, d.dir, Options{})
	s.unsynced = unsynced
	taken := 0
	record := func(n int) {
		for range n {
			if _, _, err := s.order(taken); err != nil {
				t.Error(err)
				return
			}
			taken++
		}
	}
	record(150)
	images, orders = map[string]string{}, map[string]int{}
	cut := func(step string) {
		images[step] = filepath.Join(folder, "cut-"+step)
		d.cut(images[step])
		orders[step] = taken
	}
	s.onStep = func(step string) {
		if step == "copying" && images[step] != "" {
			return
		}
		cut(step)
		if step == "copying" || step == "copied" || step == "caught up" {
			record(20) // while it goes on
		}
	}
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	record(20)
	cut("afterwards")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return images, orders
}

// lostIn says what a store that comes up after a power cut lacks of what was
// acknowledged.
func lostIn(t *testing.T, image string, orders int) error {
	t.Helper()
	d := newCutDisk(t, image)
	s := at(t, d.dir, Options{})
	defer s.Close()
	if o := s.Opening(); o.Quarantined != "" || o.Created {
		return fmt.Errorf("set aside or gone: %v", o.Cause)
	}
	if o := s.Opening(); o.NewEpoch != "" {
		return fmt.Errorf("an epoch started: %s", o.NewEpoch)
	}
	return s.View(func(tx *Tx) error {
		for n := range orders {
			if _, err := tx.OrderByKey(sampleOrder(n).Key); err != nil {
				return fmt.Errorf("order %d: %w", n, err)
			}
		}
		return nil
	})
}

func TestPowerCutWhileCompacting(t *testing.T) {
	images, orders := compactAndCut(t, false)
	for _, step := range []string{"copying", "copied", "caught up", "synced", "renamed", "switched", "afterwards"} {
		if images[step] == "" {
			t.Errorf("no cut when %s", step)
			continue
		}
		if err := lostIn(t, images[step], orders[step]); err != nil {
			t.Errorf("power cut when %s, %d orders acknowledged: %v", step, orders[step], err)
		}
	}
}

// TestPowerCutFindsMissingSyncs: a compaction that does not wait for the disk
// loses what it copied.
func TestPowerCutFindsMissingSyncs(t *testing.T) {
	images, orders := compactAndCut(t, true)
	found := false
	for step, image := range images {
		if err := lostIn(t, image, orders[step]); err != nil {
			t.Logf("power cut when %s: %v", step, err)
			found = true
		}
	}
	if !found {
		t.Error("nothing is lost without syncs: the test sees nothing")
	}
}
