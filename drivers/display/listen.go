package display

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mostrador/drivers"
)

const (
	// refresh is how often what is shown is written again: a display that was
	// switched off and on behind a USB adapter shows nothing, and nobody says so.
	refresh = 30 * time.Second
	// writeTimeout is how long the display may take to accept a frame; at 9600
	// baud one takes 70 ms.
	writeTimeout = 2 * time.Second
)

// Listen is as drivers.Device has it, with what is shown on the way out. A
// display says nothing of itself; what comes all the same is garbage.
func (d *Display) Listen(ctx context.Context, port drivers.Port, partial []byte, keep func(drivers.Heard) error) error {
	if len(partial) > 0 { // of another driver, before the configuration changed
		if err := keep(drivers.Heard{Garbage: partial}); err != nil {
			return err
		}
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	defer drivers.Interrupt(running, port)()
	var writing sync.WaitGroup
	var writeErr error
	writing.Go(func() {
		writeErr = d.write(running, port)
		stop() // ends the read
	})
	readErr := read(running, port, keep)
	stop()
	writing.Wait()
	switch {
	case readErr != nil && !errors.Is(readErr, context.Canceled):
		return readErr
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return writeErr
}

// read hands on what comes, until ctx ends or the port fails.
func read(ctx context.Context, port drivers.Port, keep func(drivers.Heard) error) error {
	if err := port.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	buf := make([]byte, 256)
	for {
		if ctx.Err() != nil { // its end may have come before our deadline
			return context.Canceled
		}
		n, err := port.Read(buf)
		if n > 0 {
			if err := keep(drivers.Heard{Garbage: append([]byte(nil), buf[:n]...)}); err != nil {
				return err
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// write shows what is to be shown, at once and whenever that changes, until ctx
// ends or the port fails.
func (d *Display) write(ctx context.Context, port drivers.Port) error {
	select {
	case <-d.changed: // the first frame shows it
	default:
	}
	frame := append(begin(), d.frame(d.now())...)
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		err := port.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err == nil {
			_, err = port.Write(frame)
		}
		if err != nil {
			return fmt.Errorf("show on the display: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.changed:
		case <-ticker.C:
		}
		frame = d.frame(d.now())
	}
}

const (
	esc = 0x1b
	us  = 0x1f
)

// begin puts the display back to where it begins (ESC @, which clears it). It is
// sent twice: where the display is in the middle of a command whose end never
// came, the first one is taken for that.
func begin() []byte { return []byte{esc, '@', esc, '@'} }

// frame is everything that a frame needs, so that each one mends what was lost
// before it, and none of what makes the display flicker: international set USA
// (ESC R 0), the code page (ESC t), overwriting (US MD1), brightness (US X), no
// cursor (US C 0), and each row from its first column (US $).
func (d *Display) frame(rows [Rows][Columns]byte) []byte {
	out := []byte{esc, 'R', 0, esc, 't', d.number, us, 0x01, us, 'X', d.bright, us, 'C', 0}
	for i, row := range rows {
		out = append(out, us, '$', 1, byte(i+1))
		out = append(out, row[:]...)
	}
	return out
}
