package ticket

import (
	"strings"
	"testing"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// An installer sees every kind of ticket, and what their own change makes of it.
func TestPreview(t *testing.T) {
	model, _ := profile.Lookup("generic")
	for _, kind := range Kinds() {
		text, err := Shipped(kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, paper := range []string{"80mm", "58mm"} {
			doc, err := Preview(Settings{Locale: "es-PE"}, kind, "{{template \"head\" .}}\nMI PROPIA LÍNEA\n"+text, paper)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			page, err := layout.Layout(doc, model, paper)
			if err != nil {
				t.Errorf("%s on %s: %v", kind, paper, err)
			}
			if !strings.Contains(layout.Text(page), "MI PROPIA LÍNEA") {
				t.Errorf("%s on %s lacks the line of its own", kind, paper)
			}
		}
	}
	if _, err := Preview(Settings{}, "menu", "a", "80mm"); err == nil || !strings.Contains(err.Error(), "comanda") {
		t.Errorf("a kind that does not exist: %v", err)
	}
	if _, err := Preview(Settings{}, "comanda", "{{.Colour}}\n", "80mm"); err == nil {
		t.Error("a template with a fault was shown")
	}
}
