package format

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"

	"github.com/faultline/faultline/internal/event"
)

// signed reports whether a hexadecimal signature is the HMAC-SHA256 of the body
// under the secret. An empty secret proves nothing.
func signed(secret string, body []byte, signature string) bool {
	return signedBy(sha256.New, secret, body, signature)
}

// signedBy is signed for any hash function.
func signedBy(function func() hash.Hash, secret string, body []byte, signature string) bool {
	given, err := hex.DecodeString(strings.TrimSpace(signature))
	return err == nil && secret != "" && isMAC(function, []byte(secret), body, given)
}

func isMAC(function func() hash.Hash, key, body, given []byte) bool {
	mac := hmac.New(function, key)
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), given)
}

// isSecret reports whether what was sent is the secret itself. Both are hashed,
// so that the time tells nothing of the secret's length either.
func isSecret(secret, sent string) bool {
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && secret != ""
}

// hashFunctions are those that a sender may name in front of a signature.
var hashFunctions = map[string]func() hash.Hash{
	"sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// namedSigned accepts "<hash function>=<hexadecimal signature>".
func namedSigned(secret string, body []byte, header string) error {
	name, signature, _ := strings.Cut(strings.TrimSpace(header), "=")
	function, known := hashFunctions[strings.ToLower(name)]
	if !known || !signedBy(function, secret, body, signature) {
		return event.ErrBadSignature
	}
	return nil
}

// standardSecret marks the secrets of Standard Webhooks, which are base64.
const standardSecret = "whsec_"

// standardSigned checks the signature of Standard Webhooks: the HMAC-SHA256 of
// id, timestamp and body with dots between, in base64 behind "v1,". There may
// be several. The age is not checked: a delivery that is sent again is known by
// what it says.
func standardSigned(secret string, header func(string) string, body []byte) bool {
	key := []byte(secret)
	if encoded, standard := strings.CutPrefix(secret, standardSecret); standard {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return false
		}
	}
	id, sentAt := header("webhook-id"), header("webhook-timestamp")
	if len(key) == 0 || id == "" || sentAt == "" {
		return false
	}
	text := slices.Concat([]byte(id+"."+sentAt+"."), body)
	good := false
	for part := range strings.FieldsSeq(header("webhook-signature")) {
		encoded, first := strings.CutPrefix(part, "v1,")
		given, err := base64.StdEncoding.DecodeString(encoded)
		if first && err == nil && isMAC(sha256.New, key, text, given) {
			good = true
		}
	}
	return good
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
