// Package sale makes sales of what POS devices say: it groups the records of a
// receipt until its total, recognises what a device sends again, checks the
// sums, and puts the sale, its event and how far the source has been read into
// one transaction.
package sale

// EventType is the type of a sale's event on store.StreamSales; its data is the
// store.Sale.
const EventType = "mostrador.sale.v1"
