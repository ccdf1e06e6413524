package command

import (
	"fmt"
	"strings"

	"mostrador/agent/order"
	"mostrador/store"
)

// TellStaff tells staff something: in the log, which the page shows, and on
// paper where a printer is named. The job is nil without paper.
func (c *Commands) TellStaff(text string, severity store.Severity, printer, who string) (job *store.Job, err error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = clean(line, longestMessage)
	}
	if printer != "" {
		if _, err := c.Printer(printer); err != nil {
			return nil, err
		}
		if job, err = c.spool.Tell(printer, who, strings.Join(lines, "\n")); err != nil {
			return nil, plain(err)
		}
	}
	words, _ := order.Clean(strings.Join(lines, " "), order.MaxText)
	return job, c.store.Update(func(tx *store.Tx) error {
		return tx.Log(store.Entry{Kind: "staff.message", Severity: severity, Text: fmt.Sprintf("Mensaje de %s: %s", who, words)})
	})
}
