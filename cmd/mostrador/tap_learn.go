package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/sale"
	"mostrador/drivers"
	"mostrador/drivers/tap"
	"mostrador/printer/escpos"
	"mostrador/printer/profile"
	"mostrador/store"
)

// A learning is one call of the verb tap learn.
type learning struct {
	currency, model   string
	out, check        string
	force, fromUnread bool
}

func (a *app) learnCommand() *cobra.Command {
	l := learning{model: "generic"}
	cmd := &cobra.Command{
		Use:   "learn FILE…",
		Short: "Propose how to read the receipts in samples of what the POS sends, and show what that reads",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && !l.fromUnread {
				return wrongUse("name files with samples, such as tap unread show writes with --bytes; or learn from all unread receipts with --unread")
			}
			return a.learn(c, args, l)
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.currency, "currency", "", "currency of the amounts; by default the terminal's")
	f.StringVar(&l.model, "printer-profile", l.model, "`MODEL` of the printer that the samples are for: it knows their code pages")
	f.StringVarP(&l.out, "out", "o", "", "write the profile to `FILE`, for profile_file in the configuration")
	f.StringVar(&l.check, "with", "", "propose nothing: show what the profile in `FILE` reads")
	f.BoolVar(&l.force, "force", false, "write over a file that is there")
	f.BoolVar(&l.fromUnread, "unread", false, "learn from the unread receipts of the running agent, too")
	return cmd
}

// A lesson is what was learned, for people and programs.
type lesson struct {
	Profile string `json:"profile"`
	// Read of Papers are sales.
	Papers   int           `json:"papers"`
	Read     int           `json:"read"`
	Receipts []readReceipt `json:"receipts"`
	File     string        `json:"file,omitempty"`
}

// A readReceipt is what one paper is read as: a sale, or a cause.
type readReceipt struct {
	Sample string      `json:"sample"`
	Sale   *store.Sale `json:"sale,omitempty"`
	Cause  string      `json:"cause,omitempty"`
	NoSale bool        `json:"no_sale,omitempty"`
}

func (a *app) learn(c *cobra.Command, files []string, l learning) error {
	source, err := a.learnSource(l)
	if err != nil {
		return err
	}
	model, found := profile.Lookup(l.model)
	if !found {
		return wrongUse("there is no model %q; there are: %s", l.model, strings.Join(profile.Names(), ", "))
	}
	samples, err := a.samples(c, files, l)
	if err != nil {
		return err
	}
	decoder := func() *escpos.Decoder { return escpos.NewDecoder(model) }
	read := func(in drivers.Receipt) (store.Sale, string) {
		return sale.Read(&in, source, store.Moment{Wall: time.Now()})
	}
	p, err := l.profile(samples, decoder, source.Currency, func(in drivers.Receipt) bool { _, cause := read(in); return cause == "" })
	if err != nil {
		return err
	}
	out := lesson{Profile: p.String()}
	for _, s := range samples {
		for _, in := range tap.ReadAll(p, decoder(), s.bytes) {
			one := readReceipt{Sample: s.name, NoSale: in.NoSale}
			if bought, cause := read(in); cause == "" && !in.NoSale {
				one.Sale = &bought
				out.Read++
			} else if !in.NoSale {
				one.Cause = cause
			}
			out.Papers++
			out.Receipts = append(out.Receipts, one)
		}
	}
	if l.out != "" {
		if err := writeNew(l.out, out.Profile, l.force); err != nil {
			return err
		}
		out.File = l.out
	}
	if err := a.show(out, func(w io.Writer) { writeLesson(w, out) }); err != nil {
		return err
	}
	if out.Read == 0 {
		return errors.New("the profile reads none of the samples as a sale: mend it by hand as docs/devices/tap.md tells, and look again with --with FILE")
	}
	return nil
}

// profile proposes one, or reads that of --with.
func (l learning) profile(samples []sample, decoder func() *escpos.Decoder, currency string, adds func(drivers.Receipt) bool) (*tap.Profile, error) {
	if l.check != "" {
		source, err := os.ReadFile(l.check)
		if err != nil {
			return nil, err
		}
		p, err := tap.ParseProfile(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.check, err)
		}
		return p, nil
	}
	digits, _ := store.Digits(currency)
	lesson := tap.Lesson{Decoder: decoder, Decimals: digits, Currency: marksOf(currency), Adds: adds}
	for _, s := range samples {
		lesson.Samples = append(lesson.Samples, s.bytes)
	}
	return tap.Learn(lesson)
}

// marksOf are how receipts write a currency.
func marksOf(currency string) []string {
	signs := map[string][]string{
		"PEN": {"S/.", "S/"}, "EUR": {"€"}, "UAH": {"₴", "грн"}, "GBP": {"£"}, "BRL": {"R$"}, "USD": {"US$", "$"},
		"CLP": {"$"}, "COP": {"$"}, "MXN": {"$"}, "ARS": {"$"},
	}
	return append(signs[currency], currency)
}

// learnSource says what the samples do not.
func (a *app) learnSource(l learning) (sale.Source, error) {
	s := sale.Source{Name: "tap/learn", Currency: strings.ToUpper(l.currency), PointOfSale: "learn", Location: time.Local}
	cfg, err := a.parseConfig()
	if err == nil {
		s.Location, s.Currency = cfg.Terminal.Location(), cmp.Or(s.Currency, cfg.Terminal.Currency)
		s.DayStarts = time.Duration(cfg.Terminal.BusinessDayStarts) * time.Minute
	} else if s.Currency == "" {
		return s, fmt.Errorf("%w\nor say which currency the samples have: --currency PEN", err)
	}
	if _, known := store.Digits(s.Currency); !known {
		return s, wrongUse("%q is no currency: write its ISO 4217 code, such as PEN", s.Currency)
	}
	return s, nil
}

// A sample is what a POS sent, with where it is from.
type sample struct {
	name  string
	bytes []byte
}

// maxSample bounds a file with samples, in bytes.
const maxSample = 8 << 20

func (a *app) samples(c *cobra.Command, files []string, l learning) (all []sample, err error) {
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(io.LimitReader(f, maxSample+1))
		f.Close()
		switch {
		case err != nil:
			return nil, err
		case len(b) > maxSample:
			return nil, fmt.Errorf("%s has more than %d bytes: samples are some receipts each", name, maxSample)
		}
		all = append(all, sample{filepath.Base(name), b})
	}
	if !l.fromUnread {
		return all, nil
	}
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	var unread []*store.UnreadReceipt
	if err := client.Get(c.Context(), "/v1/unread", &unread); err != nil {
		return nil, exitOf(err)
	}
	for _, u := range unread {
		var one command.UnreadReceipt
		if err := client.Get(c.Context(), "/v1/unread/"+url.PathEscape(fmt.Sprint(u.Seq)), &one); err != nil {
			return nil, exitOf(err)
		}
		if len(one.Stream) > 0 && !one.Final {
			all = append(all, sample{fmt.Sprintf("unread %d", u.Seq), one.Stream})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no unread receipt to learn from")
	}
	return all, nil
}

// writeNew writes a file that is not there yet, or over one that is when forced.
func writeNew(name, text string, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: write over it with --force", name)
	} else if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

func writeLesson(w io.Writer, l lesson) {
	fmt.Fprint(w, l.Profile, "\n")
	rows := make([]string, len(l.Receipts))
	for i, r := range l.Receipts {
		switch {
		case r.NoSale:
			rows[i] = row(r.Sample, "–", "–", "–", "no es una venta")
		case r.Sale == nil:
			rows[i] = row(r.Sample, "–", "–", "–", "sin leer: "+r.Cause)
		default:
			money := store.NewMoneyFormat("es")
			rows[i] = row(r.Sample, orDash(r.Sale.Receipt), r.Sale.ClosedAt.Format("2006-01-02"), len(r.Sale.Lines), money.Format(r.Sale.Total, r.Sale.Currency))
		}
	}
	table(w, "Las muestras no traen ningún papel.", "MUESTRA\tRECIBO\tFECHA\tLÍNEAS\tTOTAL", rows)
	fmt.Fprintf(w, "%d de %d papeles se leen como venta.\n", l.Read, l.Papers)
	if l.File != "" {
		fmt.Fprintf(w, "Perfil escrito en %s. En la configuración, en el [[device]]: profile_file = %q\n", printable(l.File), l.File)
	}
}
