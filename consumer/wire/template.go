package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const (
	// templateLife is how long calls are made from one template. The call after it
	// goes through the SDK, which may have another endpoint or another clock by then.
	templateLife = 5 * time.Minute
	// skewNoise is a difference of clocks that is none: the SDK measures it by a time
	// in whole seconds, and so do we.
	skewNoise = 5 * time.Second
	// estrangement is how far the service's clock and ours may come apart before the
	// SDK is asked what it makes of that. A signature is good for five minutes.
	estrangement = time.Minute
	// firstAttempt is what the SDK says of a call that it would make once.
	firstAttempt = "attempt=1; max=1"
)

// The headers of a call that differ from one to the next.
const (
	headerInvocation = "Amz-Sdk-Invocation-Id"
	headerAttempt    = "Amz-Sdk-Request"
	headerDate       = "X-Amz-Date"
	headerToken      = "X-Amz-Security-Token"
	headerSignature  = "Authorization"
)

// Those that do not.
const (
	headerType   = "Content-Type"
	headerTarget = "X-Amz-Target"
	headerAgent  = "User-Agent"
)

// template is what GetRecords calls have in common, learnt from one that the SDK
// made. It is safe for concurrent use.
type template struct {
	// request has method and URL; header what all calls say of themselves. The values
	// are shared by all requests.
	request *http.Request
	header  http.Header

	streamARN string // may be part of the URL
	cbor      bool

	client      kinesis.HTTPClient
	credentials aws.CredentialsProvider
	account     string // of the credentials; may be part of the URL

	host  string
	scope scope
	key   atomic.Pointer[signingKey]

	// skew is what the SDK adds to our clock, until is when the template is old.
	skew  time.Duration
	until time.Time
}

// fits tells whether the call is of the template's kind.
func (t *template) fits(ask Ask, cbor bool) bool {
	return t.cbor == cbor && t.streamARN == ask.StreamARN && plainText(ask.Iterator)
}

// estranged tells whether the service's clock is no longer what it was.
func (t *template) estranged(now time.Time) bool {
	return !now.IsZero() && now.Sub(time.Now().Add(t.skew)).Abs() > estrangement
}

// stamp is what is each call's own.
type stamp struct {
	at         time.Time
	invocation string
	attempt    string
}

func (t *template) newStamp() stamp {
	return stamp{at: time.Now().Add(t.skew), invocation: newInvocation(), attempt: firstAttempt}
}

// newRequest returns a signed request. Nothing of it is used again: the transport
// may read it for longer than the call takes.
func (t *template) newRequest(ctx context.Context, ask Ask, as aws.Credentials, s stamp) *http.Request {
	body := t.encode(ask)
	header := make(http.Header, len(t.header)+5)
	for name, values := range t.header {
		header[name] = values
	}
	header[headerInvocation] = []string{s.invocation}
	header[headerAttempt] = []string{s.attempt}
	t.sign(header, body, as, s.at)

	req := t.request.WithContext(ctx)
	req.Header = header
	// There is no GetBody, as the SDK gives none: with one, a redirection would be
	// followed.
	req.ContentLength, req.Body = int64(len(body)), inMemory(body)
	return req
}

func (t *template) encode(ask Ask) []byte {
	if t.cbor {
		return encodeRequest(ask.input())
	}
	body := make([]byte, 0, len(ask.Iterator)+len(ask.StreamARN)+64)
	body = append(body, `{"Limit":`...)
	body = strconv.AppendInt(body, int64(ask.Limit), 10)
	body = append(body, `,"ShardIterator":"`...)
	body = append(body, ask.Iterator...)
	if ask.StreamARN != "" {
		body = append(body, `","StreamARN":"`...)
		body = append(body, ask.StreamARN...)
	}
	return append(body, `"}`...)
}

// plainText tells whether JSON has the text as it is. All that Kinesis gives out is
// of that kind.
func plainText(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// newInvocation returns a random UUID, as the SDK gives each of its calls one. AWS
// has no need of it; whoever looks for a call in what AWS logged has.
func newInvocation() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// inMemory returns a body that net/http writes together with the headers: it knows
// them by their type.
func inMemory(text []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }
