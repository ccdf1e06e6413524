package scanner_test

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"mostrador/drivers/drivertest"
	"mostrador/drivers/scanner"
)

// What the installer's page says is read from its bytes is what is read.
func TestPageForInstallers(t *testing.T) {
	page, err := os.ReadFile("../../docs/devices/scanner.md")
	if err != nil {
		t.Fatal(err)
	}
	var ops []drivertest.Op
	for _, line := range regexp.MustCompile(`(?m)^(?:[0-9A-F]{2} ?)+$`).FindAllString(string(page), -1) {
		b, err := hex.DecodeString(strings.ReplaceAll(line, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, drivertest.Op{Read: b})
	}
	var want []string
	for _, line := range regexp.MustCompile(`(?m)^\{.*\}$`).FindAllString(string(page), -1) {
		want = append(want, "record "+line)
	}
	if len(ops) != 2 {
		t.Fatalf("found %d lines of bytes", len(ops))
	}
	play(t, scanner.Settings{Ends: scanner.EndsETX, Prefix: "CAJA1:", CodeID: "aim"}, 0, ops...).want(t, want...)
}
