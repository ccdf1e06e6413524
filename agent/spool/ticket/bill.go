package ticket

import (
	"strings"

	"mostrador/store"
)

// invoiceView is the fiscal document, with what its issuer sent of it.
type invoiceView struct {
	receiptView
	Name    string // BOLETA
	Serial  string // its number
	Code    string // to be printed as a QR symbol
	NoStamp bool   // the issuer's code is of a kind that is not drawn
}

// maxCode is how many bytes a printer is sent for a QR symbol (escpos.Encode): a
// finer one could not be read from paper.
const maxCode = 1000

func (r *Renderer) invoice(in Input) invoiceView {
	inv := in.Order.Invoice
	if in.Job.Invoice != nil {
		inv = *in.Job.Invoice
	}
	v := invoiceView{receiptView: r.receipt(in), Name: r.words.Invoice}
	c := clipperFor(0)
	if inv.Kind != "" {
		v.Name = c.short(inv.Kind)
	}
	v.Name, v.Serial, v.TaxID = strings.ToUpper(v.Name), c.short(inv.Number), c.short(inv.BuyerTaxID)
	switch {
	case inv.Code == "":
	case r.stampIsPDF417(in.Order) || len(inv.Code) > maxCode || strings.TrimSpace(inv.Code) == "":
		v.NoStamp = true
	default:
		v.Code = inv.Code
	}
	return v
}

// stampIsPDF417 tells the country whose electronic stamp is a PDF417 symbol
// (Chile: SII, Resolución Exenta 45 of 2003), which the markup has no code for.
func (r *Renderer) stampIsPDF417(o *store.Order) bool {
	return o.Currency == "CLP" || strings.HasSuffix(strings.ToUpper(r.settings.Locale), "-CL")
}
