package drivers

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Fault says err in the words of the port contract: os.ErrClosed once closing is
// closed, whatever err is; os.ErrDeadlineExceeded, ErrGone and those of kept as
// they are; anything else is ErrGone. doing and port, what failed and where, stand
// before it. No err is no fault.
func Fault(doing, port string, closing <-chan struct{}, err error, kept ...error) error {
	if err == nil {
		return nil
	}
	is := func(known error) bool { return errors.Is(err, known) }
	select {
	case <-closing:
		err = os.ErrClosed
	default:
		if !is(os.ErrDeadlineExceeded) && !is(ErrGone) && !slices.ContainsFunc(kept, is) {
			err = fmt.Errorf("%w: %w", ErrGone, err)
		}
	}
	return fmt.Errorf("%s %s: %w", doing, port, err)
}
