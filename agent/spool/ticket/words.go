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
