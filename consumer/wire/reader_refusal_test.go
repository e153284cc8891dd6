package wire_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/tracing"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"korestream/consumer/wire"
)

// provider gives credentials as long as there is no error.
type provider func() error

// Retrieve implements aws.CredentialsProvider.
func (p provider) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, p()
}

// watching counts the calls that pass a middleware.
type watching struct {
	id      string
	calls   int
	errs    int
	longest time.Duration
}

func (w *watching) attend(o *kinesis.Options) {
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc(w.id, w.handle), middleware.After)
	})
}

func (w *watching) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	began, ok := wire.Began(ctx)
	if !ok {
		began = time.Now()
	}
	out, meta, err := next.HandleInitialize(ctx, in)
	w.calls++
	if err != nil {
		w.errs++
		w.longest = max(w.longest, time.Since(began))
	}
	return out, meta, err
}

func TestReader_TheObserverSeesEachCallOnce(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	w := &watching{id: observerID}
	r.use(r.clientWith(testConfig(), w.attend), wire.WithOptions(once), wire.Directly(r.observer(), r.unfit))
	r.pages(3, usual)
	slow := refusals[0].answer
	slow.before = func(*http.Request) error { time.Sleep(20 * time.Millisecond); return nil }
	r.next = []scripted{slow}
	if _, err := r.read(t.Context(), usual); err == nil {
		t.Fatal("got no error")
	}
	r.pages(2, usual)
	if w.calls != 3 || w.errs != 1 || r.direct != 3 {
		t.Errorf("got %d calls by the middleware, %d of them failed, and %d direct ones, want 3, 1 and 3", w.calls, w.errs, r.direct)
	}
	if w.longest < 20*time.Millisecond {
		t.Errorf("the call that failed took %v for the middleware, want all of it", w.longest)
	}
}

// TestReader_NothingIsPassedBy: whoever is to be told of each call is.
func TestReader_NothingIsPassedBy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		why  string
		opt  func(*kinesis.Options)
	}{
		{"another middleware", "of its own: another", (&watching{id: "another"}).attend},
		{"a header", "of its own", func(o *kinesis.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Tenant", "kore"))
		}},
		{"a tracer", "options", func(o *kinesis.Options) { o.TracerProvider = tracer{} }},
		{"a meter", "options", func(o *kinesis.Options) { o.MeterProvider = meter{} }},
		{"a log of requests", "options", func(o *kinesis.Options) { o.ClientLogMode = aws.LogRequest }},
		{"an interceptor", "of its own", func(o *kinesis.Options) {
			o.Interceptors.BeforeExecution = append(o.Interceptors.BeforeExecution, interceptor{})
		}},
		{"a resolver", "options", func(o *kinesis.Options) { o.EndpointResolverV2 = resolver{o.EndpointResolverV2} }},
		{"a signer", "options", func(o *kinesis.Options) { o.HTTPSignerV4 = signer{o.HTTPSignerV4} }},
		{"a path", "not the one", func(o *kinesis.Options) { o.BaseEndpoint = aws.String("https://proxy.example.com/kinesis") }},
		{"retries", "not the one", func(o *kinesis.Options) { o.Retryer = retry.NewStandard() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newReading(t, testConfig())
			r.use(r.clientWith(testConfig()), wire.WithOptions(once, tt.opt), wire.Directly(r.observer(), r.unfit))
			if n := r.pages(4, usual); n != 0 {
				t.Errorf("%d calls were direct, want none", n)
			}
			if len(r.why) != 1 || !strings.Contains(r.why[0], tt.why) {
				t.Errorf("got %q, want it said once that %s", r.why, tt.why)
			}
		})
	}
}

func TestReader_IsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	w := &watching{id: observerID}
	r.use(r.clientWith(testConfig(), w.attend), wire.WithOptions(once))
	if r.pages(3, usual); w.calls != 3 {
		t.Errorf("got %d calls through the SDK, want all 3", w.calls)
	}
}

func TestReader_AnotherStreamIsNotOfTheTemplate(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	r.pages(2, usual)
	other := wire.Ask{Iterator: testIterator, Limit: 100, StreamARN: strings.Replace(testARN, "123456789012", "210987654321", 1)}
	r.pages(2, other)
	if got := r.last().URL.Host; !strings.HasPrefix(got, "210987654321.") || r.direct != 2 {
		t.Errorf("the request went to %s, and %d calls were direct, want the other account and 2", got, r.direct)
	}
}

// TestReader_AnotherAccountIsNotOfTheTemplate: a stream without an ARN is called at an
// endpoint of the account that the credentials name.
func TestReader_AnotherAccountIsNotOfTheTemplate(t *testing.T) {
	t.Parallel()
	as := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}
	cfg := testConfig()
	cfg.AccountIDEndpointMode = aws.AccountIDEndpointModePreferred
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return as, nil })
	r := newReading(t, cfg)
	for _, tt := range []struct{ account, host string }{
		{"123456789012", "123456789012.data-kinesis.eu-west-1.amazonaws.com"},
		{"210987654321", "210987654321.data-kinesis.eu-west-1.amazonaws.com"},
		{"", "kinesis.eu-west-1.amazonaws.com"},
	} {
		as.AccountID = tt.account
		if n := r.pages(3, wire.Ask{Iterator: testIterator, Limit: 100}); n != 2 {
			t.Errorf("account %q: got %d direct calls of 3, want 2", tt.account, n)
		}
		for _, request := range r.requests[len(r.requests)-3:] {
			if request.URL.Host != tt.host {
				t.Errorf("account %q: a request went to %s, want %s", tt.account, request.URL.Host, tt.host)
			}
		}
		checkSignature(t, r.last(), r.bodies[len(r.bodies)-1], as, cfg.Region)
	}
}

func TestReader_LeavesAnOddIteratorToTheSDK(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	r.pages(2, usual)
	for _, iterator := range []string{`say "so"`, `C:\`, "a\nb", "Ж", "<&>"} {
		if r.pages(1, wire.Ask{Iterator: iterator, StreamARN: testARN, Limit: 1}) != 0 {
			t.Errorf("the call of %q was direct", iterator)
		}
	}
	if r.pages(1, usual) != 1 {
		t.Error("the call after them was not direct")
	}
}

// TestReader_SpeaksCBORDirectly, and an odd answer is asked for again in JSON.
func TestReader_SpeaksCBORDirectly(t *testing.T) {
	t.Parallel()
	inCBOR := scripted{status: 200, typ: "application/x-amz-cbor-1.1", body: string(forms["Jackson"].write(pageOf(3, 100)))}
	odd := inCBOR
	odd.body = "\xa1\x61"
	r := newReading(t, testConfig())
	r.use(r.clientWith(testConfig()), wire.WithOptions(once), wire.Directly(r.observer(), r.unfit), wire.InCBOR(wire.NewCBOR(silently)))
	r.next = []scripted{inCBOR, inCBOR, odd, pageAnswer(), inCBOR, inCBOR}
	if n := r.pages(5, usual); n != 2 || len(r.requests) != 6 {
		t.Errorf("got %d direct calls and %d requests, want 2 and 6", n, len(r.requests))
	}
	for i, want := range []string{"cbor", "cbor", "cbor", "json", "cbor", "cbor"} {
		if got := r.requests[i].Header.Get("Content-Type"); !strings.Contains(got, want) {
			t.Errorf("request %d is in %s, want %s", i, got, want)
		}
	}
	as, err := testConfig().Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkSignature(t, r.last(), r.bodies[5], as, "eu-west-1")
}

func TestReader_CBORIsLeftAsThroughTheSDK(t *testing.T) {
	t.Parallel()
	inCBOR := scripted{status: 200, typ: "application/x-amz-cbor-1.1", body: string(forms["Jackson"].write(pageOf(3, 100)))}
	odd := inCBOR
	odd.body = "\xa1\x61"
	var why error
	cbor := wire.NewCBOR(func(err error) { why = err })
	r := newReading(t, testConfig())
	r.use(r.clientWith(testConfig()), wire.WithOptions(once), wire.Directly(r.observer(), r.unfit), wire.InCBOR(cbor))
	r.next = []scripted{inCBOR, inCBOR, odd, pageAnswer(), odd, pageAnswer(), odd, pageAnswer()}
	r.pages(5, usual)
	if !errors.Is(why, wire.ErrDialect) {
		t.Fatalf("CBOR was left for %v, want the odd answers", why)
	}
	if n := r.pages(3, usual); n != 2 || !strings.Contains(r.last().Header.Get("Content-Type"), "json") {
		t.Errorf("got %d direct calls of 3, the last in %s, want 2 in JSON", n, r.last().Header.Get("Content-Type"))
	}
}

type tracer struct{ tracing.NopTracerProvider }

type meter struct{ metrics.NopMeterProvider }

type resolver struct{ kinesis.EndpointResolverV2 }

type interceptor struct{}

func (interceptor) BeforeExecution(context.Context, *smithyhttp.InterceptorContext) error { return nil }

type signer struct{ kinesis.HTTPSignerV4 }

var _ kinesis.HTTPSignerV4 = signer{v4.NewSigner()}
