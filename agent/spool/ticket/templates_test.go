package ticket

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/printer/receipt"
	"mostrador/store"
)

// folder writes templates of an installer.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheMostSpecificTemplateWins(t *testing.T) {
	dir := folder(t, map[string]string{
		"comanda.receipt":            "any {{.Number}}\n=\n",
		"comanda.es.receipt":         "es {{.Number}}\r\n=\r\n",
		"comanda.es-PE.receipt":      "es-PE {{.Number}}\n=\n",
		"comanda.58mm.receipt":       "58mm {{.Number}}\n=",
		"comanda.es-PE.58mm.receipt": "es-PE on 58mm {{.Number}}\n=\n",
		"parts.76mm.receipt":         strings.Replace(shippedParts(t), "`^^^{{.Title}}", "mine: {{.Title}}", 1),
		"notes.txt":                  "{{",
	})
	if faults := CheckTemplates(dir); len(faults) != 0 {
		t.Fatal(faults)
	}
	s := limaDelivery(t)
	s.settings.Templates = dir
	for _, c := range []struct{ locale, paper, want string }{
		{"es-PE", "80mm", "es-PE 48213"}, {"es_PE", "", "es-PE 48213"}, {"es-CL", "80mm", "es 48213"}, {"en", "80mm", "any 48213"},
		{"es-PE", "58mm", "es-PE on 58mm 48213"}, {"en", "58mm", "58mm 48213"}, {"es-CL", "58mm", "58mm 48213"},
	} {
		s.settings.Locale = c.locale
		if got := plainText(renderOn(t, s, "comanda", c.paper)); got != c.want {
			t.Errorf("%s on %s: %q, want %q", c.locale, c.paper, got, c.want)
		}
	}
	if got := plainText(renderOn(t, s, "receipt-copy", "76mm")); !strings.Contains(got, "mine: ") {
		t.Errorf("the blocks of the installer are not used: %s", got)
	}
	if got := plainText(renderOn(t, s, "receipt-copy", "80mm")); strings.Contains(got, "mine: ") {
		t.Errorf("the blocks for another paper are used: %s", got)
	}
}

func shippedParts(t *testing.T) string {
	t.Helper()
	text, err := shippedText(partsName)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func renderOn(t *testing.T, s sample, job, paper string) receipt.Document {
	t.Helper()
	in := s.input(s.jobs[job])
	in.Paper = paper
	return rendered(t, rendererOf(t, s), in)
}

func TestFaultsOfTemplates(t *testing.T) {
	sound := limaDelivery(t)
	shipped := rendererOf(t, sound)
	for name, c := range map[string]struct{ text, want string }{
		"kitchen.receipt":           {"x", `no kind of ticket "kitchen"`},
		"comanda.tlh.receipt":       {"x", "use es, en, fr, it or uk"},
		"comanda.es.58mm.x.receipt": {"x", "too many parts"},
		"comanda.receipt":           {"a\nb {{.Nombre}}\n=", "comanda.receipt:2: "},
		"receipt.receipt":           {"a\n\n{{if .Number}}\n=", "receipt.receipt:4: "},
		"void.receipt":              {"a\n{width:{{.Number}}}\n", "void.receipt:2: "},
		"change.receipt":            {"a\n{command:\\x1}\n", "change.receipt:2: "},
		"digest.receipt":            {"{{range .Waited}}\n\n{{.Colour}}\n{{end}}", "digest.receipt:3: "},
		"parts.receipt":             {"{{define \"head\"}}{{end}}", "parts.receipt: "},
		"test.receipt":              {`{{template "nowhere" .}}`, "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{name: c.text})
			faults := CheckTemplates(dir)
			if len(faults) != 1 || !strings.Contains(faults[0].Error(), c.want) {
				t.Errorf("got %v, want one with %q", faults, c.want)
			}
			// What is broken stops no ticket, and is said.
			var log bytes.Buffer
			s := limaDelivery(t)
			s.settings.Templates, s.settings.Log = dir, slog.New(slog.NewTextHandler(&log, nil))
			r := rendererOf(t, s)
			for job := range s.jobs {
				in := s.input(s.jobs[job])
				in.Paper = "80mm"
				if got, want := plainText(rendered(t, r, in)), plainText(rendered(t, shipped, in)); got != want {
					t.Errorf("%s: %s", job, got)
				}
			}
			if !strings.Contains(log.String(), "level=ERROR") {
				t.Error("nothing was logged")
			}
		})
	}
	if faults := CheckTemplates(filepath.Join(t.TempDir(), "none")); len(faults) != 1 {
		t.Errorf("a folder that is not there gives %v", faults)
	}
}

// A template that fails with the data of one order only is replaced for that
// ticket, which says so.
func TestATemplateThatFailsLater(t *testing.T) {
	s := limaDelivery(t)
	s.settings.Templates = folder(t, map[string]string{"comanda.receipt": "{{if eq .Number \"777\"}}\n{{index .Items 99}}\n{{end}}\nx\n"})
	s.order.Number = "1"
	if got := plainText(renderOn(t, s, "comanda", "")); got != "x" {
		t.Fatalf("got %q", got)
	}
	s.order.Number = "777"
	if got := plainText(renderOn(t, s, "comanda", "")); !strings.Contains(got, "La plantilla propia tiene errores") || !strings.Contains(got, "Anticuchos") {
		t.Errorf("got %q", got)
	}
}

func TestLogo(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 40, 20))
	for x := range 40 {
		picture.SetGray(x, 10, color.Gray{Y: 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	s := limaDelivery(t)
	s.settings.Logo = file.Bytes()
	for job, want := range map[string]int{"receipt": 1, "invoice": 1, "precheck": 1, "comanda": 0} {
		n := 0
		for _, l := range render(t, s, s.jobs[job]).Lines {
			if l.Kind == receipt.ImageLine && l.Image.Width == 40 {
				n++
			}
		}
		if n != want {
			t.Errorf("%s has %d logos", job, n)
		}
	}
	if err := CheckLogo(s.settings.Logo); err != nil {
		t.Error(err)
	}
	if err := CheckLogo([]byte("GIF89a")); err == nil {
		t.Error("no PNG is a logo")
	}
}

func TestKindsWithoutTheirData(t *testing.T) {
	r, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[store.TicketKind]string{
		store.ComandaTicket: "no order", store.VoidTicket: "no order", store.DigestTicket: "no digest", store.ReportTicket: "no report", "poster": `"poster"`,
	} {
		if _, err := r.Render(Input{Job: &store.Job{Kind: kind}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
