package main

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// An installer whose data folder cannot be written to reads which key to change.
func TestWhyClosed(t *testing.T) {
	for _, tt := range []struct {
		err  error
		says bool
	}{
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, true},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, true},
		{errors.New("another mostrador holds the store"), false},
	} {
		got := whyClosed(tt.err, "/srv/m")
		if says := strings.Contains(got.Error(), "data folder /srv/m") && strings.Contains(got.Error(), "data_dir"); says != tt.says || !errors.Is(got, tt.err) {
			t.Errorf("%v becomes %v", tt.err, got)
		}
	}
}
