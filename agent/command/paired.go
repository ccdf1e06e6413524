package command

import (
	"context"
	"fmt"
	"time"

	"mostrador/agent/config"
	"mostrador/store"
)

// Pairs gives the commands what pairing needs, before they are asked anything.
func (c *Commands) Pairs(p *Pairing) { c.pairing = p }

const (
	// pairWithin is how long the backend may take to answer a code.
	pairWithin = 2 * time.Minute
	// pairTrial is how long a terminal that had a line may take to have one again.
	pairTrial = 5 * time.Minute
)

// Pair turns a code into the terminal's own credentials and has the agent start
// again with them. One that had a line before goes back to it by itself when it
// does not connect with the new ones.
func (c *Commands) Pair(ctx context.Context, request PairRequest) (*Paired, error) {
	if c.pairing == nil || c.machine.Restart == nil {
		return nil, fmt.Errorf("%w: this agent cannot start itself again", ErrRefused)
	}
	if !c.pairs.TryLock() {
		return nil, fmt.Errorf("%w: a code is on its way already", ErrRefused)
	}
	defer c.pairs.Unlock()
	ctx, stop := context.WithTimeout(ctx, pairWithin)
	defer stop()
	out, err := c.pairing.Run(ctx, request)
	if err != nil || out.Already {
		return out, err
	}
	if err := c.store.Update(func(tx *store.Tx) error {
		return tx.Log(store.Entry{Kind: "uplink.paired", Subject: "terminal", Severity: store.Info,
			Text: fmt.Sprintf("Emparejado por %s: %s del local %s, %s", cleanWho(request.Who), out.Terminal, out.Store, out.Broker)})
	}); err != nil {
		return nil, err
	}
	c.machine.Restart("to use the credentials that it was paired with")
	return out, nil
}

// PutOnTrial puts a file in place that is taken back when the agent does not
// connect with it, where one connects with the file that there is.
func PutOnTrial(running *config.Config) func(path string, file []byte) error {
	return func(path string, file []byte) error {
		if running.Uplink.Broker == "" {
			return config.Replace(path, file)
		}
		return config.TryOut(path, file, config.Trial{Within: pairTrial})
	}
}

// pairedEntry tells how the first start with new credentials went.
func pairedEntry(o Outcome, reason string) store.Entry {
	if o == Done {
		return store.Entry{Kind: "uplink.paired", Subject: "terminal", Severity: store.Info, Text: "El terminal se conectó con sus nuevas credenciales."}
	}
	return store.Entry{Kind: "uplink.paired", Subject: "terminal", Severity: store.Alarm,
		Text: "El terminal no pudo conectarse con sus nuevas credenciales y volvió a las de antes: " + clean(reason, 500)}
}

func cleanWho(who string) string {
	if who = clean(who, 80); who == "" {
		return "alguien"
	}
	return who
}
