package display_test

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"mostrador/drivers"
	"mostrador/drivers/display"
)

// The bytes on the installer's page are what is sent.
func TestPageForInstallers(t *testing.T) {
	page, err := os.ReadFile("../../docs/devices/display.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^(?:[0-9A-F]{2} ?)+$`).FindAllString(string(page), -1)
	sent, err := hex.DecodeString(strings.ReplaceAll(strings.Join(lines, ""), " ", ""))
	if err != nil || len(lines) != 3 {
		t.Fatalf("found %d lines of bytes: %v", len(lines), err)
	}
	for _, row := range []string{string(sent[18:38]), string(sent[42:])} {
		if !strings.Contains(string(page), "\n"+row+"\n") {
			t.Errorf("the page does not show %q", row)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDisplay(t, display.Settings{})
		show(t, d, drivers.Line{Left: "Lomo saltado con arroz", Right: "38.00"}, drivers.Line{Left: "TOTAL", Right: "S/ 38.00"})
		listen(t, d, gets(start+string(sent)))
	})
}
