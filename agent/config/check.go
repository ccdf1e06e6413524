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
	// what the text is, with its article, and what would be right: for people.
	what, right string
	// pattern, longest (characters) and oneOf are the check as JSON Schema has
	// it; they may let through what wrong does not.
	pattern *regexp.Regexp
	longest int
	oneOf   []string
	// wrong says what is wrong with a text that has passed these, or "".
	wrong func(string) string
}

// checks by the name that the tag check:"…" has.
var checks = map[string]check{
	"id": {
		what:    "an id",
		right:   "use 1 to 40 of a-z, 0-9 and -, beginning with a letter or digit, and not up or down, such as lima-01",
		pattern: regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`),
		wrong: func(s string) string {
			if s == "up" || s == "down" {
				return quote(s) + " has another meaning in the names of topics"
			}
			return ""
		},
	},
	"locale": {
		what:    "a locale that Mostrador speaks",
		right:   "use es, en, fr, it or uk, with a country where it matters, such as es-CL, es-CO, es-PE or es-MX",
		pattern: regexp.MustCompile(`^(es|en|fr|it|uk)(-([A-Z]{2}|[0-9]{3}))?$`),
	},
	"currency": {
		what:    "a currency",
		right:   "use an ISO 4217 code, such as CLP, COP, PEN, MXN or EUR",
		pattern: regexp.MustCompile(`^[A-Z]{3}$`),
		wrong:   wrongCurrency,
	},
	"timezone": {
		what:    "a time zone",
		right:   "use a name of the IANA data base, such as America/Lima",
		pattern: regexp.MustCompile(`^[A-Za-z0-9_+/-]+$`),
		wrong:   wrongTimezone,
	},
	"name": {
		what:    "a name",
		right:   "use 1 to 40 printable characters without spaces at the ends",
		pattern: regexp.MustCompile(`^\S(.*\S)?$`),
		longest: 40,
		wrong: func(s string) string {
			if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				return quote(s) + " has characters that cannot be printed"
			}
			return ""
		},
	},
	"text": {
		what:    "a text",
		right:   "use at most 4000 characters, none of them invisible",
		longest: 4000,
		wrong:   wrongText,
	},
	"heading": {
		what:    "a line of the head",
		right:   "use 1 to 80 printable characters, one text for each line",
		pattern: regexp.MustCompile(`^.*\S.*$`),
		longest: 80,
		wrong:   wrongText,
	},
	"pattern": {
		what:    "a pattern",
		right:   "use at most 200 characters; * stands for any, as in CARNE-*",
		pattern: regexp.MustCompile(`^.+$`),
		longest: 200,
		wrong:   wrongText,
	},
	"path":    {what: "a path", right: "use a path without zero bytes", pattern: regexp.MustCompile(`^[^\x00]*$`)},
	"hex":     {what: "hexadecimal", right: "use hexadecimal digits in pairs, such as 06", pattern: regexp.MustCompile(`^([0-9A-Fa-f]{2}){0,8}$`), wrong: wrongHex},
	"decimal": {oneOf: []string{"", ".", ","}, right: `use "." or ","`},
	"listen": {
		what:    "an address with a port",
		right:   "use an address and a port, such as 127.0.0.1:7080",
		pattern: regexp.MustCompile(`^\S*:[0-9]{1,5}$`),
		wrong:   wrongListen,
	},
	"broker": {
		what:    "the address of a broker",
		right:   "use mqtt, tls, ws or wss, such as tls://mqtt.example.com:8883",
		pattern: regexp.MustCompile(`^((mqtt|tls|ws|wss)://\S+)?$`),
		wrong:   wrongBroker,
	},
	"proxy": {
		what:    "the address of a proxy",
		right:   "use http, such as http://proxy.example.com:3128",
		pattern: regexp.MustCompile(`^(https?://\S+)?$`),
		wrong:   wrongProxy,
	},
	"port":            {what: "the address of a port", right: "use an address such as tcp://192.168.1.50:9100", pattern: regexp.MustCompile(`^[a-z]+:.+$`)},
	"store_orders":    {oneOf: []string{"holder", "stand-in", "no"}},
	"acknowledged_by": {oneOf: []string{"broker", "backend"}},
	"unknown":         {oneOf: []string{"copy", "ask"}},
	"scan":            {oneOf: []string{"", "ready", "dispatched", "off"}, right: "use ready, dispatched or off"},
	"shows":           {oneOf: []string{"ready", "totals", "idle"}},
	"level":           {oneOf: []string{"low", "high"}},
	"accept":          {oneOf: []string{"automatic", "manual"}},
	"via":             {oneOf: []string{"relay", "api"}},

	// Names that other parts of the file, or this build, know: see rules.go.
	"printer":  {what: "the name of a printer", right: "use the name of a [[printer]]", pattern: regexp.MustCompile(`^.+$`)},
	"display":  {what: "the name of a display", right: "use the name of a [[device]] whose driver is display", longest: 40},
	"profile":  {what: "the name of a model", right: "use the name of a model, or auto", pattern: regexp.MustCompile(`^.+$`)},
	"paper":    {what: "a width of paper", right: "use 80mm or 58mm", pattern: regexp.MustCompile(`^[0-9]{2,3}mm$`)},
	"driver":   {what: "the name of a driver", right: "use the name of a driver", pattern: regexp.MustCompile(`^[a-z]+$`)},
	"provider": {what: "the name of a provider", right: "use the name of a provider", pattern: regexp.MustCompile(`^[a-z0-9]+$`)},
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
	case c.longest > 0 && utf8.RuneCountInString(s) > c.longest:
		return fmt.Sprintf("%s is longer than %d characters", quote(s), c.longest), c.right
	case c.pattern != nil && !c.pattern.MatchString(s):
		return quote(s) + " is not " + c.what, c.right
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
func wrongAddress(s string, build Known) (problem, mend string) {
	if build.Schemes == nil {
		return "", ""
	}
	names := slices.Collect(maps.Keys(build.Schemes))
	scheme, _, found := strings.Cut(s, ":")
	if !found || !utf8.ValidString(s) {
		return quote(s) + " is not an address", "use one such as tcp://192.168.1.50:9100 or file:///dev/usb/lp0"
	}
	wrong, known := build.Schemes[scheme]
	if !known {
		return fmt.Sprintf("%s is not a way to reach a device", quote(scheme)), didYouMean(scheme, names)
	}
	read := build.Address
	if read == nil {
		read = url.Parse
	}
	u, err := read(s)
	if err != nil {
		return quote(s) + " is not an address", "use one such as tcp://192.168.1.50:9100 or file:///dev/usb/lp0"
	}
	if err := wrong(u); err != nil {
		return err.Error(), ""
	}
	return "", ""
}
