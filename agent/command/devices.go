package command

import (
	"context"

	"mostrador/agent/device"
)

// Devices are the configured POS devices as they are now, in the
// configuration's order.
func (c *Commands) Devices() []device.Status { return c.devices.Statuses() }

// Device is one of them; a scale with its weight now, which it is asked for.
func (c *Commands) Device(ctx context.Context, name string) (device.Status, error) {
	s, err := c.devices.Status(ctx, name)
	return s, plain(err)
}

// FollowDevices tells how each device is, and again each one that has changed,
// until ctx ends or tell fails. Of what changes while tell works, the last is
// told. A scale that speaks only when it is asked is asked meanwhile.
func (c *Commands) FollowDevices(ctx context.Context, tell func(device.Status) error) error {
	changed, stop := c.devices.Watch()
	defer stop()
	told := map[string]device.Status{}
	for {
		for _, s := range c.devices.Statuses() {
			if last, known := told[s.Name]; known && last.Same(s) {
				continue
			}
			if err := tell(s); err != nil {
				return err
			}
			told[s.Name] = s
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
