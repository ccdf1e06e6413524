package order

import (
	"strings"
	"testing"

	"mostrador/store"
)

func catalogue(version uint64) *Catalogue {
	return &Catalogue{
		Version:  version,
		Products: []Product{{"LOMO-01", "Lomo saltado", "Fondos"}, {"CHICHA", "Chicha morada", "Bebidas"}},
		Mappings: []Mapping{
			{MappingIntegration{"justo", "Centro"}, "p-1", "LOMO-01"},
			{MappingIntegration{Provider: "justo"}, "p-1", "CHICHA"},
			{MappingIntegration{Provider: "justo"}, "m-1", "CHICHA"},
		},
	}
}

// A line that lacks an id, a category or a name gets them from the catalogue,
// through the channel's own id; what the channel says stays.
func TestCatalogueCompletesLines(t *testing.T) {
	o := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "Centro"}, Lines: []store.Line{
		{ProductID: "p-1"},
		{ExternalID: "CHICHA", Name: "Chicha 1 L"},
		{ExternalID: "LOMO-01", ProductID: "m-1", Name: "Lomo", Category: "Carnes"},
		{ProductID: "p-9", Name: "Nobody's"},
		{ProductID: "p-1", Modifiers: []store.Modifier{{ID: "m-1", Modifiers: []store.Modifier{{ID: "p-1", Name: "x"}}}}},
	}}
	text := func(s *shelf) string {
		c := catalogue(1)
		s.fill(c)
		for i := range o.Lines {
			s.line(o.Key, &o.Lines[i])
		}
		var b strings.Builder
		for _, l := range o.Lines {
			b.WriteString(l.ExternalID + "|" + l.Name + "|" + l.Category + "\n")
			for _, m := range l.Modifiers {
				b.WriteString("  " + m.ExternalID + "|" + m.Name + "\n    " + m.Modifiers[0].ExternalID + "|" + m.Modifiers[0].Name + "\n")
			}
		}
		return b.String()
	}(&shelf{})
	want := "LOMO-01|Lomo saltado|Fondos\nCHICHA|Chicha 1 L|Bebidas\nLOMO-01|Lomo|Carnes\n|Nobody's|\n" +
		"LOMO-01|Lomo saltado|Fondos\n  CHICHA|Chicha morada\n    LOMO-01|x\n"
	if text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	other := store.OrderKey{Provider: "justo", Nickname: "Norte"}
	var s shelf
	s.fill(catalogue(1))
	l := store.Line{ProductID: "p-1"}
	if s.line(other, &l); l.ExternalID != "CHICHA" {
		t.Errorf("another integration of the provider: %+v", l)
	}
}

func TestCatalogueCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Catalogue)
		want   string
	}{
		{"good", func(*Catalogue) {}, ""},
		{"empty", func(c *Catalogue) { c.Products, c.Mappings = []Product{}, nil }, ""},
		{"no products", func(c *Catalogue) { c.Products = nil }, "products is missing"},
		{"twice", func(c *Catalogue) { c.Products[1].ExternalID = "LOMO-01" }, "products[2]: external_id \"LOMO-01\" stands there twice"},
		{"mapped to nothing", func(c *Catalogue) { c.Mappings[0].ExternalID = "X" }, "mappings[1]: no product has the external_id \"X\""},
		{"version", func(c *Catalogue) { c.Version = 0 }, "version must be"},
		{"long", func(c *Catalogue) { c.Products[0].Name = strings.Repeat("n", 201) }, "products[1]: name must have"},
	}
	for _, tt := range tests {
		c := catalogue(1)
		tt.change(c)
		if err := c.Check(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
