package scale_test

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"mostrador/drivers/drivertest"
)

// What the installer's page says is read from a conversation is what is read.
func TestPageForInstallers(t *testing.T) {
	page, err := os.ReadFile("../../docs/devices/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	var ops []drivertest.Op
	var want []string
	rows := regexp.MustCompile("(?m)^\\| `([0-9A-F ]+)` \\| `([0-9A-F ]+)` \\| (.+?) \\|").FindAllStringSubmatch(string(page), -1)
	for _, row := range rows {
		ops = append(ops, drivertest.Op{Write: unhex(t, row[1])}, drivertest.Op{Read: unhex(t, row[2])})
		want = append(want, strings.ReplaceAll(row[3], "`", ""))
	}
	if len(rows) != 5 {
		t.Fatalf("found %d rows of bytes", len(rows))
	}
	play(t, kilos, 0, ops...).want(t, want...)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
