package wire_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/consumer/wire"
	"korestream/internal/awsclient"
)

func TestReader_OnlyTheFirstCallIsTheSDKs(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	if n := r.pages(5, usual); n != 4 {
		t.Errorf("got %d direct calls of 5, want 4: has the SDK a new middleware?", n)
	}
}

func TestReader_ADirectRequestIsTheSDKs(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	r.pages(3, usual)
	sdk, direct, next := r.requests[0], r.requests[1], r.requests[2]
	if direct.Method != sdk.Method || direct.URL.String() != sdk.URL.String() || direct.Host != sdk.Host ||
		direct.ContentLength != sdk.ContentLength || r.bodies[1] != r.bodies[0] {
		t.Errorf("got %s %s %s, want %s %s %s", direct.Method, direct.URL, r.bodies[1], sdk.Method, sdk.URL, r.bodies[0])
	}
	if direct.GetBody != nil {
		t.Error("a redirection would be followed")
	}
	names := slices.Sorted(maps.Keys(sdk.Header))
	if got := slices.Sorted(maps.Keys(direct.Header)); !slices.Equal(got, names) {
		t.Fatalf("got headers %v, want %v", got, names)
	}
	for _, name := range names {
		switch got, want := direct.Header.Get(name), sdk.Header.Get(name); name {
		case "Amz-Sdk-Invocation-Id":
			if len(got) != len(want) || got == want || got == next.Header.Get(name) {
				t.Errorf("got invocation %q, want one of its own, like %q", got, want)
			}
		case "X-Amz-Date", "Authorization":
			// They are this call's own: see the test of signatures.
		default:
			if got != want {
				t.Errorf("got %s %q, want %q", name, got, want)
			}
		}
	}
}

// checkSignature signs again, with the SDK's signer, what has arrived.
func checkSignature(t *testing.T, r *http.Request, body string, as aws.Credentials, region string) {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader([]byte(body)))
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		again.Header.Del(name)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(context.Background(), as, again, hex.EncodeToString(sum[:]), "kinesis", region, at); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if got, want := r.Header.Get(name), again.Header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
}

func TestReader_SignsAsTheSDKDoes(t *testing.T) {
	t.Parallel()
	temporary := aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: strings.Repeat("FwoGZXIvYXdzE/+=", 60)}
	lasting := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
	for _, tt := range []struct {
		name     string
		as       aws.Credentials
		region   string
		endpoint string
		ask      wire.Ask
	}{
		{"session token", temporary, "eu-west-1", "", usual},
		{"no session token", lasting, "us-gov-west-1", "", wire.Ask{Iterator: testIterator, Limit: 1}},
		{"by name", lasting, "us-east-1", "", wire.Ask{Iterator: testIterator, Limit: 10_000}},
		{"an endpoint of its own", temporary, "eu-central-1", "https://vpce-0123.kinesis.eu-central-1.vpce.amazonaws.com", usual},
		{"an endpoint with a port", lasting, "eu-central-1", "http://localhost:4566", usual},
		{"an endpoint with the scheme's port", lasting, "eu-central-1", "https://kinesis.example.com:443", usual},
		{"an endpoint with a slash", lasting, "eu-central-1", "http://localhost:4566/", usual},
		{"no iterator", lasting, "eu-central-1", "", wire.Ask{Iterator: "-", StreamARN: testARN, Limit: 1}},
		{"a long iterator", temporary, "eu-central-1", "", wire.Ask{Iterator: strings.Repeat("0aZ/", 900), StreamARN: testARN, Limit: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := aws.Config{Region: tt.region, Credentials: credentials.StaticCredentialsProvider{Value: tt.as}}
			if tt.endpoint != "" {
				cfg.BaseEndpoint = &tt.endpoint
			}
			r := newReading(t, cfg)
			if n := r.pages(3, tt.ask); n != 2 {
				t.Fatalf("got %d direct calls of 3, want 2", n)
			}
			checkSignature(t, r.last(), r.bodies[2], tt.as, tt.region)
		})
	}
}

func TestReader_FollowsCredentialsThatRotate(t *testing.T) {
	t.Parallel()
	now := aws.Credentials{AccessKeyID: "ONE", SecretAccessKey: "one"}
	cfg := testConfig()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return now, nil })
	r := newReading(t, cfg)
	r.pages(2, usual)
	for _, now = range []aws.Credentials{
		{AccessKeyID: "TWO", SecretAccessKey: "two", SessionToken: "of-two"},
		{AccessKeyID: "TWO", SecretAccessKey: "two", SessionToken: "of-two-again"},
		{AccessKeyID: "TWO", SecretAccessKey: "another secret", SessionToken: "of-two-again"},
		{AccessKeyID: "THREE", SecretAccessKey: "three"},
	} {
		if r.pages(1, usual) != 1 {
			t.Errorf("the call as %s was not direct", now.AccessKeyID)
		}
		checkSignature(t, r.last(), r.bodies[len(r.bodies)-1], now, cfg.Region)
	}
	now.SessionToken = "one  that the SDK's signer would change"
	if r.pages(1, usual) != 0 {
		t.Error("a call was direct whose token is no word")
	}
	checkSignature(t, r.last(), r.bodies[len(r.bodies)-1], now, cfg.Region)
}

func TestReader_EachDayHasItsKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReading(t, testConfig())
		time.Sleep(24*time.Hour - 2*time.Minute) // virtual time begins at midnight
		r.pages(2, usual)
		first := r.last().Header.Get("Authorization")
		time.Sleep(4 * time.Minute)
		if r.pages(1, usual) != 1 {
			t.Fatal("the call was not direct")
		}
		as, err := testConfig().Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkSignature(t, r.last(), r.bodies[2], as, "eu-west-1")
		if next := r.last().Header.Get("Authorization"); !strings.Contains(first, "/20000101/") || !strings.Contains(next, "/20000102/") {
			t.Errorf("got %s and %s, want one day and the next", first, next)
		}
	})
}

func TestReader_AsksTheSDKEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReading(t, testConfig())
		direct := 0
		for range 21 * 60 / 10 {
			direct += r.pages(1, usual)
			time.Sleep(10 * time.Second)
		}
		if want := 126 - 5; direct != want {
			t.Errorf("got %d direct calls in 21 minutes, want %d", direct, want)
		}
	})
}

// TestReader_FollowsTheServicesClock: the SDK dates its requests by the service's
// clock, and so are the direct ones, also when one of the clocks is set.
func TestReader_FollowsTheServicesClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReading(t, testConfig())
		for _, ahead := range []time.Duration{0, 10 * time.Minute, -3 * time.Hour, 2 * time.Second} {
			for i := range 6 {
				r.next = []scripted{pageAnswer()}
				r.next[0].date = time.Now().Add(ahead)
				r.pages(1, usual)
				at, err := time.Parse("20060102T150405Z", r.last().Header.Get("X-Amz-Date"))
				if off := at.Sub(time.Now().Add(ahead)); i >= 3 && (err != nil || off.Abs() > 6*time.Second) {
					t.Errorf("the service is %v ahead: call %d is dated %v off", ahead, i, off)
				}
				time.Sleep(time.Second)
			}
			if r.pages(1, usual); ahead == 0 && r.direct == 0 {
				t.Error("no call was direct")
			}
		}
	})
}

func TestReader_TellsTheServicesTime(t *testing.T) {
	t.Parallel()
	r := newReading(t, testConfig())
	want := time.Now().Add(-time.Second).UTC().Truncate(time.Second)
	for i := range 3 {
		r.next = []scripted{pageAnswer()}
		r.next[0].date = want
		if now, err := r.read(t.Context(), usual); err != nil || !now.Equal(want) {
			t.Errorf("call %d: got %v, %v, want %v", i, now, err, want)
		}
	}
	r.next = []scripted{pageAnswer()}
	r.next[0].header = map[string]string{"Date": "today"}
	if now, err := r.read(t.Context(), usual); err != nil || !now.IsZero() || r.direct != 3 {
		t.Errorf("got %v, %v after %d direct calls, want no time", now, err, r.direct)
	}
}

func TestReader_IsForManyShardsAtOnce(t *testing.T) {
	t.Parallel()
	s, pool := &service{}, wire.NewPool(testKept)
	for range 20 {
		s.next = append(s.next, pageAnswer(), pageAnswer(), refusals[0].answer)
	}
	reader := wire.NewReader(s.clientWith(testConfig()), pool, wire.WithOptions(once), wire.Directly(wire.Observer{}, mustBeDirect))
	var all sync.WaitGroup
	var failed sync.Map
	for shard := range 8 {
		all.Go(func() {
			var page wire.Page
			for i := range 20 {
				if _, err := reader.Read(t.Context(), usual, &page); err != nil {
					failed.Store([2]int{shard, i}, err)
				}
				page.Release()
			}
		})
	}
	all.Wait()
	n := 0
	failed.Range(func(any, any) bool { n++; return true })
	if n != 20 || s.open != 0 {
		t.Errorf("got %d failures and %d open bodies, want the 20 that were refused and none", n, s.open)
	}
}

// TestReader_OverHTTP: in both versions, to a server that answers at once, with a
// connection that is used again and again.
func TestReader_OverHTTP(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			r := newReading(t, testConfig())
			connections := map[string]bool{}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				r.mu.Lock()
				defer r.mu.Unlock()
				connections[req.RemoteAddr] = true
				if req.ProtoMajor != version {
					t.Errorf("got HTTP %d, want %d", req.ProtoMajor, version)
				}
				w.Header().Set("Content-Type", jsonType)
				w.Write(body(3, 100))
			}))
			server.EnableHTTP2 = version == 2
			server.StartTLS()
			t.Cleanup(server.Close)
			t.Cleanup(server.Client().CloseIdleConnections)
			cfg := testConfig()
			cfg.BaseEndpoint, cfg.HTTPClient = &server.URL, awsclient.PlainBodies(server.Client())
			r.use(kinesis.NewFromConfig(cfg), wire.WithOptions(once), wire.Directly(r.observer(), r.unfit))
			if n := r.pages(50, usual); n != 49 {
				t.Errorf("got %d direct calls of 50, want 49", n)
			}
			if len(connections) != 1 {
				t.Errorf("got %d connections, want one", len(connections))
			}
		})
	}
}
