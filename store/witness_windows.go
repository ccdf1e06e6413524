package store

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// fileMark tells a file from a copy of it: its number and the time of its birth.
func fileMark(f *os.File) (string, error) {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return "", fmt.Errorf("look at %s: %w", f.Name(), err)
	}
	return fmt.Sprintf("%d.%d %d", info.FileIndexHigh, info.FileIndexLow, info.CreationTime.Nanoseconds()), nil
}
