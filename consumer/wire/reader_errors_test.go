package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"korestream/consumer/wire"
)

func refusal(status int, typ, body string) scripted {
	return scripted{status: status, typ: typ, body: body, header: map[string]string{"X-Amzn-Requestid": "0a1b2c3d-request"}}
}

func exception(status int, name string) scripted {
	return refusal(status, jsonType, `{"__type":"`+name+`","message":"Rate exceeded for shard shardId-000000000000"}`)
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// refusals are answers that are no page.
var refusals = []struct {
	name   string
	answer scripted
}{
	{"throttled", exception(400, "ProvisionedThroughputExceededException")},
	{"iterator expired", exception(400, "ExpiredIteratorException")},
	{"not found", exception(400, "com.amazonaws.kinesis#ResourceNotFoundException")},
	{"argument", exception(400, "InvalidArgumentException")},
	{"access", exception(400, "AccessDeniedException")},
	{"token expired", exception(400, "ExpiredTokenException")},
	{"signature", exception(403, "InvalidSignatureException")},
	{"KMS access", exception(400, "KMSAccessDeniedException")},
	{"KMS disabled", exception(400, "KMSDisabledException")},
	{"KMS state", exception(400, "KMSInvalidStateException")},
	{"KMS throttled", exception(400, "KMSThrottlingException")},
	{"by header", scripted{status: 400, typ: jsonType, body: "{}", header: map[string]string{"X-Amzn-Errortype": "LimitExceededException", "X-Amz-Request-Id": "one"}}},
	{"unknown exception", exception(400, "SomethingNewException")},
	{"500", exception(500, "InternalFailure")},
	{"503", refusal(503, "text/html", "<html>Service Unavailable</html>")},
	{"502 without a body", refusal(502, "", "")},
	{"413", refusal(413, "text/plain", "too large")},
	{"redirected", scripted{status: 307, header: map[string]string{"Location": "https://elsewhere.example.com/"}}},
	{"bad JSON", refusal(200, jsonType, `{"Records":[{"Data":`)},
	{"no list", refusal(200, jsonType, `{}`)},
	{"empty body", refusal(200, jsonType, ``)},
	{"a body of another kind", refusal(200, "text/html", `<html>welcome</html>`)},
	{"bad base64", refusal(200, jsonType, `{"Records":[{"Data":"!"}]}`)},
	{"body cut", scripted{status: 200, typ: jsonType, body: `{"Records":[`, cut: io.ErrUnexpectedEOF}},
	{"body reset", scripted{status: 200, typ: jsonType, body: `{"Records":[`, cut: errReset}},
	{"error cut", scripted{status: 400, typ: jsonType, body: `{"__type":`, cut: errReset}},
	{"refused", scripted{err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}},
	{"reset", scripted{err: errReset}},
	{"name unknown", scripted{err: &net.DNSError{Err: "no such host", Name: "kinesis.example.com", IsNotFound: true}}},
}

// chain lists the types that an error wraps, outermost first.
func chain(err error) (types []string) {
	for ; err != nil; err = errors.Unwrap(err) {
		types = append(types, reflect.TypeOf(err).String())
	}
	return types
}

// bothWays reads twice and then gets the answer, once through the SDK and once
// directly.
func bothWays(t *testing.T, ctx func() context.Context, answer scripted, opts func() []wire.ReaderOption) (sdk, direct error) {
	t.Helper()
	ways := map[bool]error{}
	for _, directly := range []bool{false, true} {
		r := newReading(t, testConfig())
		all := append([]wire.ReaderOption{wire.WithOptions(once)}, opts()...)
		if directly {
			all = append(all, wire.Directly(r.observer(), r.unfit))
		}
		r.use(r.clientWith(testConfig()), all...)
		for range 2 {
			if _, err := r.read(t.Context(), usual); err != nil {
				t.Fatal(err)
			}
			r.page.Release()
		}
		if directly && r.direct != 1 {
			t.Fatalf("got %d direct calls, want one", r.direct)
		}
		r.next = []scripted{answer}
		_, ways[directly] = r.read(ctx(), usual)
		if len(r.requests) != 3 {
			t.Errorf("got %d requests, want each call's one", len(r.requests))
		}
		if directly && r.pages(2, usual) != 1 {
			t.Error("the call after one that failed was not the SDK's, or the one after that was")
		}
	}
	return ways[false], ways[true]
}

func noOptions() []wire.ReaderOption { return nil }

func TestReader_ErrorsAreTheSDKs(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sdk, direct := bothWays(t, t.Context, tt.answer, noOptions)
			sameError(t, sdk, direct)
		})
	}
}

func sameError(t *testing.T, sdk, direct error) {
	t.Helper()
	if sdk == nil || direct == nil || direct.Error() != sdk.Error() {
		t.Fatalf("got\n%v, want\n%v", direct, sdk)
	}
	if got, want := chain(direct), chain(sdk); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var a, b *awshttp.ResponseError
	if errors.As(sdk, &a) != errors.As(direct, &b) || a != nil && a.ServiceRequestID() != b.ServiceRequestID() {
		t.Errorf("got request ID of %v, want that of %v", b, a)
	}
	var c, d smithy.APIError
	if errors.As(sdk, &c) != errors.As(direct, &d) || c != nil && (c.ErrorCode() != d.ErrorCode() || reflect.TypeOf(c) != reflect.TypeOf(d)) {
		t.Errorf("got %T, want %T", d, c)
	}
}

// TestReader_EndsWithItsContext: while the answer is waited for, or while it is read.
func TestReader_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	waiting := func(r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	}
	for _, tt := range []struct {
		name string
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := func() context.Context {
					ctx, cancel := tt.ctx(t.Context())
					t.Cleanup(cancel)
					return ctx
				}
				sdk, direct := bothWays(t, ctx, scripted{before: waiting}, noOptions)
				sameError(t, sdk, direct)
				if !errors.Is(direct, tt.want) {
					t.Errorf("got %v, want %v", direct, tt.want)
				}
			})
		})
	}
}

func TestReader_LeavesMissingCredentialsToTheSDK(t *testing.T) {
	t.Parallel()
	refused := errors.New("the role may not be assumed")
	r := newReading(t, testConfig())
	cfg, works := testConfig(), true
	cfg.Credentials = provider(func() error {
		if works {
			return nil
		}
		return refused
	})
	r.use(r.clientWith(cfg), wire.WithOptions(once), wire.Directly(r.observer(), r.unfit))
	r.pages(2, usual)
	works = false
	_, err := r.read(t.Context(), usual)
	var operation *smithy.OperationError
	if !errors.Is(err, refused) || !errors.As(err, &operation) || len(r.requests) != 2 {
		t.Errorf("got %v and %d requests, want the provider's error and none", err, len(r.requests)-2)
	}
}

// TestReader_CredentialsThatDoNotComeInTime: the error says that it is they that the
// call waited for, and they are asked for once.
func TestReader_CredentialsThatDoNotComeInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := func(opts ...wire.ReaderOption) error {
			hangs, asked := false, 0
			cfg := testConfig()
			cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				if asked++; hangs {
					<-ctx.Done()
					return aws.Credentials{}, fmt.Errorf("ask for a role: %w", ctx.Err())
				}
				return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
			})
			r := newReading(t, cfg)
			w := &watching{id: observerID}
			r.use(r.clientWith(cfg, w.attend), append(opts, wire.WithOptions(once))...)
			r.pages(2, usual)
			hangs, asked = true, 0
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			_, err := r.read(ctx, usual)
			if asked != 1 || len(r.requests) != 2 || w.longest != 15*time.Second {
				t.Errorf("credentials were asked for %d times, %d requests were sent, and the middleware saw %v, want 1, none and 15s", asked, len(r.requests)-2, w.longest)
			}
			return err
		}
		direct := late(wire.Directly(wire.Observer{Middleware: observerID}, mustBeDirect))
		sameError(t, late(), direct)
		if !errors.Is(direct, context.DeadlineExceeded) || !strings.Contains(direct.Error(), "ask for a role") {
			t.Errorf("got %v, want it said what was waited for", direct)
		}
	})
}
