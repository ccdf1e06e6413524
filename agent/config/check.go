package config

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"
)

// A check is what the text of one kind of key must be. A tag names it.
type check struct {
	// right says what would be right, for people.
	right string
	// pattern and oneOf are the check as JSON Schema has it; a pattern may let
	// through what wrong does not.
	pattern string
	oneOf   []string
	// wrong says what is wrong with a text, or "". Without it, pattern or oneOf
	// decides.
	wrong func(string) string
}

// checks by the name that the tag check:"…" has.
var checks = map[string]check{
	"id": {
		right:   "use 1 to 40 of a-z, 0-9 and -, beginning with a letter or digit, and not up or down, such as lima-01",
		pattern: `^[a-z0-9][a-z0-9-]{0,39}$`,
		wrong: func(s string) string {
			if s == "up" || s == "down" {
				return quote(s) + " has another meaning in the names of topics"
			}
			return ""
		},
	},
	"locale": {
		right:   "use es, en, fr, it or uk, with a country where it matters, such as es-CL, es-CO, es-PE or es-MX",
		pattern: `^(es|en|fr|it|uk)(-([A-Z]{2}|[0-9]{3}))?$`,
	},
	"currency": {
		right:   "use an ISO 4217 code, such as CLP, COP, PEN, MXN or EUR",
		pattern: `^[A-Z]{3}$`,
		wrong:   wrongCurrency,
	},
	"timezone": {
		right:   "use a name of the IANA data base, such as America/Lima",
		pattern: `^[A-Za-z0-9_+/-]+$`,
		wrong:   wrongTimezone,
	},
	"name": {
		right:   "use 1 to 40 printable characters without spaces at the ends",
		pattern: `^\S(.{0,38}\S)?$`,
		wrong: func(s string) string {
			if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				return quote(s) + " has characters that cannot be printed"
			}
			return ""
		},
	},
	"text": {
		right:   "use at most 1000 characters, none of them invisible",
		pattern: `^[\s\S]{0,1000}$`,
		wrong:   wrongText,
	},
	"pattern": {
		right:   "use at most 200 characters; * stands for any, as in CARNE-*",
		pattern: `^.{1,200}$`,
		wrong:   wrongText,
	},
	"path":    {right: "use the name of a file, such as /etc/mostrador/password", pattern: `^[^\x00]*$`},
	"hex":     {right: "use hexadecimal digits in pairs, such as 06", pattern: `^([0-9A-Fa-f]{2}){0,8}$`, wrong: wrongHex},
	"decimal": {oneOf: []string{"", ".", ","}, right: `use "." or ","`},
	"listen": {
		right:   "use an address and a port, such as 127.0.0.1:7080",
		pattern: `^\S*:[0-9]{1,5}$`,
		wrong:   wrongListen,
	},
	"broker": {
		right:   "use mqtt, tls, ws or wss, such as tls://mqtt.example.com:8883",
		pattern: `^((mqtt|tls|ws|wss)://\S+)?$`,
		wrong:   wrongBroker,
	},
	"proxy": {
		right:   "use http, such as http://proxy.example.com:3128",
		pattern: `^(https?://\S+)?$`,
		wrong:   wrongProxy,
	},
	"port":            {right: "use an address such as tcp://192.168.1.50:9100", pattern: `^[a-z]+:.+$`},
	"store_orders":    {oneOf: []string{"holder", "stand-in", "no"}},
	"acknowledged_by": {oneOf: []string{"broker", "backend"}},
	"unknown":         {oneOf: []string{"copy", "ask"}},
	"accept":          {oneOf: []string{"automatic", "manual"}},
	"via":             {oneOf: []string{"relay", "api"}},

	// Names that other parts of the file, or this build, know: see rules.go.
	"printer":  {right: "use the name of a [[printer]]", pattern: `^.+$`},
	"profile":  {right: "use the name of a model, or auto", pattern: `^.+$`},
	"paper":    {right: "use 80mm or 58mm", pattern: `^[0-9]{2,3}mm$`},
	"driver":   {right: "use the name of a driver", pattern: `^[a-z]+$`},
	"provider": {right: "use the name of a provider", pattern: `^[a-z0-9]+$`},
}

// examine says what is wrong with a text and what would be right, or "".
func (c check) examine(s string) (problem, mend string) {
	switch {
	case len(c.oneOf) > 0 && !slices.Contains(c.oneOf, s):
		if c.right != "" {
			return quote(s) + " is not one of them", c.right
		}
		mend = didYouMean(s, c.oneOf)
		return quote(s) + " is not one of " + strings.Join(c.oneOf, ", "), mend
	case c.pattern != "" && !regexp.MustCompile(c.pattern).MatchString(s):
		return quote(s) + " is not right here", c.right
	case c.wrong != nil:
		if problem = c.wrong(s); problem != "" {
			return problem, c.right
		}
	}
	return "", ""
}

func wrongCurrency(s string) string {
	if !currency.IsValid(s) {
		return quote(s) + " is not a currency"
	}
	return ""
}

func wrongTimezone(s string) string {
	if s == "Local" {
		return "Local depends on the machine"
	}
	if _, err := time.LoadLocation(s); err != nil {
		return quote(s) + " is not a time zone"
	}
	return ""
}

func wrongText(s string) string {
	hidden := func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' && r != '\n' }
	if strings.ContainsFunc(s, hidden) {
		return quote(s) + " has invisible characters"
	}
	return ""
}

func wrongHex(s string) string {
	if _, err := hex.DecodeString(s); err != nil {
		return quote(s) + " is not hexadecimal"
	}
	return ""
}

func wrongListen(s string) string {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return quote(s) + " is not an address with a port"
	}
	if n, err := strconv.Atoi(port); err != nil || n > 65535 {
		return quote(port) + " is not a port"
	}
	return ""
}

func wrongBroker(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "":
		return quote(s) + " names no host"
	case u.User != nil:
		return "a user or password does not belong into the address: use username and password_file"
	case u.Fragment != "":
		return quote(s) + " has a #, which an address of a broker does not"
	case (u.Scheme == "mqtt" || u.Scheme == "tls") && (strings.Trim(u.Path, "/") != "" || u.RawQuery != ""):
		return quote(s) + " has a path, which only ws and wss use"
	}
	return wrongPort(u)
}

func wrongProxy(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return "the address names no host" // not quoted: it may hold a password
	}
	return wrongPort(u)
}

func wrongPort(u *url.URL) string {
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return quote(p) + " is not a port"
		}
	}
	return ""
}

// wrongAddress checks a port's URL against the schemes that this build knows.
func wrongAddress(s string, schemes map[string]func(*url.URL) error) (problem, mend string) {
	if schemes == nil {
		return "", ""
	}
	names := slices.Collect(maps.Keys(schemes))
	scheme, _, found := strings.Cut(s, ":")
	if !found || !utf8.ValidString(s) {
		return quote(s) + " is not an address", "use one such as tcp://192.168.1.50:9100 or file:///dev/usb/lp0"
	}
	wrong, known := schemes[scheme]
	if !known {
		return fmt.Sprintf("%s is not a way to reach a device", quote(scheme)), didYouMean(scheme, names)
	}
	u, err := url.Parse(s)
	if err != nil {
		return quote(s) + " is not an address", "use one such as tcp://192.168.1.50:9100 or file:///dev/usb/lp0"
	}
	if err := wrong(u); err != nil {
		return err.Error(), ""
	}
	return "", ""
}
