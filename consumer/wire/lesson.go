package wire

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/tracing"
)

// lesson looks on while the SDK makes a call, and finds out whether others can be
// made without it: whether nobody else has a hand in it, and whether a request of
// ours is the one that the SDK has made, byte for byte and with its signature.
type lesson struct {
	ask      Ask
	observer string // the middleware that may be there beside the SDK's

	options kinesis.Options
	fit     bool // as far as the options say
	known   bool
	unknown string // a middleware
	// template is what was learnt: nil is that such a call cannot be made.
	template *template
}

// attend is the call's last option.
func (l *lesson) attend(o *kinesis.Options) {
	if l.fit = ordinary(o); !l.fit {
		return
	}
	l.options = *o
	o.APIOptions = append(slices.Clip(o.APIOptions), func(s *middleware.Stack) error {
		l.known = l.knows(s)
		return nil
	})
	o.HTTPClient = l
}

// why says why there is no template.
func (l *lesson) why() string {
	switch {
	case !l.fit:
		return "the client has options that the SDK alone can heed"
	case l.unknown != "":
		return "the client has a middleware of its own: " + l.unknown
	case !l.known:
		return "the client lacks a middleware of the SDK's"
	}
	return "the SDK's request is not the one that we would make"
}

// ordinary tells whether the options have nothing that must be told of each call
// or asked before it, but for middleware.
func ordinary(o *kinesis.Options) bool {
	_, untraced := o.TracerProvider.(*tracing.NopTracerProvider)
	_, unmeasured := o.MeterProvider.(metrics.NopMeterProvider)
	_, signed := o.HTTPSignerV4.(*v4.Signer)
	usual := signed && reflect.TypeOf(o.EndpointResolverV2) == reflect.TypeOf(kinesis.NewDefaultEndpointResolverV2())
	//lint:ignore SA1019 One that is set is asked.
	usual = usual && o.EndpointResolver == nil
	return usual && untraced && unmeasured && o.ClientLogMode == 0 && o.HTTPClient != nil && o.Credentials != nil
}

// middlewares are those of the SDK in a call of GetRecords that nobody has changed.
// What any of them does for a call that succeeds is in the template, or in what is
// made of it. A new one must be looked at before it is put here.
var middlewares = strings.Fields(`
	OperationInputValidation
	setOperationInput ResolveEndpoint OperationSerializer
	ClientRequestID UserAgent RecursionDetection
	InterceptBeforeRetryLoop Retry InterceptAttempt ResolveAuthScheme GetIdentity ResolveEndpointV2 disableHTTPS
	ComputePayloadHash setLegacyContextSigningOptions Signing
	AddRawResponseToMetadata ResponseErrorWrapper RequestIDRetriever OperationDeserializer RecordResponseTiming RequestResponseLogger
`)

// knows tells whether a call has these and the observer's, and no other.
func (l *lesson) knows(s *middleware.Stack) bool {
	outer := slices.DeleteFunc(s.Initialize.List(), func(id string) bool { return l.observer != "" && id == l.observer })
	there := slices.Concat(outer, s.Serialize.List(), s.Build.List(), s.Finalize.List(), s.Deserialize.List())
	for _, id := range there {
		if !slices.Contains(middlewares, id) {
			l.unknown = id
		}
	}
	slices.Sort(there)
	return slices.Equal(there, slices.Sorted(slices.Values(middlewares)))
}

// Do implements kinesis.HTTPClient.
func (l *lesson) Do(r *http.Request) (*http.Response, error) {
	if l.known && r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = inMemory(text)
		l.template = l.learn(r, text)
	}
	return l.options.HTTPClient.Do(r)
}

// learn returns the template of a request, unless what it gives is another one.
func (l *lesson) learn(r *http.Request, text []byte) *template {
	at, err := time.Parse(amzDate, r.Header.Get(headerDate))
	of, ok := scopeOf(r.Header.Get(headerSignature))
	if err != nil || !ok || !plainText(l.ask.Iterator) || !plainText(l.ask.StreamARN) {
		return nil
	}
	now := time.Now()
	skew := at.Sub(now)
	if skew.Abs() <= skewNoise {
		skew = 0
	}
	as, err := l.options.Credentials.Retrieve(r.Context())
	if err != nil || !signable(as.SessionToken) {
		return nil
	}
	header := r.Header.Clone()
	for _, name := range []string{headerInvocation, headerAttempt, headerDate, headerToken, headerSignature} {
		header.Del(name)
	}
	t := &template{
		request: &http.Request{
			Method: r.Method, URL: r.URL, Host: r.Host, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		},
		header: header, streamARN: l.ask.StreamARN, cbor: r.Header.Get(headerType) == cborType,
		client: l.options.HTTPClient, credentials: l.options.Credentials, account: as.AccountID,
		host: cmp.Or(r.Host, r.URL.Host), scope: of, skew: skew, until: now.Add(templateLife),
	}
	if !t.gives(r, text, l.ask, as, at) {
		return nil
	}
	return t
}

// gives tells whether the template gives the request that it was made from.
func (t *template) gives(r *http.Request, text []byte, ask Ask, as aws.Credentials, at time.Time) bool {
	attempt := r.Header.Get(headerAttempt)
	if attempt != firstAttempt && !strings.HasPrefix(attempt, firstAttempt+"; ttl=") {
		return false
	}
	names := slices.Sorted(maps.Keys(t.header))
	if !slices.Equal(names, []string{headerType, headerAgent, headerTarget}) {
		return false
	}
	ours := t.newRequest(r.Context(), ask, as, stamp{at, r.Header.Get(headerInvocation), attempt})
	return ours.ContentLength == r.ContentLength && bytes.Equal(t.encode(ask), text) && reflect.DeepEqual(ours.Header, r.Header)
}

// scopeOf reads what a signature of version 4 is good for.
func scopeOf(authorization string) (scope, bool) {
	credential, ok := strings.CutPrefix(authorization, signatureAlgorithm+" Credential=")
	if !ok {
		return scope{}, false
	}
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(credential, "/") // key, date, region, service, aws4_request
	if len(parts) < 5 {
		return scope{}, false
	}
	parts = parts[len(parts)-3:]
	return scope{region: parts[0], service: parts[1]}, true
}

var (
	_ kinesis.HTTPClient = (*lesson)(nil)
	_ kinesis.HTTPClient = (*player)(nil)
	_ context.Context    = (*replayed)(nil)
	_ API                = (*kinesis.Client)(nil)
	_ aws.HTTPClient     = (*lesson)(nil)
)
