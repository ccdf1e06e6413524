package main

import (
	"strings"
	"time"

	"mostrador/store"
)

// What listings say to people, in Spanish.

// when writes a time by the terminal's own clock; empty for none.
func (a *app) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(a.terminal.Location()).Format("02/01/2006 15:04")
}

// money writes an amount of minor units as people of the terminal's locale do.
func (a *app) money(minor int64, currency string) string {
	return store.FormatMinor(minor, currency, a.terminal.Locale)
}

// channelWords say whether the channel has heard of what was done with an order.
func channelWords(s store.ChannelState) string {
	switch s {
	case store.ChannelPending:
		return "por confirmar"
	case store.ChannelConfirmed:
		return "confirmado"
	case store.ChannelRefused:
		return "lo rechazó"
	case store.ChannelUnanswered:
		return "no respondió"
	}
	return string(s)
}

func invoiceWords(s store.InvoiceState) string {
	switch s {
	case store.InvoiceNone:
		return "ninguna"
	case store.InvoiceRequested:
		return "solicitada"
	case store.InvoiceIssued:
		return "emitida"
	case store.InvoiceRejected:
		return "rechazada"
	case store.InvoiceCancelled:
		return "anulada"
	}
	return string(s)
}

func outcomeWords(t store.Attempt) string {
	switch t.Outcome {
	case store.OutcomePrinted:
		return "impreso"
	case store.OutcomeNotPrinted:
		return "no impreso"
	case store.OutcomeUnknown:
		return "no se sabe"
	}
	return "en curso"
}

// marksWords are the marks as the paper has them.
func marksWords(marks []store.Mark) string {
	words := make([]string, len(marks))
	for i, m := range marks {
		switch m {
		case store.MarkPossibleDuplicate:
			words[i] = "POSIBLE DUPLICADO"
		case store.MarkBackupCopy:
			words[i] = "COPIA DE RESPALDO"
		case store.MarkReprint:
			words[i] = "REIMPRESIÓN"
		case store.MarkTimeUnconfirmed:
			words[i] = "hora sin confirmar"
		default:
			words[i] = string(m)
		}
	}
	return strings.Join(words, ", ")
}
