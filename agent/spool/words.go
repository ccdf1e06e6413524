package spool

import (
	"strings"

	"mostrador/printer"
	"mostrador/store"
)

// A noun is what the trade calls a kind of ticket. Its participles end in o or
// a: impreso, impresa.
type noun struct{ word, ending string }

func nounOf(kind store.TicketKind) noun {
	switch kind {
	case store.ReceiptTicket:
		return noun{"ticket del cliente", "o"}
	case store.InvoiceTicket:
		return noun{"comprobante", "o"}
	case store.PrecheckTicket:
		return noun{"precuenta", "a"}
	case store.DeliveryTicket:
		return noun{"guía de reparto", "a"}
	case store.ComandaTicket:
		return noun{"comanda", "a"}
	case store.ChangeTicket:
		return noun{"comanda de cambio", "a"}
	case store.VoidTicket:
		return noun{"comanda de anulación", "a"}
	case store.ReportTicket:
		return noun{"informe", "o"}
	case store.DigestTicket:
		return noun{"resumen de atrasos", "o"}
	case store.TestTicket:
		return noun{"prueba", "a"}
	}
	return noun{"ticket " + string(kind), "o"}
}

// KindWords is what the trade calls a kind of ticket.
func KindWords(kind store.TicketKind) string { return nounOf(kind).word }

// TicketWords names a ticket to people: comanda barra del pedido 48213.
func TicketWords(j *store.Job) string {
	words := []string{KindWords(j.Kind)}
	if j.Station != "" {
		words = append(words, j.Station)
	}
	if j.OrderNumber != "" {
		words = append(words, "del pedido", j.OrderNumber)
	}
	return strings.Join(words, " ")
}

// StateWords says to people where a ticket stands. A success that rests on the
// transport alone is never called confirmed.
func StateWords(j *store.Job) string {
	ending := nounOf(j.Kind).ending
	switch j.State {
	case store.JobQueued:
		return "en espera"
	case store.JobSending:
		return "imprimiendo"
	case store.JobPrinted:
		return "impres" + ending + " (" + proofWords(j) + ")"
	case store.JobNotPrinted:
		return "no impres" + ending
	case store.JobUnknown:
		return "no se sabe"
	case store.JobExpired:
		return "vencid" + ending
	case store.JobReplaced:
		return "reemplazad" + ending
	case store.JobCancelled:
		return "cancelad" + ending
	}
	return string(j.State)
}

// proofWords say what a success rests on.
func proofWords(j *store.Job) string {
	switch j.Proof() {
	case store.ProofProcessID, store.ProofFence, store.ProofStatus:
		return "confirmad" + nounOf(j.Kind).ending + " por la impresora"
	case store.ProofTransport:
		return "sin confirmar"
	}
	return "sin prueba"
}

// ConditionWords says how a printer is.
func ConditionWords(c printer.Condition) string {
	if words := faultWords(c); words != "" {
		return words
	}
	return "está bien"
}
