package store

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// lockedByte is the byte range that bbolt locks, too.
func lockedByte() *windows.Overlapped {
	return &windows.Overlapped{Offset: 1<<32 - 1, OffsetHigh: 1<<32 - 1}
}

func tryLock(f *os.File) (taken bool, err error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, lockedByte())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// renamesOpenFiles: a file that is open can be renamed.
const renamesOpenFiles = false

// journals: a file can be mapped larger than it is, as the journal needs it.
const journals = false

// mapFile shows size bytes of a file.
func mapFile(f *os.File, size int) (data []byte, unmap func() error, err error) {
	h, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY,
		uint32(uint64(size)>>32), uint32(size), nil)
	if err != nil {
		return nil, nil, err
	}
	at, err := windows.MapViewOfFile(h, windows.FILE_MAP_READ, 0, 0, uintptr(size))
	_ = windows.CloseHandle(h) // the view keeps the mapping
	if err != nil {
		return nil, nil, err
	}
	// The address comes from the system and is no Go pointer.
	data = unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), size)
	return data, func() error { return windows.UnmapViewOfFile(at) }, nil
}

// SyncFolder does nothing: NTFS keeps a rename in its journal, and a folder cannot
// be flushed.
func SyncFolder(string) error { return nil }

// diskFull are the errors of a disk without space and of a used-up quota.
func diskFull() []error {
	return []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
}

func roomFor(string, int64) error { return nil }
