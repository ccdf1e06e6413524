//go:build linux

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mostrador/store"
)

// A reading is what a paper says of itself, to somebody who has only its text.
type reading struct {
	piece
	text    string // without blanks
	kind    store.TicketKind
	number  string // of the order; empty for a paper of none
	station string
	whole   bool
	// The marks at its head; reprint is which copy it is.
	duplicate, backup, late, replaces bool
	reprint                           string
	revision                          string // of a change, or of what replaces
}

var (
	orderNumber = regexp.MustCompile(`#(7\d{4})`)
	copyNumber  = regexp.MustCompile(`Copia(\d+)\.`)
	revisionOf  = regexp.MustCompile(`Revisión(\d+)`)
	ruled       = regexp.MustCompile(`─{20,}`)
)

// readPaper reads a paper from top to bottom.
func readPaper(p piece) reading {
	r := reading{piece: p, text: squeeze(p.Text())}
	parts := ruled.Split(r.text, -1)
	head, body := "", parts
	if bearsMark(parts[0]) {
		head, body = parts[0], parts[1:]
	}
	r.duplicate, r.backup = strings.Contains(head, "POSIBLEDUPLICADO"), strings.Contains(head, "COPIADERESPALDO")
	r.late = strings.Contains(head, "ATRASADO")
	if m := copyNumber.FindStringSubmatch(head); strings.Contains(head, "REIMPRESIÓN") && m != nil {
		r.reprint = m[1]
	}
	if len(body) == 0 {
		return r
	}
	if r.replaces = strings.HasPrefix(body[0], "REEMPLAZA"); r.replaces {
		r.revision = firstGroup(revisionOf, body[0])
		body = body[1:]
	}
	rest := strings.Join(body, "─")
	r.classify(rest)
	r.whole = r.ends(rest, head)
	return r
}

func bearsMark(head string) bool {
	return slices.ContainsFunc([]string{"POSIBLEDUPLICADO", "COPIADERESPALDO", "REIMPRESIÓN", "ATRASADO"}, func(m string) bool { return strings.HasPrefix(head, m) })
}

func firstGroup(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// classify finds out what the paper is, by its beginning.
func (r *reading) classify(rest string) {
	start, _, _ := strings.Cut(rest, "─")
	stations := map[string]string{"COCINA": "cocina", "PARRILLA": "parrilla", "BARRA": "barra"}
	switch {
	case strings.HasPrefix(rest, "RESUMENDEATRASOS"):
		r.kind = store.DigestTicket
		return
	case strings.HasPrefix(rest, "AVISO"), strings.Contains(start, "BALANCEDETICKETS"):
		r.kind = store.ReportTicket
		return
	case strings.HasPrefix(rest, "ANULADO"):
		r.kind = store.VoidTicket
		start = strings.TrimPrefix(strings.TrimPrefix(start, "ANULADO"), "NOPREPARAR")
	case strings.HasPrefix(rest, "CAMBIO"):
		r.kind = store.ChangeTicket
		r.revision = firstGroup(revisionOf, start)
		start = strings.TrimPrefix(start, "CAMBIORevisión"+r.revision)
	}
	r.number = firstGroup(orderNumber, start)
	for word, name := range stations {
		if strings.HasPrefix(start, word) {
			r.station = name
		}
	}
	switch {
	case r.kind != "":
	case r.station != "":
		r.kind = store.ComandaTicket
	case strings.Contains(start, "Fecha"):
		r.kind = store.ReceiptTicket
	case r.number != "":
		r.kind = store.DeliveryTicket
	}
}

// ends: the paper's last lines are there, and the marks of its head below them.
func (r *reading) ends(rest, head string) bool {
	if head != "" && !strings.HasPrefix(rest, "AVISO") { // markup has marks at its head alone
		var ok bool
		if rest, ok = strings.CutSuffix(rest, "─"+head); !ok {
			return false
		}
	}
	switch r.kind {
	case store.ComandaTicket, store.ChangeTicket, store.DeliveryTicket, store.ReceiptTicket:
		return r.number != "" && regexp.MustCompile(`\[qrcode[0-9a-f-]{36}\]$`).MatchString(rest)
	case store.VoidTicket:
		return r.number != "" && regexp.MustCompile(`(web|rappi|pedidosya)$`).MatchString(rest)
	case store.DigestTicket, store.ReportTicket:
		return true
	}
	return false
}

// isOf: it is a whole paper of a ticket, by what both say.
func (r reading) isOf(j *store.Job) bool {
	has := func(m store.Mark) bool { return slices.Contains(j.Marks, m) }
	if !r.whole || r.kind != j.Kind || r.number != j.OrderNumber || r.station != j.Station && j.Kind != store.DigestTicket ||
		r.duplicate != has(store.MarkPossibleDuplicate) || r.backup != has(store.MarkBackupCopy) || r.late != has(store.MarkLate) ||
		(r.reprint != "") != has(store.MarkReprint) || r.reprint != "" && r.reprint != fmt.Sprint(j.Copy) ||
		r.revision != "" && r.revision != fmt.Sprint(j.Revision) {
		return false
	}
	if r.replaces != (j.Follows != 0 && j.Kind != store.ChangeTicket && j.Kind != store.VoidTicket) {
		return false
	}
	for _, it := range j.Items {
		if !strings.Contains(r.text, squeeze(it.Name)) || !strings.Contains(r.text, squeeze(it.Note)) {
			return false
		}
	}
	return true
}

// attempted: which attempt of a ticket a paper may have come from, -1 for none.
func (r reading) attempted(j *store.Job) int {
	for i, a := range slices.Backward(j.Attempts) {
		if a.Printer == r.printer && a.Sent > 0 && !a.Started.Wall.After(r.at) {
			return i
		}
	}
	return -1
}

// A match is a paper and the ticket that it is of.
type match struct {
	reading
	job *store.Job // nil: of none
}

// matchPapers finds the ticket of each whole paper: of those that fit, the one
// whose printing began last. Each attempt made one paper at most.
func matchPapers(papers []piece, jobs []*store.Job) []match {
	var all []match
	taken := map[string]bool{}
	for _, p := range papers {
		m := match{reading: readPaper(p)}
		if !m.whole {
			all = append(all, m)
			continue
		}
		var best store.Attempt
		name := ""
		for _, j := range jobs {
			i := m.attempted(j)
			key := fmt.Sprint(j.Seq, "/", i)
			if i < 0 || taken[key] || !m.isOf(j) || m.job != nil && !j.Attempts[i].Started.Wall.After(best.Started.Wall) {
				continue
			}
			m.job, best, name = j, j.Attempts[i], key
		}
		taken[name] = m.job != nil
		all = append(all, m)
	}
	return all
}

var dishOnPaper = regexp.MustCompile(`(\d+)(` + func() string {
	var names []string
	for _, n := range dishNames() {
		names = append(names, regexp.QuoteMeta(squeeze(n)))
	}
	return strings.Join(names, "|")
}() + `)`)

// A cookbook is what a cook of one station makes for one order, by the papers.
type cookbook struct {
	making map[string]string
	seen   map[string]bool // the revisions whose changes are known
}

// read takes in one paper.
func (c *cookbook) read(r reading) {
	switch {
	case r.reprint != "":
	case r.kind == store.VoidTicket:
		c.making = map[string]string{}
	case r.kind == store.ComandaTicket:
		c.making = dishesIn(r.text)
	case r.kind == store.ChangeTicket && !c.seen[r.revision]:
		c.seen[r.revision] = true
		c.apply(r.text)
	}
}

// apply does what a change ticket says.
func (c *cookbook) apply(text string) {
	section := regexp.MustCompile(`QUITAR|AHORA|AGREGAR`)
	places := section.FindAllStringIndex(text, -1)
	for i, at := range places {
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		for name, how := range dishesIn(text[at[1]:end]) {
			if text[at[0]:at[1]] == "QUITAR" {
				delete(c.making, name)
			} else {
				c.making[name] = how
			}
		}
	}
}

var formerly = regexp.MustCompile(`\(antes:[^)]*\)`)

// dishesIn are the dishes of a text, with how many and how.
func dishesIn(text string) map[string]string {
	text = formerly.ReplaceAllString(text, "")
	dishes := map[string]string{}
	found := dishOnPaper.FindAllStringSubmatchIndex(text, -1)
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		note := ""
		for _, n := range eveningNotes {
			if n != "" && strings.Contains(text[at[1]:end], squeeze(n)) {
				note = n
			}
		}
		squeezed := text[at[4]:at[5]]
		name := dishNames()[slices.IndexFunc(dishNames(), func(n string) bool { return squeeze(n) == squeezed })]
		dishes[name] = text[at[2]:at[3]] + " " + note
	}
	return dishes
}
