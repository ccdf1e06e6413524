package drivers

import (
	"net/url"
	"strings"
)

// ParseAddress reads a port's URL. It is url.Parse for all that that one takes,
// which wants digits behind the colon of a host; a USB device is named by two
// numbers in hex, usb://04b8:0e15, and its URL has both in Host.
func ParseAddress(s string) (*url.URL, error) {
	rest, usb := strings.CutPrefix(s, "usb://")
	if !usb {
		return url.Parse(s)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	u, err := url.Parse("usb://" + rest[end:])
	if err != nil {
		return nil, &url.Error{Op: "parse", URL: s, Err: err}
	}
	if strings.ContainsFunc(rest[:end], notInDeviceNumbers) {
		return url.Parse(s)
	}
	u.Host = rest[:end]
	return u, nil
}

// notInDeviceNumbers: what else stands in a host is for url.Parse to judge.
func notInDeviceNumbers(r rune) bool {
	return !strings.ContainsRune("0123456789abcdefABCDEFxX:", r)
}
