package serialport

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"mostrador/drivers"
)

const example = "serial://COM3?baud=9600"

// nodeName returns the port's name, from serial://COM3 or serial:///COM3.
func nodeName(address *url.URL) (string, error) {
	name := strings.ToUpper(address.Host + strings.TrimPrefix(address.Path, "/"))
	if !regexp.MustCompile(`^COM[1-9][0-9]{0,2}$`).MatchString(name) {
		return "", fmt.Errorf("%s names no serial port: write serial://COM3", address.Redacted())
	}
	return name, nil
}

// deniedError: Windows refuses access to a port that is open elsewhere.
func deniedError(err error) error {
	return fmt.Errorf("%w: %w", drivers.ErrBusy, err)
}
