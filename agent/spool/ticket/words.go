package ticket

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed words/*.json
var wordFiles embed.FS

// Words are what tickets say in one language. The four at the head are Go
// layouts of times.
type Words struct {
	Clock   string `json:"clock"`   // hours and minutes
	Day     string `json:"day"`     // a day of this year
	Date    string `json:"date"`    // a whole date with its time
	Seconds string `json:"seconds"` // a clock with seconds

	Dated    string `json:"dated"`
	Customer string `json:"customer"`
	Channel  string `json:"channel"`

	Delivery string `json:"delivery"`
	Pickup   string `json:"pickup"`
	Table    string `json:"table"`
	NoTable  string `json:"no_table"`
	Other    string `json:"other"`

	Came      string `json:"came"`
	Due       string `json:"due"`
	Part      string `json:"part"` // 1 de 2
	Also      string `json:"also"`
	Dishes    string `json:"dishes"`
	For       string `json:"for"`
	Unmatched string `json:"unmatched"`
	Copy      string `json:"copy"`
	Note      string `json:"note"`

	Subtotal    string `json:"subtotal"`
	Discount    string `json:"discount"`
	DeliveryFee string `json:"delivery_fee"`
	Service     string `json:"service"`
	Total       string `json:"total"`
	Tip         string `json:"tip"`
	ToPay       string `json:"to_pay"`

	Collect  string `json:"collect"`
	Paid     string `json:"paid"`
	PaysWith string `json:"pays_with"`
	Change   string `json:"change"`
	Short    string `json:"short"`
	Payment  string `json:"payment"`
	Cash     string `json:"cash"`
	Card     string `json:"card"`

	Courier        string `json:"courier"`
	ChannelCourier string `json:"channel_courier"`
	Route          string `json:"route"`
	NoAddress      string `json:"no_address"`

	NotFiscal        string `json:"not_fiscal"`
	Invoice          string `json:"invoice"`
	Requested        string `json:"requested"` // before the kind of invoice
	InvoiceRequested string `json:"invoice_requested"`
	TaxID            string `json:"tax_id"`

	Sums   string `json:"sums"`
	More   string `json:"more"`
	Cut    string `json:"cut"`
	Thanks string `json:"thanks"`
	Track  string `json:"track"`

	PossibleDuplicate string `json:"possible_duplicate"`
	FirstCopy         string `json:"first_copy"`
	BackupCopy        string `json:"backup_copy"`
	MeantFor          string `json:"meant_for"`
	Reprint           string `json:"reprint"`
	TimeUnconfirmed   string `json:"time_unconfirmed"`

	Late           string `json:"late"`
	Days           string `json:"days"`
	Hours          string `json:"hours"`
	Minutes        string `json:"minutes"`
	AskedBy        string `json:"asked_by"`
	Revision       string `json:"revision"`
	Replaces       string `json:"replaces"`
	EarlierUnsure  string `json:"earlier_unsure"`
	TemplateFault  string `json:"template_fault"`
	Changed        string `json:"changed"`
	Remove         string `json:"remove"`
	Now            string `json:"now"`
	Add            string `json:"add"`
	Before         string `json:"before"`
	Unchanged      string `json:"unchanged"`
	ASAP           string `json:"asap"`
	Nothing        string `json:"nothing"`
	Voided         string `json:"voided"`
	Stop           string `json:"stop"`
	StopDelivery   string `json:"stop_delivery"`
	OrderCancelled string `json:"order_cancelled"`
	OrderRejected  string `json:"order_rejected"`
	NotNeeded      string `json:"not_needed"`
	VoidUnsure     string `json:"void_unsure"`
	Digest         string `json:"digest"`
	Printer        string `json:"printer"`
	From           string `json:"from"`
	Until          string `json:"until"`
	Cause          string `json:"cause"`
	Waited         string `json:"waited"`
	Expired        string `json:"expired"`
	Decide         string `json:"decide"`
	Report         string `json:"report"`
	Test           string `json:"test"`
	Terminal       string `json:"terminal"`
	Profile        string `json:"profile"`
	Paper          string `json:"paper"`
	PrintedAt      string `json:"printed_at"`
	Proof          string `json:"proof"`
	ProofProcessID string `json:"proof_process_id"`
	ProofFence     string `json:"proof_fence"`
	ProofStatus    string `json:"proof_status"`
	ProofTransport string `json:"proof_transport"`
	ProofUnknown   string `json:"proof_unknown"`
	Width          string `json:"width"`
	Sizes          string `json:"sizes"`
	Letters        string `json:"letters"`
	Scan           string `json:"scan"`
	Precheck       string `json:"precheck"`
	PrintedForm    string `json:"printed_form"`
	NoStamp        string `json:"no_stamp"`
	KindComanda    string `json:"kind_comanda"`
	KindDelivery   string `json:"kind_delivery"`
	KindReceipt    string `json:"kind_receipt"`
	KindInvoice    string `json:"kind_invoice"`
	KindPrecheck   string `json:"kind_precheck"`
	KindChange     string `json:"kind_change"`
	KindVoid       string `json:"kind_void"`
	KindReport     string `json:"kind_report"`
	KindDigest     string `json:"kind_digest"`
	KindTest       string `json:"kind_test"`
}

// wordsOf reads the words of a locale such as es-PE: those of its language,
// and over them those of its country where it has its own.
func wordsOf(locale string) (Words, error) {
	locale = strings.ReplaceAll(locale, "_", "-")
	language, _, _ := strings.Cut(locale, "-")
	var w Words
	err := readWords(strings.ToLower(language), &w)
	if errors.Is(err, fs.ErrNotExist) {
		return w, fmt.Errorf("there are no words for the locale %q: use es, en, fr, it or uk, also with a country (es-PE)", locale)
	}
	if err != nil || language == locale {
		return w, err
	}
	err = readWords(strings.ToLower(language)+strings.ToUpper(locale[len(language):]), &w)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	return w, err
}

func readWords(name string, into *Words) error {
	file := "words/" + name + ".json"
	text, err := wordFiles.ReadFile(file)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
