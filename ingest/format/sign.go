package format

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/faultline/faultline/internal/event"
)

// signed reports whether a hexadecimal signature is the HMAC-SHA256 of the body
// under the secret. An empty secret proves nothing.
func signed(secret string, body []byte, signature string) bool {
	given, err := hex.DecodeString(strings.TrimSpace(signature))
	if err != nil || secret == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), given)
}

// anySigned accepts a list of signatures, each behind the same prefix and
// separated by commas: while a secret is replaced, vendors sign with both.
func anySigned(secret string, body []byte, list, prefix string) error {
	good := false
	for part := range strings.SplitSeq(list, ",") {
		signature, found := strings.CutPrefix(strings.TrimSpace(part), prefix)
		if found && signed(secret, body, signature) {
			good = true
		}
	}
	if !good {
		return event.ErrBadSignature
	}
	return nil
}
