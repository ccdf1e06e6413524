package command

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"mostrador/agent/spool"
	"mostrador/store"
)

// A Check is one thing that the doctor has looked at.
type Check struct {
	Name  string     `json:"name"`
	State CheckState `json:"state"`
	Text  string     `json:"text"`
	// Advice says what a person can do about it.
	Advice string `json:"advice,omitempty"`
}

// A CheckState is what a Check came to.
type CheckState string

// What a Check comes to.
const (
	Fine    CheckState = "fine"
	Warning CheckState = "warning"
	Fault   CheckState = "fault"
)

// A Source is something that only others than this room can tell of the agent.
type Source struct {
	// Name of its file in a bundle, such as log.txt.
	Name string
	// Read returns text as it is, or anything else to be written as JSON. What it
	// tells holds no secret.
	Read func() (any, error)
	// Check may look at it for Doctor; nil: there is nothing to find.
	Check func() []Check
}

// Knows adds what others can tell of the agent, before it runs.
func (c *Commands) Knows(sources ...Source) { c.sources = append(c.sources, sources...) }

// Doctor looks at everything that can be wrong with a terminal.
func (c *Commands) Doctor() []Check {
	checks := []Check{c.checkStore(), c.checkClock()}
	for _, p := range c.spool.States() {
		checks = append(checks, checkPrinter(p))
	}
	for _, s := range c.sources {
		if s.Check != nil {
			checks = append(checks, s.Check()...)
		}
	}
	return checks
}

func (c *Commands) checkStore() Check {
	h := c.store.Health()
	switch {
	case h.InMemory:
		return Check{"disco", Fault, fmt.Sprintf("hay %d pedidos solo en memoria", h.HeldOrders), "Libere espacio en el disco ahora; no apague el terminal"}
	case h.Full:
		return Check{"disco", Fault, "no queda espacio para ventas", "Libere espacio en el disco, o suba [buffer] max_size"}
	}
	return Check{Name: "disco", State: Fine, Text: fmt.Sprintf("%.1f MB en uso, como máximo %.0f", float64(h.Size-h.FreeInFile)/1e6, float64(h.MaxSize)/1e6)}
}

func (c *Commands) checkClock() Check {
	now := c.store.Clock().Now()
	if !now.Synced {
		return Check{"hora", Warning, "el reloj no está sincronizado: " + now.Wall.Format(time.RFC3339), "Active la hora por red (NTP) en el sistema"}
	}
	return Check{Name: "hora", State: Fine, Text: now.Wall.Format(time.RFC3339)}
}

func checkPrinter(p spool.State) Check {
	check := Check{Name: "impresora " + p.Printer, State: Fine, Text: string(p.State)}
	switch p.State {
	case spool.Ready, spool.Printing:
	case spool.Opening, spool.Paused:
		check.State, check.Text = Warning, check.Text+": "+p.Cause
	default:
		check.State, check.Text = Fault, check.Text+": "+p.Cause
		check.Advice = "mostrador printers probe " + p.Printer
	}
	return check
}

const (
	// maxBundle bounds a bundle in bytes, so that with what is around it a broker
	// with limits takes it (AWS IoT: 128 kB).
	maxBundle = 64 << 10
	// bundleRest is kept for the archive's own contents.
	bundleRest = 4 << 10
	// bundleEntries and bundleTickets are how many of the newest go into it.
	bundleEntries = 200
	bundleTickets = 50
)

// Bundle packs what a person needs who has never seen this terminal. What
// customers are called, where they live and what they ordered is not in it, nor
// are secrets.
func (c *Commands) Bundle(ctx context.Context) (*Bundle, error) {
	name := fmt.Sprintf("mostrador-%s-%s-%s.zip", c.about.Store, c.about.Terminal, c.store.Clock().Now().Wall.Format("20060102-150405"))
	return Pack(ctx, name, slices.Concat(c.ownSources(), c.sources)...)
}

// Pack makes an archive of what sources tell. It is bounded: what does not fit
// any more is left out, and its contents.txt says so.
func Pack(ctx context.Context, name string, sources ...Source) (*Bundle, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	left, contents := maxBundle-bundleRest, ""
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.Read == nil {
			continue
		}
		text := readSource(s)
		packed := packedSize(text)
		if packed > left {
			contents += fmt.Sprintf("%s: left out, %d bytes do not fit\n", s.Name, len(text))
			continue
		}
		left -= packed
		contents += fmt.Sprintf("%s: %d bytes\n", s.Name, len(text))
		if err := addFile(z, s.Name, text); err != nil {
			return nil, err
		}
	}
	if err := addFile(z, "contents.txt", []byte(contents)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", name, err)
	}
	sum := sha256.Sum256(out.Bytes())
	return &Bundle{Name: name, Size: out.Len(), SHA256: hex.EncodeToString(sum[:]), Base64: out.Bytes()}, nil
}

func addFile(z *zip.Writer, name string, text []byte) error {
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return nil
}

// packedSize is what a file adds to an archive, in bytes.
func packedSize(text []byte) int {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	if addFile(z, "x", text) != nil || z.Close() != nil {
		return maxBundle // memory takes everything
	}
	return out.Len() + 128
}

// readSource is what stands in a source's file. One that cannot be read says why.
func readSource(s Source) []byte {
	v, err := s.Read()
	if err != nil {
		return []byte("cannot be read: " + err.Error() + "\n")
	}
	switch text := v.(type) {
	case []byte:
		return text
	case string:
		return []byte(text)
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return []byte("cannot be written: " + err.Error() + "\n")
	}
	return text
}

// ownSources are what this room can tell, the most telling first.
func (c *Commands) ownSources() []Source {
	return []Source{
		{Name: "about.json", Read: func() (any, error) { return c.about, nil }},
		{Name: "doctor.json", Read: func() (any, error) { return c.Doctor(), nil }},
		{Name: "uplink.json", Read: func() (any, error) { return c.Uplink(), nil }},
		{Name: "health.json", Read: func() (any, error) { return c.Health(), nil }},
		{Name: "store.json", Read: func() (any, error) { return c.store.Stats() }},
		{Name: "tickets.json", Read: func() (any, error) { return c.recentTickets() }},
		{Name: "events.txt", Read: func() (any, error) { return c.recentEvents() }},
	}
}

// A ticketRow is what a bundle says of a ticket: nothing of what stands on it.
type ticketRow struct {
	Seq      uint64           `json:"seq"`
	Kind     store.TicketKind `json:"kind"`
	Printer  string           `json:"printer"`
	State    store.JobState   `json:"state"`
	Cause    string           `json:"cause,omitempty"`
	Attempts []store.Attempt  `json:"attempts,omitempty"`
}

func (c *Commands) recentTickets() (rows []ticketRow, err error) {
	jobs, err := c.Tickets("", Page{Limit: bundleTickets})
	for _, j := range jobs {
		rows = append(rows, ticketRow{j.Seq, j.Kind, j.Printer, j.State, j.Cause, j.Attempts})
	}
	return rows, err
}

func (c *Commands) recentEvents() (any, error) {
	entries, err := c.Events(Page{Limit: bundleEntries})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, e := range slices.Backward(entries) {
		writeEntry(&out, e)
	}
	return out.Bytes(), nil
}

func writeEntry(w io.Writer, e *store.Entry) {
	fmt.Fprintf(w, "%d %s %s %s %s\n", e.Seq, e.At.Wall.Format(time.RFC3339), e.Severity, e.Kind, e.Text)
}
