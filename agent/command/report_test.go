package command

import (
	"strings"
	"testing"
	"time"

	"mostrador/agent/spool"
	"mostrador/store"
)

// Which tickets of an order somebody must look at.
func TestTasks(t *testing.T) {
	comanda := func(seq uint64, s store.JobState, alter ...func(*store.Job)) *store.Job {
		j := &store.Job{Seq: seq, Kind: store.ComandaTicket, Station: "barra", Printer: "barra", State: s, Copy: 1}
		for _, f := range alter {
			f(j)
		}
		return j
	}
	copyOf := func(n uint64) func(*store.Job) { return func(j *store.Job) { j.CopyOf = n } }
	follows := func(n uint64) func(*store.Job) { return func(j *store.Job) { j.Follows = n } }
	kind := func(k store.TicketKind) func(*store.Job) { return func(j *store.Job) { j.Kind = k } }
	at := func(s string) func(*store.Job) { return func(j *store.Job) { j.Station = s } }
	for name, tt := range map[string]struct {
		status store.Status
		jobs   []*store.Job
		want   []uint64
	}{
		"unknown":                     {store.Accepted, []*store.Job{comanda(1, store.JobUnknown)}, []uint64{1}},
		"unknown, copied":             {store.Accepted, []*store.Job{comanda(1, store.JobUnknown), comanda(2, store.JobPrinted, copyOf(1))}, nil},
		"unknown, its copy, too":      {store.Accepted, []*store.Job{comanda(1, store.JobUnknown), comanda(2, store.JobUnknown, copyOf(1))}, []uint64{2}},
		"copy unknown, original said": {store.Accepted, []*store.Job{comanda(1, store.JobPrinted), comanda(2, store.JobUnknown, copyOf(1))}, nil},
		"unknown, replaced":           {store.Accepted, []*store.Job{comanda(1, store.JobUnknown), comanda(2, store.JobPrinted, follows(1))}, nil},
		"unknown, only changed":       {store.Accepted, []*store.Job{comanda(1, store.JobUnknown), comanda(2, store.JobPrinted, kind(store.ChangeTicket), follows(1))}, []uint64{1}},
		"unknown, another station":    {store.Accepted, []*store.Job{comanda(1, store.JobUnknown), comanda(2, store.JobPrinted, at("parrilla"))}, []uint64{1}},
		"cancelled, voided":           {store.Cancelled, []*store.Job{comanda(1, store.JobUnknown), comanda(2, store.JobPrinted, kind(store.VoidTicket), follows(1))}, nil},
		"cancelled, the void is late": {store.Cancelled, []*store.Job{comanda(1, store.JobPrinted), comanda(2, store.JobExpired, kind(store.VoidTicket), follows(1))}, []uint64{2}},
		"cancelled, a customer's":     {store.Cancelled, []*store.Job{comanda(1, store.JobUnknown, kind(store.ReceiptTicket), at(""))}, nil},
		"done, and never known":       {store.Completed, []*store.Job{comanda(1, store.JobUnknown)}, nil},
		"done, and never made by it":  {store.Completed, []*store.Job{comanda(1, store.JobExpired)}, []uint64{1}},
		"expired, asked for again":    {store.Accepted, []*store.Job{comanda(1, store.JobExpired), comanda(2, store.JobQueued)}, nil},
		"taken back":                  {store.Accepted, []*store.Job{comanda(1, store.JobReplaced), comanda(2, store.JobPrinted)}, nil},
	} {
		var got []uint64
		for _, task := range tasks(&store.Order{Status: tt.status}, tt.jobs) {
			got = append(got, task.Ticket)
		}
		if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// Many tasks and outages stay short; what lasts is told.
func TestReportStaysShort(t *testing.T) {
	start := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	at := func(m int) store.Moment { return store.Moment{Wall: start.Add(time.Duration(m) * time.Minute)} }
	r := Report{Balance: spool.Balance{To: start.Add(3 * time.Hour)}}
	r.Paused = map[string]string{"caja": "en pausa por Rosa (sin gas)"}
	for i := range 30 {
		r.Open = append(r.Open, Task{Ticket: uint64(i), OrderNumber: "7", Kind: store.ComandaTicket, Printer: "barra", State: store.JobExpired, At: at(i)})
		r.Outages = append(r.Outages, spool.Outage{Printer: "barra", From: at(i * 3), To: at(i*3 + 2), Cause: "sin papel: ponga un rollo nuevo", Tickets: i, Waited: i})
	}
	r.Outages = append(r.Outages, spool.Outage{Printer: "barra", From: at(120), Cause: "tapa abierta: ciérrela"})
	text := ""
	lines := 0
	for _, p := range r.Tell(nil).Parts {
		for _, l := range p.Lines {
			lines++
			text += strings.ReplaceAll(l.Name, noBreak, " ") + "\n"
		}
	}
	for _, want := range []string{"y 18 más", "caja en pausa por Rosa (sin gas)\n", "barra no imprime desde 01:00: tapa abierta\nciérrela\n", "barra: 31 cortes, 2 h 00 min en total\n",
		"00:27-00:29 sin papel: 29 esperaron\ndesde 01:00 tapa abierta\ny otros 29 menores\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if lines > 50 {
		t.Errorf("the report has %d lines", lines)
	}
}
