package command

import (
	"context"
	"os"
	"sync"

	"mostrador/agent/config"
)

func (w *terminal) read() string {
	w.Helper()
	text, err := os.ReadFile(w.config.Path)
	w.no(err)
	return string(text)
}

// start boots, counts the start as the process does, and runs the desk until halt.
func (w *terminal) start() {
	w.Helper()
	w.boot()
	_, err := config.StartTrial(w.config.Path)
	w.no(err)
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = w.Desk.Run(ctx) })
	w.stop = func() { cancel(); running.Wait() }
}

func (w *terminal) halt() { w.stop() }
