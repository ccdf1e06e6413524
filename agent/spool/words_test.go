package spool

import (
	"strings"
	"testing"

	"mostrador/store"
)

// allKinds are the kinds of tickets.
var allKinds = []store.TicketKind{
	store.ReceiptTicket, store.InvoiceTicket, store.PrecheckTicket, store.DeliveryTicket, store.ComandaTicket,
	store.ChangeTicket, store.VoidTicket, store.ReportTicket, store.DigestTicket, store.TestTicket,
}

func TestEveryKindHasAWord(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range allKinds {
		word := KindWords(kind)
		if seen[word] || word == "ticket "+string(kind) {
			t.Errorf("%s has no word of its own: %q", kind, word)
		}
		seen[word] = true
	}
}

func TestEntries(t *testing.T) {
	job := func(kind store.TicketKind, state store.JobState, proof store.Proof, cause string) *store.Job {
		j := &store.Job{Kind: kind, OrderNumber: "48213", Printer: "caja", State: state, Cause: cause}
		if kind == store.ComandaTicket {
			j.Station = "barra"
		}
		if proof != "" {
			j.Attempts = []store.Attempt{{Proof: proof}}
		}
		return j
	}
	for want, j := range map[string]*store.Job{
		"comanda barra del pedido 48213 impresa en caja (confirmada por la impresora)":              job(store.ComandaTicket, store.JobPrinted, store.ProofFence, ""),
		"ticket del cliente del pedido 48213 impreso en caja (sin confirmar)":                       job(store.ReceiptTicket, store.JobPrinted, store.ProofTransport, ""),
		"guía de reparto del pedido 48213 impresa en caja (sin prueba; dicho por Ana)":              job(store.DeliveryTicket, store.JobPrinted, "", "dicho por Ana"),
		"guía de reparto del pedido 48213 en caja: no se sabe si salió (la impresora dejó de leer)": job(store.DeliveryTicket, store.JobUnknown, "", "la impresora dejó de leer"),
		"comanda barra del pedido 48213 no salió en caja: sin papel":                                job(store.ComandaTicket, store.JobNotPrinted, "", "sin papel"),
		"comanda barra del pedido 48213 cancelada en caja (dicho por Ana)":                          job(store.ComandaTicket, store.JobCancelled, "", "dicho por Ana"),
		"ticket del cliente del pedido 48213 reemplazado en caja":                                   job(store.ReceiptTicket, store.JobReplaced, "", ""),
	} {
		if got := entryOf(j).Text; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for _, kind := range allKinds {
		for _, state := range []store.JobState{store.JobQueued, store.JobSending, store.JobPrinted, store.JobNotPrinted, store.JobUnknown, store.JobExpired, store.JobReplaced, store.JobCancelled} {
			if words := StateWords(job(kind, state, "", "")); strings.Contains(words, string(state)) {
				t.Errorf("%s %s has no words: %q", kind, state, words)
			}
		}
	}
}
