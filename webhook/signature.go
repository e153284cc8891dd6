package webhook

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// SignedURL returns the part of a callback's URL that KORE signs: what was typed
// into the portal, without query and fragment and otherwise as it is. No slash is
// added, no case or port changed. See
// https://docs.korewireless.com/developers/how-to/webhooks/validate-webhook-signatures.
func SignedURL(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}

// Sign returns the signature of a request as KORE makes it: lower-case hex of the
// SHA-256 of secret, method, signed URL and body, one behind the other. It is what
// a driver or a test signs with.
func Sign(secret, method, url string, body []byte) string {
	sum := digest(secret, method, SignedURL(url), body)
	return hex.EncodeToString(sum[:])
}

// digest is a plain hash and no HMAC: who knows one signature can compute that of
// a body with bytes added to it. So a body that verified is read strictly, and
// nothing may stand behind its end (see decode).
func digest(secret, method, url string, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(secret))
	h.Write([]byte(method))
	h.Write([]byte(url))
	h.Write(body)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// verified tells whether any of the secrets signed the request: its body as it
// arrived or, if that is JSON, without white space, for KORE's pages disagree on
// which of them is hashed. Nothing else about the body is made alike: not the order
// of keys, the text of numbers or the escapes of strings.
//
// All secrets are tried, and each comparison takes the same time whatever it
// finds, so that the time says neither how much of a signature was right nor
// which secret made it.
func verified(secrets []string, method, url string, body []byte, signature string) bool {
	var want [sha256.Size]byte
	if len(signature) != 2*len(want) || strings.ToLower(signature) != signature {
		return false
	}
	if _, err := hex.Decode(want[:], []byte(signature)); err != nil {
		return false
	}
	bodies := [][]byte{body}
	var compact bytes.Buffer
	if json.Compact(&compact, body) == nil && compact.Len() != len(body) {
		bodies = append(bodies, compact.Bytes())
	}
	same := 0
	for _, b := range bodies {
		for _, secret := range secrets {
			sum := digest(secret, method, url, b)
			same |= subtle.ConstantTimeCompare(sum[:], want[:])
		}
	}
	return same == 1
}
