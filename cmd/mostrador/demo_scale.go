package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/device"
)

// A demoScale is a counter scale that speaks Toledo 8217: asked with W it
// answers its weight, or that it moves.
type demoScale struct {
	demoLine
	mu     sync.Mutex
	grams  int
	moving int // how many answers it still moves for
}

// weigh lets people put things on the scale, and looks at what the agent says
// it weighs, until ctx ends.
func (s *demoScale) weigh(ctx context.Context, commands *command.Commands, every time.Duration, out *calm) {
	var parts sync.WaitGroup
	parts.Go(func() { s.hear(s.answer) })
	parts.Go(func() { look(ctx, commands, out) })
	for n := 0; ctx.Err() == nil; n++ {
		s.put([]int{0, 1250, 0, 380, 2115}[n%5])
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
	s.stop()
	parts.Wait()
}

// put puts something on the scale, which takes a moment to stand still.
func (s *demoScale) put(grams int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grams, s.moving = grams, 1
}

// answer answers each W of the agent.
func (s *demoScale) answer(asked []byte) {
	for range bytes.Count(asked, []byte("W")) {
		s.mu.Lock()
		text := fmt.Sprintf("\x02%3d.%03d\r", s.grams/1000, s.grams%1000)
		if s.moving > 0 {
			s.moving, text = s.moving-1, "\x02?a\r"
		}
		s.mu.Unlock()
		if _, err := s.master.WriteString(text); err != nil {
			return
		}
	}
}

// look tells each weight that stands still, as somebody at the page sees it.
func look(ctx context.Context, commands *command.Commands, out *calm) {
	last := "0.000"
	// It ends with ctx; nothing else can end it.
	_ = commands.FollowDevices(ctx, func(d device.Status) error {
		if w := d.Weight; w != nil && w.State == "stable" && w.Weight != last {
			last = w.Weight
			out.say("    ▮ %s: %s", d.Name, weightWords(*w))
		}
		return nil
	})
}
