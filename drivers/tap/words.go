package tap

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Words that make a paper no sale, or one that a person looks at: a bill before
// payment, a refund, a report, a kitchen's ticket. They count where the profile
// does not take their line for a note or an item. In capitals and without
// accents, in the languages of the shipped tickets.
var noSaleWords = []string{
	"PRECUENTA", "PRE CUENTA", "PREFACTURA", "PRE FACTURA", "PROFORMA", "PRO FORMA", "COTIZACION", "PRESUPUESTO",
	"ESTADO DE CUENTA", "COMANDA", "NOTA DE CREDITO", "NOTA DE DEVOLUCION", "DEVOLUCION", "REEMBOLSO", "REINTEGRO",
	"ANULADO", "ANULADA", "ANULACION", "CANCELADO", "CANCELADA", "CANCELACION", "CIERRE", "ARQUEO", "CORTE", "REPORTE", "INFORME",
	"ENTRENAMIENTO", "CAPACITACION", "PRUEBA", "PENDIENTE DE PAGO", "NO PAGADO", "POR COBRAR", "COBRAR", "BORRADOR",
	"VOID", "VOIDED", "REFUND", "RETURN", "CREDIT NOTE", "CANCELLED", "CANCELED", "TRAINING", "ESTIMATE", "QUOTE", "QUOTATION",
	"GUEST CHECK", "PRE BILL", "PREBILL", "DRAFT", "REPORT", "UNPAID", "NOT PAID", "KITCHEN", "TEST",
	"REMBOURSEMENT", "AVOIR", "ANNULE", "ANNULEE", "ANNULATION", "DEVIS", "FORMATION", "RAPPORT", "CLOTURE",
	"STORNO", "RESO", "RIMBORSO", "ANNULLATO", "PRECONTO", "PREVENTIVO", "CHIUSURA", "ADDESTRAMENTO",
	"ПОВЕРНЕННЯ", "АНУЛЬОВАНО", "СКАСОВАНО", "ПЕРЕДРАХУНОК", "ПРЕДРАХУНОК", "ЗВІТ", "СТОРНО",
	"DEVOLUCAO", "ESTORNO", "CANCELAMENTO", "ORCAMENTO", "PRE CONTA",
}

// copyWords say that a paper is one more of the same receipt.
var copyWords = []string{
	"COPIA", "COPIAS", "DUPLICADO", "REIMPRESION", "REIMPRESO", "REIMPRESA", "COPY", "DUPLICATE", "REPRINT", "REPRINTED",
	"DUPLICATA", "COPIE", "REIMPRESSION", "RISTAMPA", "DUPLICATO", "КОПІЯ", "ДУБЛІКАТ", "SEGUNDA VIA", "REIMPRESSAO",
}

// folded is a text in capitals, without accents, each run of what is no letter or
// digit one blank, with one blank at either end.
func folded(s string) string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, r := range norm.NFD.String(strings.ToUpper(s)) {
		switch {
		case unicode.Is(unicode.Mn, r) && r != '\u0306' && r != '\u0308': // й and ї keep theirs
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), " "):
			b.WriteByte(' ')
		}
	}
	return norm.NFC.String(strings.TrimRight(b.String(), " ")) + " "
}

// wordIn finds the first of words, which are written as folded has them, that
// stands in a text as whole words, also where it is printed with a gap behind each
// letter.
func wordIn(s string, words []string) string {
	in := folded(s)
	if letters := strings.Fields(in); len(letters) > 4 && !slices.ContainsFunc(letters, func(l string) bool { return utf8.RuneCountInString(l) > 1 }) {
		in += folded(strings.Join(letters, ""))
	}
	for _, w := range words {
		if strings.Contains(in, " "+w+" ") {
			return w
		}
	}
	return ""
}
