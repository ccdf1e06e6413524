package pairing

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Scheme begins a code's text in a QR code: mostrador-pair:CODE?broker=…&pin=….
const Scheme = "mostrador-pair:"

const (
	// alphabet is Crockford's base 32 (https://www.crockford.com/base32.html):
	// no I, L, O and U.
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	// checks are the values of the check symbol, which is the number that the
	// others are, modulo 37. Codes whose check would be one of *~$=U are not made.
	checks = alphabet
	// A code has idSymbols that everybody may see, 10 that are secret (50 bits),
	// and the check.
	idSymbols   = 5
	codeSymbols = 16
	group       = 4
	// maxText bounds what is read as a code, in bytes.
	maxText = 2048
)

// A Code is what the backend gives out for one terminal, for a short time.
type Code struct {
	// ID says which code it is, in lower case: the topic and the user at the
	// broker. It is no secret.
	ID string
	// Broker is where the code is turned into credentials, a URL; empty: the code
	// does not say.
	Broker string
	// Pin is the SHA-256 of a certificate (DER) that the broker's chain must
	// have in it; nil: the code does not say.
	Pin []byte

	symbols string
}

// ErrCode is what every error of Parse is: the text is no code.
var ErrCode = errors.New("this is no pairing code")

func noCode(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCode, fmt.Sprintf(format, args...))
}

// Parse reads a code as a person types it (small or capital letters, hyphens
// and spaces anywhere, O for 0, I and L for 1), or the text of a QR code.
func Parse(text string) (Code, error) {
	if len(text) > maxText {
		return Code{}, noCode("it has %d characters", len(text))
	}
	text = strings.TrimSpace(text)
	if len(text) < len(Scheme) || !strings.EqualFold(text[:len(Scheme)], Scheme) {
		return parseSymbols(text)
	}
	symbols, query, _ := strings.Cut(text[len(Scheme):], "?")
	c, err := parseSymbols(symbols)
	if err != nil {
		return Code{}, err
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return Code{}, noCode("what stands behind the ? cannot be read")
	}
	if c.Broker = values.Get("broker"); c.Broker != "" {
		if err := CheckBroker(c.Broker); err != nil {
			return Code{}, noCode("its broker: %v", err)
		}
	}
	if pin := values.Get("pin"); pin != "" {
		if c.Pin, err = hex.DecodeString(pin); err != nil || len(c.Pin) != sha256.Size {
			return Code{}, noCode("its pin is not the SHA-256 of a certificate, 64 hexadecimal digits")
		}
	}
	return c, nil
}

func parseSymbols(text string) (Code, error) {
	var symbols strings.Builder
	for _, r := range strings.ToUpper(text) {
		switch r {
		case '-', ' ', '\t':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r > 'Z' || !strings.ContainsRune(alphabet, r) {
			return Code{}, noCode("%q is in no code", r)
		}
		symbols.WriteRune(r)
	}
	s := symbols.String()
	if len(s) != codeSymbols {
		return Code{}, noCode("it has %d letters and digits, a code has %d", len(s), codeSymbols)
	}
	if checkOf(s[:codeSymbols-1]) != strings.IndexByte(checks, s[codeSymbols-1]) {
		return Code{}, noCode("one of its letters or digits is wrong: compare it with the one you were given")
	}
	return Code{ID: strings.ToLower(s[:idSymbols]), symbols: s}, nil
}

// checkOf is the number that symbols are, modulo 37: one wrong symbol, or two
// neighbours that changed places, give another.
func checkOf(symbols string) (n int) {
	for i := range len(symbols) {
		n = (n*len(alphabet) + strings.IndexByte(alphabet, symbols[i])) % 37
	}
	return n
}

// NewCode draws a code, as a backend does.
func NewCode() (Code, error) {
	for {
		random := make([]byte, codeSymbols-1)
		if _, err := rand.Read(random); err != nil {
			return Code{}, fmt.Errorf("draw a code: %w", err)
		}
		for i, b := range random {
			random[i] = alphabet[int(b)%len(alphabet)] // 256 is a multiple of 32
		}
		if n := checkOf(string(random)); n < len(checks) {
			return parseSymbols(string(random) + checks[n:n+1])
		}
	}
}

// Text is the code as it is typed, in groups of four. It is a secret.
func (c Code) Text() string {
	var out strings.Builder
	for i := range len(c.symbols) {
		if i > 0 && i%group == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(c.symbols[i])
	}
	return out.String()
}

// URI is the text of the code's QR code. It is a secret.
func (c Code) URI() string {
	query := url.Values{}
	if c.Broker != "" {
		query.Set("broker", c.Broker)
	}
	if c.Pin != nil {
		query.Set("pin", hex.EncodeToString(c.Pin))
	}
	uri := Scheme + c.Text()
	if len(query) > 0 {
		uri += "?" + query.Encode()
	}
	return uri
}

// RequestTopic and AnswerTopic are where a code is turned into credentials.
func (c Code) RequestTopic() string { return "mostrador/v1/pair/" + c.ID + "/up" }

// AnswerTopic is where the answer comes.
func (c Code) AnswerTopic() string { return "mostrador/v1/pair/" + c.ID + "/down" }

// Keys are what follows from a code: the password at the broker, with ID as the
// user, and the two that prove messages. None says anything of the others.
type Keys struct {
	Password        string
	request, answer []byte
}

// stretch is how often the code is hashed (PBKDF2), so that what goes over the
// line is no way to try codes out: 2^50 of them, 100,000 rounds each.
const stretch = 100_000

// Keys takes about a second on the slowest terminals.
func (c Code) Keys() (Keys, error) {
	root, err := pbkdf2.Key(sha256.New, c.symbols, []byte("mostrador-pair-v1/"+c.ID), stretch, sha256.Size)
	if err != nil {
		return Keys{}, fmt.Errorf("derive the keys of a code: %w", err)
	}
	derive := func(use string) (key []byte) {
		if err == nil {
			key, err = hkdf.Key(sha256.New, root, nil, use, sha256.Size)
		}
		return key
	}
	k := Keys{
		Password: base64.RawURLEncoding.EncodeToString(derive("mostrador pair password")),
		request:  derive("mostrador pair request"), answer: derive("mostrador pair answer"),
	}
	if err != nil {
		return Keys{}, fmt.Errorf("derive the keys of a code: %w", err)
	}
	return k, nil
}

// CheckBroker says what is wrong with the address of a broker.
func CheckBroker(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return errors.New("it is not an address")
	case u.User != nil:
		return errors.New("it holds a user or a password")
	case u.Scheme != "mqtt" && u.Scheme != "tls" && u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "":
		return errors.New("it must look like tls://mqtt.example.com:8883 (mqtt, tls, ws or wss)")
	}
	return nil
}
