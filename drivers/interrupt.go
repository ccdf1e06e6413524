package drivers

import (
	"context"
	"time"
)

// Interrupt makes the read of port that is under way end when ctx ends, for
// ports do not know contexts. Whoever sets a read deadline afterwards looks at
// ctx once more before reading, as ctx may have ended just before. The returned
// function undoes it, and waits for what it undoes; the read deadline is left
// in any state.
func Interrupt(ctx context.Context, port Port) (release func()) {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		port.SetReadDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-interrupted
		}
	}
}
