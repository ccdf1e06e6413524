// Package display drives a line display of two rows of 20 columns, as it stands
// on counters for customers, with the ESC/POS commands that most makers have.
//
// Whoever shows something says what is to stand there (Show); Listen, which has
// the port, brings it there, and brings it back after the display was away.
//
// Sources: Epson DM-D110 Specification, section 5, and Epson's "ESC/POS
// Application Programming Guide" for displays; POS-X XP8200 User Manual, 4.1.2
// "EPSON Command Mode", for what others have of them.
package display

import (
	"errors"
	"fmt"
	"sync"

	"mostrador/drivers"
)

// The size of the display.
const (
	Columns = 20
	Rows    = 2
)

// Settings describe a display in the words of the configuration. What is left
// empty has the default named with it.
type Settings struct {
	// Encoding is the code page that texts are shown in: cp437, cp850 (the
	// default, which every display has), cp852, cp858, cp860, cp863, cp865, cp866
	// or windows-1252. What it does not hold is shown without its accent, or as a
	// question mark.
	Encoding string
	// CodePage is the number that the display has for it (ESC t), 1 to 255, where
	// that is not Epson's; 0 for Epson's.
	CodePage int
	// Brightness is 1 (20 %), 2 (40 %), 3 (60 %) or 4 (100 %, the default).
	Brightness int
}

// A Display is the driver. It is a drivers.Shower.
type Display struct {
	page   page
	number byte
	bright byte

	mu      sync.Mutex
	shown   [Rows][Columns]byte // what is to be shown
	changed chan struct{}       // holds a token while that was not written yet
}

var _ drivers.Shower = (*Display)(nil)

// New returns the driver of a display that is to show nothing. Its error joins
// every fault of the settings, each beginning with the key that it is about.
func New(s Settings) (*Display, error) {
	d := &Display{bright: byte(s.Brightness), changed: make(chan struct{}, 1)}
	var faults []error
	var err error
	if d.page, err = lookup(s.Encoding); err != nil {
		faults = append(faults, fmt.Errorf("encoding: %w", err))
	}
	d.number = d.page.number
	switch {
	case s.CodePage < 0 || s.CodePage > 255:
		faults = append(faults, fmt.Errorf("code_page: %d: it is the display's number for %s, from 1 to 255; leave it out for Epson's", s.CodePage, d.page.name))
	case s.CodePage > 0:
		d.number = byte(s.CodePage)
	}
	switch {
	case s.Brightness == 0:
		d.bright = 4
	case s.Brightness < 0 || s.Brightness > 4:
		faults = append(faults, fmt.Errorf("brightness: %d: it is 1 (20 %%), 2 (40 %%), 3 (60 %%) or 4 (100 %%)", s.Brightness))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	blank(&d.shown)
	return d, nil
}

// Show is as drivers.Shower has it. At most two lines fit, and Right may take 20
// columns.
func (d *Display) Show(lines []drivers.Line) error {
	if len(lines) > Rows {
		return fmt.Errorf("%d lines: the display has %d", len(lines), Rows)
	}
	var next [Rows][Columns]byte
	blank(&next)
	for i, line := range lines {
		if err := d.page.fit(&next[i], line); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if next == d.shown {
		return nil
	}
	d.shown = next
	select {
	case d.changed <- struct{}{}:
	default:
	}
	return nil
}

// now returns what is to be shown.
func (d *Display) now() [Rows][Columns]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown
}

func blank(rows *[Rows][Columns]byte) {
	for i := range rows {
		for j := range rows[i] {
			rows[i][j] = ' '
		}
	}
}
