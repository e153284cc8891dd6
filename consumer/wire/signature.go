package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	signatureAlgorithm = "AWS4-HMAC-SHA256"
	amzDate            = "20060102T150405Z"
	dayLength          = len("20060102")
)

// scope is what a signature is good for, beside its day.
type scope struct{ region, service string }

// signingKey is what signatures of one day are made with:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type signingKey struct {
	as         aws.Credentials
	day        string
	scope      string
	credential string
	signed     string // the headers that are signed
	key        []byte
}

// good tells whether the key is still the one to sign with.
func (k *signingKey) good(as *aws.Credentials, day string) bool {
	return k != nil && k.day == day && k.as.AccessKeyID == as.AccessKeyID &&
		k.as.SecretAccessKey == as.SecretAccessKey && k.as.SessionToken == as.SessionToken
}

func (s scope) newKey(as aws.Credentials, day string) *signingKey {
	key := []byte("AWS4" + as.SecretAccessKey)
	for _, part := range []string{day, s.region, s.service, "aws4_request"} {
		key = keyed(key, []byte(part))
	}
	k := &signingKey{as: as, day: day, key: key, scope: day + "/" + s.region + "/" + s.service + "/aws4_request"}
	k.credential = as.AccessKeyID + "/" + k.scope
	k.signed = "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;"
	if as.SessionToken != "" {
		k.signed += "x-amz-security-token;"
	}
	k.signed += "x-amz-target"
	return k
}

// keyFor returns the key for the credentials; most often it is the last one.
func (t *template) keyFor(as aws.Credentials, day string) *signingKey {
	k := t.key.Load()
	if !k.good(&as, day) {
		k = t.scope.newKey(as, day)
		t.key.Store(k)
	}
	return k
}

// sign dates and signs a request of the template's, as the SDK's signer does: a
// signer that knows which headers there are has a tenth of the work.
func (t *template) sign(header http.Header, body []byte, as aws.Credentials, at time.Time) {
	date := at.UTC().Format(amzDate)
	k := t.keyFor(as, date[:dayLength])
	header[headerDate] = []string{date}
	if as.SessionToken != "" {
		header[headerToken] = []string{as.SessionToken}
	}

	var room [2048]byte
	text := append(room[:0], t.request.Method...)
	text = append(text, "\n/\n\n"...)
	text = signedHeader(text, "amz-sdk-invocation-id:", header[headerInvocation][0])
	text = signedHeader(text, "amz-sdk-request:", header[headerAttempt][0])
	text = append(text, "content-length:"...)
	text = append(strconv.AppendInt(text, int64(len(body)), 10), '\n')
	text = signedHeader(text, "content-type:", header[headerType][0])
	text = signedHeader(text, "host:", t.host)
	text = signedHeader(text, "x-amz-date:", date)
	if as.SessionToken != "" {
		text = signedHeader(text, "x-amz-security-token:", as.SessionToken)
	}
	text = signedHeader(text, "x-amz-target:", header[headerTarget][0])
	text = append(append(append(text, '\n'), k.signed...), '\n')
	text = appendHash(text, body)

	var short [256]byte
	about := append(append(short[:0], signatureAlgorithm+"\n"...), date...)
	about = append(append(append(about, '\n'), k.scope...), '\n')
	about = appendHash(about, text)

	out := append(room[:0], signatureAlgorithm+" Credential="...)
	out = append(out, k.credential...)
	out = append(out, ", SignedHeaders="...)
	out = append(out, k.signed...)
	out = append(out, ", Signature="...)
	out = hex.AppendEncode(out, keyed(k.key, about))
	header[headerSignature] = []string{string(out)}
}

func signedHeader(text []byte, name, value string) []byte {
	return append(append(append(text, name...), value...), '\n')
}

func appendHash(text, of []byte) []byte {
	sum := sha256.Sum256(of)
	return hex.AppendEncode(text, sum[:])
}

func keyed(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// signable tells whether a token is signed as it is: what is in it besides text of
// one word, the SDK's signer would change.
func signable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return true
}
