package integration

import (
	"crypto/hmac"
	"encoding/hex"
	"hash"
	"strings"
)

// VerifyHex reports whether signature is the HMAC of body in hexadecimal, in
// constant time. Upper case and a prefix such as sha1= are tolerated, as
// channels write both.
func VerifyHex(newHash func() hash.Hash, prefix string, secret, body []byte, signature string) bool {
	signature = strings.ToLower(strings.TrimSpace(signature))
	given, err := hex.DecodeString(strings.TrimPrefix(signature, prefix))
	if err != nil {
		return false
	}
	mac := hmac.New(newHash, secret)
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}
