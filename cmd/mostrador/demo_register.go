package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// A demoRegister is a cash register on a pty. It writes its journal as the
// shipped profile journal-columns has it, and repeats a record until the
// terminal has acknowledged it.
type demoRegister struct {
	// port is the device's URL, empty where this system has no ptys.
	port          string
	master, slave *os.File
}

const (
	ackByte   = 0x06
	repeatFor = 2 * time.Second
)

// startDemoRegister makes the pty under a name of its own, as a serial adapter
// has one. The error is errors.ErrUnsupported where there are no ptys; the
// register is then one that stays silent.
func startDemoRegister(name string) (*demoRegister, error) {
	r := &demoRegister{}
	master, slave, err := pty.Open()
	if err != nil {
		return r, fmt.Errorf("register: %w", err)
	}
	r.master, r.slave = master, slave
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		return r, fmt.Errorf("register: %w", err)
	}
	if err := os.Symlink(slave.Name(), name); err != nil {
		return r, fmt.Errorf("register: %w", err)
	}
	r.port = "serial://" + name + "?baud=9600"
	return r, nil
}

func (r *demoRegister) stop() {
	if r.master != nil {
		r.master.Close()
		r.slave.Close()
	}
}
