package drivers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Holders are who has which devices open, at one moment.
type Holders struct {
	byFile map[fileID][]Holder
}

// A fileID tells files apart by what they are and not by their names: a device
// by its number, wherever its node lies.
type fileID struct {
	device  bool
	dev     uint64 // of the device itself, or of the file system
	inode   uint64 // 0 of a device
	special uint32
}

// FindHolders looks which processes have files open. The system shows those of
// other users to root alone, and hides the others without a word.
func FindHolders() (Holders, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return Holders{}, fmt.Errorf("look who holds the devices: %w", err)
	}
	held := Holders{byFile: map[fileID][]Holder{}}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			held.add(pid)
		}
	}
	return held, nil
}

// add notes what one process has open. A process that ends meanwhile has nothing.
func (h Holders) add(pid int) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	links, err := os.ReadDir(filepath.Join(folder, "fd"))
	if err != nil {
		return
	}
	var holder Holder
	for _, link := range links {
		id, ok := idOf(filepath.Join(folder, "fd", link.Name()))
		if !ok {
			continue
		}
		if holder.PID == 0 {
			holder = Holder{PID: pid, Name: commandOf(folder)}
		}
		if !slices.Contains(h.byFile[id], holder) {
			h.byFile[id] = append(h.byFile[id], holder)
		}
	}
}

// commandOf reads the name of a process.
func commandOf(folder string) string {
	if exe, err := os.Readlink(filepath.Join(folder, "exe")); err == nil {
		return filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
	}
	name, err := os.ReadFile(filepath.Join(folder, "comm"))
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(name))
}

// idOf finds out which file a name stands for: false for one that nobody needs
// to know the holder of, such as a folder or a socket.
func idOf(name string) (fileID, bool) {
	var stat unix.Stat_t
	if err := unix.Stat(name, &stat); err != nil {
		return fileID{}, false
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK:
		return fileID{device: true, dev: stat.Rdev, special: stat.Mode & unix.S_IFMT}, true
	case unix.S_IFIFO, unix.S_IFREG:
		return fileID{dev: stat.Dev, inode: stat.Ino}, true
	}
	return fileID{}, false
}

// Of returns who has the node open, by process number; this process is left
// out. Nobody is not proof that nobody does: see FindHolders.
func (h Holders) Of(node string) []Holder {
	id, ok := idOf(node)
	if !ok {
		return nil
	}
	var others []Holder
	for _, holder := range h.byFile[id] {
		if holder.PID != os.Getpid() {
			others = append(others, holder)
		}
	}
	slices.SortFunc(others, func(a, b Holder) int { return a.PID - b.PID })
	return others
}

// BusyError is ErrBusy with who holds the node, where the system tells.
func BusyError(node string) error {
	held, err := FindHolders()
	if err != nil {
		return ErrBusy
	}
	by := held.Of(node)
	if len(by) == 0 {
		return ErrBusy
	}
	names := make([]string, len(by))
	for i, h := range by {
		names[i] = h.String()
	}
	return fmt.Errorf("%w: %s", ErrBusy, strings.Join(names, "; "))
}
