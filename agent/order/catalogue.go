package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"mostrador/store"
)

// A Catalogue is what the restaurant sells, by its own ids, and the ids that
// channels use for it.
type Catalogue struct {
	Version  uint64    `json:"version"` // from 1
	Products []Product `json:"products"`
	Mappings []Mapping `json:"mappings,omitempty"`
}

// A Product is a product, or a choice within one.
type Product struct {
	ExternalID string `json:"external_id"`
	Name       string `json:"name"`
	Category   string `json:"category,omitempty"`
}

// A Mapping is one id of a channel.
type Mapping struct {
	Integration MappingIntegration `json:"integration"`
	ChannelID   string             `json:"channel_id"`
	ExternalID  string             `json:"external_id"`
}

// MappingIntegration says whose ids they are; without a nickname those of every
// integration of the provider.
type MappingIntegration struct {
	Provider string `json:"provider"`
	Nickname string `json:"nickname,omitempty"`
}

// The bounds of a catalogue; the ids and names are in characters.
const (
	maxProducts = 20_000
	maxMappings = 100_000
	maxID       = 120
	maxName     = 200
	maxVersion  = 1<<53 - 1 // what every JSON reader can hold
)

var providerForm = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// Check says what is wrong with a catalogue, the first fault of it.
func (c *Catalogue) Check() error {
	switch {
	case c.Version == 0 || c.Version > maxVersion:
		return fmt.Errorf("version must be 1 to %d", uint64(maxVersion))
	case c.Products == nil:
		return errors.New("products is missing; an empty list takes the catalogue away")
	case len(c.Products) > maxProducts || len(c.Mappings) > maxMappings:
		return fmt.Errorf("a catalogue has at most %d products and %d mappings", maxProducts, maxMappings)
	}
	known := map[string]bool{}
	for i, p := range c.Products {
		if err := errors.Join(fits("external_id", p.ExternalID, 1, maxID), fits("name", p.Name, 1, maxName), fits("category", p.Category, 0, maxID)); err != nil {
			return fmt.Errorf("products[%d]: %w", i+1, err)
		}
		if known[p.ExternalID] {
			return fmt.Errorf("products[%d]: external_id %q stands there twice", i+1, p.ExternalID)
		}
		known[p.ExternalID] = true
	}
	for i, m := range c.Mappings {
		err := errors.Join(fits("provider", m.Integration.Provider, 1, maxID), fits("nickname", m.Integration.Nickname, 0, maxID),
			fits("channel_id", m.ChannelID, 1, maxID))
		switch {
		case err != nil:
		case !providerForm.MatchString(m.Integration.Provider):
			err = fmt.Errorf("provider %q is none", m.Integration.Provider)
		case !known[m.ExternalID]:
			err = fmt.Errorf("no product has the external_id %q", m.ExternalID)
		}
		if err != nil {
			return fmt.Errorf("mappings[%d]: %w", i+1, err)
		}
	}
	return nil
}

func fits(what, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return fmt.Errorf("%s must have %d to %d characters", what, least, most)
	}
	return nil
}

// Where the catalogue is kept: its version by itself, as that is looked at with
// every order.
const (
	cursorCatalogue        = "order/catalogue"
	cursorCatalogueVersion = "order/catalogue/version"
)

// CatalogueVersion is that of the catalogue in use, 0 for none.
func CatalogueVersion(tx *store.Tx) uint64 {
	v, _ := strconv.ParseUint(string(tx.Cursor(cursorCatalogueVersion)), 10, 64)
	return v
}

// Put has a catalogue that Check has found right be used from now on. As JSON it
// may have at most 1 MiB.
func (c *Catalogue) Put(tx *store.Tx) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode the catalogue: %w", err)
	}
	if err := tx.SetCursor(cursorCatalogue, text); err != nil {
		return err
	}
	return tx.SetCursor(cursorCatalogueVersion, strconv.AppendUint(nil, c.Version, 10))
}

// A shelf holds the catalogue that was used last, so that it is not read anew
// with every order.
type shelf struct {
	mu      sync.Mutex
	version uint64
	product map[string]Product
	mapped  map[Mapping]string // without ExternalID
}

// complete gives the lines of an order what the channel has not said and the
// catalogue knows: the restaurant's own id, the category, the name.
func (s *shelf) complete(tx *store.Tx, o *store.Order) error {
	version := CatalogueVersion(tx)
	if version == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version != version {
		if err := s.read(tx.Cursor(cursorCatalogue)); err != nil {
			return fmt.Errorf("catalogue: %w", err)
		}
	}
	for i := range o.Lines {
		s.line(o.Key, &o.Lines[i])
	}
	return nil
}

func (s *shelf) line(of store.OrderKey, l *store.Line) {
	p := s.find(of, &l.ExternalID, l.ProductID)
	if l.Category == "" {
		l.Category = p.Category
	}
	if p.Name != "" && nameless(l.Name) {
		l.Name = p.Name
	}
	s.choices(of, l.Modifiers)
}

// Nameless is what a provider calls a line that its channel sent without a name.
const Nameless = "PRODUCTO SIN NOMBRE"

func nameless(name string) bool { return name == "" || strings.HasPrefix(name, Nameless) }

func (s *shelf) choices(of store.OrderKey, mods []store.Modifier) {
	for i := range mods {
		if p := s.find(of, &mods[i].ExternalID, mods[i].ID); mods[i].Name == "" {
			mods[i].Name = p.Name
		}
		s.choices(of, mods[i].Modifiers)
	}
}

// find is the product behind an external id, which it fills in where the
// channel's own is mapped to one.
func (s *shelf) find(of store.OrderKey, external *string, channel string) Product {
	if *external == "" && channel != "" {
		id, ok := s.mapped[Mapping{Integration: MappingIntegration{of.Provider, of.Nickname}, ChannelID: channel}]
		if !ok {
			id = s.mapped[Mapping{Integration: MappingIntegration{Provider: of.Provider}, ChannelID: channel}]
		}
		*external = id
	}
	return s.product[*external]
}

func (s *shelf) read(text []byte) error {
	var c Catalogue
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	s.fill(&c)
	return nil
}

func (s *shelf) fill(c *Catalogue) {
	s.version = c.Version
	s.product, s.mapped = make(map[string]Product, len(c.Products)), make(map[Mapping]string, len(c.Mappings))
	for _, p := range c.Products {
		s.product[p.ExternalID] = p
	}
	for _, m := range c.Mappings {
		id := m.ExternalID
		m.ExternalID = ""
		s.mapped[m] = id
	}
}
