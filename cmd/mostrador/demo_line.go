package main

import (
	"fmt"
	"os"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// A demoLine is a serial line of the demo: a pty under a name of its own, as a
// serial adapter has one. The device has master, the agent opens port.
type demoLine struct {
	// port is the device's URL, empty where this system has no ptys.
	port          string
	master, slave *os.File
}

// startDemoLine makes the line. The error is errors.ErrUnsupported where there
// are no ptys; the line is then one that stays silent.
func startDemoLine(name string) (demoLine, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return demoLine{}, fmt.Errorf("%s: %w", name, err)
	}
	l := demoLine{master: master, slave: slave, port: "serial://" + name + "?baud=9600"}
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		l.stop()
		return demoLine{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := os.Symlink(slave.Name(), name); err != nil {
		l.stop()
		return demoLine{}, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// stop takes the device off its line; a second time it does nothing.
func (l *demoLine) stop() {
	if l.master != nil {
		l.master.Close()
		l.slave.Close()
	}
}

// hear passes on what the agent sends until the line ends.
func (l *demoLine) hear(take func([]byte)) {
	buf := make([]byte, 256)
	for {
		n, err := l.master.Read(buf)
		take(buf[:n])
		if err != nil {
			return
		}
	}
}
