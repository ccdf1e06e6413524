package order

import (
	"context"
	"errors"
	"log/slog"
	"testing"
)

// run starts a part and returns what stops it and waits for it.
func run(t *testing.T, part func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
	}
}

func TestAckAtOnce(t *testing.T) {
	a := NewAcks(openStore(t), slog.New(slog.DiscardHandler))
	n := 0
	a.Settle(Taken{Durable: true}, func() error { n++; return errors.New("the connection has gone") })
	if n != 1 || a.Held() != 0 {
		t.Errorf("%d calls, %d held", n, a.Held())
	}
}
