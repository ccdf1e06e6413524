// Package spoolport prints on the queues of the Windows spooler: raw bytes, past
// the printer's driver, which need only be there for its port. What was handed
// over is followed until the spooler is done with it.
package spoolport

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"mostrador/drivers"
)

// Scheme returns the way to the queues of Windows, by the names that they have
// under "Printers":
//
//	spool://CAJA
//	spool:///EPSON%20TM-T20II Receipt
//	spool://SERVER/QUEUE             a shared one: \\SERVER\QUEUE
//
// The port is one-way: the spooler brings no answers back, so a printer on it
// proves nothing of its tickets but that the spooler has sent them. It is a
// drivers.Drainer: Drain ends the job and waits until the spooler is done with
// it. It is a drivers.Statuser where the queue's own status says more than
// nothing. It is not exclusive: the jobs of others come between ours, never into
// them.
//
// A job that is still in the queue when the port closes is deleted: what comes
// out later than anybody waits for it would come out unmarked.
func Scheme() drivers.Scheme {
	return drivers.Scheme{Name: "spool", Example: "spool://CAJA", Check: check, Open: open}
}

func check(address *url.URL) error {
	_, err := queueName(address)
	return err
}

// queueName reads the queue's name.
func queueName(address *url.URL) (string, error) {
	path := strings.TrimPrefix(address.Path, "/")
	switch {
	case address.User != nil:
		return "", errors.New("a queue takes no user and password: leave them out")
	case address.RawQuery != "" || address.ForceQuery:
		return "", fmt.Errorf("a queue has no options: leave out %q", "?"+address.RawQuery)
	case address.Host == "" && path == "":
		return "", fmt.Errorf("%s names no queue: write spool://NAME, or spool:///NAME where the name has spaces", address.Redacted())
	case strings.ContainsFunc(address.Host+path, func(r rune) bool { return r < ' ' || r == ',' || r == '!' }):
		return "", fmt.Errorf("%s: no queue of Windows has such a name", address.Redacted())
	case address.Host == "":
		return path, nil
	case path == "":
		return address.Host, nil
	}
	return `\\` + address.Host + `\` + path, nil
}

// URL is the address of a queue.
func URL(queue string) string {
	if server, shared, ok := strings.Cut(strings.TrimPrefix(queue, `\\`), `\`); ok && strings.HasPrefix(queue, `\\`) {
		return (&url.URL{Scheme: "spool", Host: server, Path: "/" + shared}).String()
	}
	if u, err := url.Parse("spool://" + queue); err == nil && u.Host == queue && u.Port() == "" {
		return u.String()
	}
	return "spool:///" + url.PathEscape(queue)
}

func open(ctx context.Context, address *url.URL) (drivers.Port, error) {
	name, err := queueName(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	return openWith(ctx, name, openQueue)
}
