package usbport

import (
	"os"
	"regexp"
	"testing"

	"mostrador/drivers"
)

// The addresses on the page are right.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/devices/usb-printer.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("usb://[0-9a-f]+:[^\\s`\",:]+").FindAllString(string(page), -1)
	if len(found) < 6 {
		t.Errorf("the page has only %d addresses", len(found))
	}
	for _, text := range found {
		address, err := drivers.ParseAddress(text)
		if err != nil {
			t.Error(err)
		} else if err := check(address); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
