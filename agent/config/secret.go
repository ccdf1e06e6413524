package config

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode"
)

// maxSecret bounds a secret's file, in bytes.
const maxSecret = 64 << 10

// Password is the password at the broker: of the environment variable
// MOSTRADOR_UPLINK_PASSWORD, or of PasswordFile; "" when there is neither.
func (u Uplink) Password() (string, error) {
	return readSecret(uplinkPasswordEnv, u.PasswordFile)
}

const uplinkPasswordEnv = "MOSTRADOR_UPLINK_PASSWORD"

// Token is the integration's API token, from the environment or TokenFile; ""
// when there is neither.
func (i Integration) Token() (string, error) {
	return readSecret(i.envPrefix()+"_TOKEN", i.TokenFile)
}

// WebhookSecret is the secret that the integration's webhooks are signed with,
// from the environment or WebhookSecretFile; "" when there is neither.
func (i Integration) WebhookSecret() (string, error) {
	return readSecret(i.envPrefix()+"_WEBHOOK_SECRET", i.WebhookSecretFile)
}

// envPrefix begins the names of the integration's environment variables, such
// as MOSTRADOR_JUSTO_JUSTO_CENTRO.
func (i Integration) envPrefix() string {
	upper := func(s string) string {
		words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		return strings.ToUpper(strings.Join(words, "_"))
	}
	return "MOSTRADOR_" + upper(i.Provider) + "_" + upper(i.Nickname)
}

// readSecret reads a secret each time that it is needed, so that a changed file
// counts at once.
func readSecret(env, file string) (string, error) {
	if s := os.Getenv(env); s != "" {
		return s, nil
	}
	if file == "" {
		return "", nil
	}
	content, err := readRegular(file)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	s := string(bytes.TrimRight(content, "\r\n"))
	if s == "" {
		return "", fmt.Errorf("read a secret: %s is empty", file)
	}
	return s, nil
}

// readRegular reads a small file, and no device or pipe that could block.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if info.Size() > maxSecret {
		return nil, fmt.Errorf("%s is larger than %d kB", path, maxSecret>>10)
	}
	return os.ReadFile(path)
}
