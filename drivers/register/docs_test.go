package register_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"mostrador/drivers/drivertest"
	"mostrador/drivers/register"
)

// The samples in the installer's page are what the shipped profiles read, and
// its format of one's own is one.
func TestPageForInstallers(t *testing.T) {
	page, err := os.ReadFile("../../docs/devices/register.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, settings := range register.Profiles() {
		if !strings.Contains(string(page), "**`"+name+"`**") {
			t.Errorf("the page does not show the profile %s", name)
		}
		if settings.Lines != nil {
			continue // TestSampleJournals
		}
		read := 0
		for _, what := range play(t, settings, "", drivertest.Op{Read: page}) {
			if strings.HasPrefix(what, "record") {
				read++
			}
		}
		if want := map[string]int{"journal-columns": 6, "journal-semicolons": 3, "sales-semicolons": 1}[name]; read != want {
			t.Errorf("%s reads %d sample lines of the page, want %d", name, read, want)
		}
	}
	formats := regexp.MustCompile(`(?m)^format = (?:"(.*)"|'(.*)')$`).FindAllStringSubmatch(string(page), -1)
	if len(formats) != 2 {
		t.Errorf("found %d formats in the page, want 2", len(formats))
	}
	for _, f := range formats {
		if _, err := register.Parse(f[1] + f[2]); err != nil {
			t.Errorf("the page's format %s: %v", f[0], err)
		}
	}
	_, block, found := strings.Cut(string(page), "\nlines = [\n")
	block, _, _ = strings.Cut(block, "]\n```")
	var lines []string
	for _, quoted := range regexp.MustCompile(`(?m)^  "(.*)",$`).FindAllStringSubmatch(block, -1) {
		lines = append(lines, quoted[1])
	}
	if err := register.ParseLines(lines); !found || len(lines) < 10 || err != nil {
		t.Fatalf("the page's lines %q: %v", lines, err)
	}
	got := play(t, register.Settings{Lines: lines}, "", drivertest.Op{Read: []byte("2 x S/19.00\nLOMO SALTADO S/38.00\nTOTAL S/38.00\nTOTAL TARJETA S/38.00\n")})
	for i, kind := range []string{"times", "item", "due", "tender"} {
		if i >= len(got) || !strings.Contains(got[i], `"kind":"`+kind+`"`) {
			t.Errorf("by the page's lines, %q; want line %d to be of kind %s", got, i+1, kind)
		}
	}
}
