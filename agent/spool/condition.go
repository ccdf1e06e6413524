package spool

import (
	"context"
	"errors"
	"os"
	"slices"
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

// errorWords says to people what a line or a session has said to us, and what to
// do about it.
func errorWords(err error) string {
	if err == nil {
		return ""
	}
	var blocked *printer.Blocked
	if errors.As(err, &blocked) {
		if words := faultWords(blocked.Condition); words != "" {
			return words
		}
		return "la impresora no acepta datos: mire el papel y la tapa"
	}
	if isStoreFault(err) {
		return "el agente no puede leer o escribir lo que guarda, mire si queda sitio en el disco: " + err.Error()
	}
	for _, e := range errorTable {
		if !slices.ContainsFunc(e.all, func(one error) bool { return !errors.Is(err, one) }) {
			return e.words
		}
	}
	return "falla la línea, mire el cable y si está encendida: " + err.Error()
}

// errorTable has what an error must be, all of it, and the words for it; the
// first that fits counts, so that what says more stands before what says less.
var errorTable = []struct {
	all   []error
	words string
}{
	{[]error{printer.ErrUnconfirmed, printer.ErrSilent}, "recibió el ticket entero y dejó de contestar: mire si el papel está completo y si la impresora está encendida"},
	{[]error{printer.ErrUnconfirmed, printer.ErrNoise}, "recibió el ticket entero, pero su confirmación no se entiende: mire si el papel está completo, y el cable"},
	{[]error{printer.ErrUnconfirmed}, "recibió el ticket entero pero no lo confirmó: mire si el papel está completo"},
	{[]error{printer.ErrDoubt}, "se detuvo a mitad del ticket sin decir por qué: mire si el papel está completo"},
	{[]error{printer.ErrLeft}, "el agente se detuvo antes de que terminara: mire si el papel está completo"},
	{[]error{printer.ErrSilent}, "no contesta: mire el papel, la tapa y si está encendida"},
	{[]error{printer.ErrNoise}, "lo que contesta no se entiende: mire el cable y la velocidad de la línea"},
	{[]error{drivers.ErrAmbiguous}, "hay varias impresoras iguales: el técnico debe decir cuál es, en su port"},
	{[]error{drivers.ErrBusy}, "otro programa la tiene ocupada: ciérrelo"},
	{[]error{drivers.ErrDenied}, "el agente no tiene permiso para abrirla: el técnico debe dárselo al servicio"},
	{[]error{drivers.ErrAbsent}, "no se encuentra: mire el cable y si está encendida"},
	{[]error{drivers.ErrGone}, "se cortó la línea: mire el cable y si está encendida"},
	{[]error{printer.ErrStuck}, "dejó de recibir datos: mire el papel, la tapa y si está encendida"},
	{[]error{os.ErrDeadlineExceeded}, "dejó de recibir datos: mire el papel, la tapa y si está encendida"},
	{[]error{context.Canceled}, "el agente dejó de esperarla: mire si está funcionando"},
	{[]error{context.DeadlineExceeded}, "tarda demasiado: mire el cable y si está encendida"},
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
