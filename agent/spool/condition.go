package spool

import (
	"context"
	"errors"
	"os"
	"strings"

	"mostrador/drivers"
	"mostrador/printer"
)

// A fault is one thing that a printer may say of itself.
type fault struct {
	code string
	has  func(printer.Condition) bool
	// words for people: what is wrong, and what to do.
	words string
}

// faultTable has the gravest first. near_end does not keep a printer from
// printing.
var faultTable = []fault{
	{"paper_end", func(c printer.Condition) bool { return c.PaperEnd }, "sin papel: ponga un rollo nuevo"},
	{"cover", func(c printer.Condition) bool { return c.Cover }, "tapa abierta: ciérrela"},
	{"cutter", func(c printer.Condition) bool { return c.Cutter }, "cortador atascado: quite el papel y apague y encienda la impresora"},
	{"error", func(c printer.Condition) bool { return c.Error }, "error de la impresora: apáguela y enciéndala; si sigue, llame al técnico"},
	{"offline", offlineOnly, "fuera de línea: mire si está encendida, el papel, la tapa y su botón"},
	{nearEnd, func(c printer.Condition) bool { return c.NearEnd && !c.PaperEnd }, "queda poco papel: tenga un rollo a mano"},
}

const nearEnd = "near_end"

// offlineOnly: it takes no data and does not say why. With a fault that it does
// name, being offline is no news.
func offlineOnly(c printer.Condition) bool {
	return c.Offline && !c.Cover && !c.PaperEnd && !c.Cutter && !c.Error
}

// codes of a printer's faults.
func codes(c printer.Condition) []string {
	var out []string
	for _, f := range faultTable {
		if f.has(c) {
			out = append(out, f.code)
		}
	}
	return out
}

// faultWords of a printer's faults, empty for one that is well.
func faultWords(c printer.Condition) string {
	var out []string
	for _, f := range faultTable {
		if f.has(c) {
			out = append(out, f.words)
		}
	}
	return strings.Join(out, "; ")
}

// wordsOfCode are those of one fault.
func wordsOfCode(code string) string {
	for _, f := range faultTable {
		if f.code == code {
			return f.words
		}
	}
	return code
}

// errorWords says to people what a line or a session has said to us.
func errorWords(err error) string {
	var blocked *printer.Blocked
	switch {
	case err == nil:
		return ""
	case errors.As(err, &blocked):
		if words := faultWords(blocked.Condition); words != "" {
			return words
		}
		return "la impresora no acepta datos: mire el papel y la tapa"
	case errors.Is(err, printer.ErrSilent):
		return "no contesta: mire el papel, la tapa y si está encendida"
	case errors.Is(err, printer.ErrUnconfirmed):
		return "recibió el ticket pero no lo confirmó"
	case errors.Is(err, printer.ErrDoubt):
		return "se detuvo a mitad del ticket sin decir por qué: mire si el papel está completo"
	case errors.Is(err, printer.ErrNoise):
		return "lo que contesta no se entiende: mire el cable y la velocidad de la línea"
	case errors.Is(err, printer.ErrLeft):
		return "el agente se detuvo antes de que terminara"
	case errors.Is(err, drivers.ErrBusy):
		return "otro programa la tiene ocupada"
	case errors.Is(err, drivers.ErrDenied):
		return "el agente no tiene permiso para abrirla"
	case errors.Is(err, drivers.ErrAbsent):
		return "no se encuentra: mire el cable y si está encendida"
	case errors.Is(err, drivers.ErrGone):
		return "se cortó la línea: mire el cable y si está encendida"
	case errors.Is(err, printer.ErrStuck), errors.Is(err, os.ErrDeadlineExceeded):
		return "dejó de recibir datos: mire el papel y si está encendida"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "el agente dejó de esperarla"
	}
	return err.Error()
}

func joinWords(words ...string) string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, "; ")
}
