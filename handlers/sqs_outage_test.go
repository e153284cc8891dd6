package handlers

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/consumer"
)

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func TestSQS_TellsWhoIsToBlame(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	cases := []struct {
		status int
		code   string
		want   string
	}{
		{400, "RequestThrottled", "unavailable"},
		{400, "ThrottlingException", "unavailable"},
		{503, "ServiceUnavailable", "unavailable"},
		{500, "InternalFailure", "unavailable"},
		{502, "AnythingAtAll", "unavailable"},
		{429, "AnythingAtAll", "unavailable"},
		{403, "AnythingAtAll", "unavailable"},
		{400, "QueueDoesNotExist", "unavailable"},
		{400, "AWS.SimpleQueueService.NonExistentQueue", "unavailable"},
		{400, "QueueDeletedRecently", "unavailable"},
		{400, "AccessDeniedException", "unavailable"},
		{400, "ExpiredTokenException", "unavailable"},
		{400, "UnrecognizedClientException", "unavailable"},
		{400, "InvalidSecurity", "unavailable"},
		{400, "KmsDisabled", "unavailable"},
		{400, "KMS.AccessDeniedException", "unavailable"},
		{400, "KmsThrottled", "unavailable"},
		{400, "InvalidMessageContents", "permanent"},
		{400, "InvalidParameterValue", "permanent"},
		{400, "UnsupportedOperation", "plain"},
		{400, "AnythingAtAll", "plain"},
	}
	for _, c := range cases {
		w.front.set(func(rw http.ResponseWriter, _ string) bool {
			sqsError(rw, c.status, c.code)
			return true
		})
		before := w.front.count("SendMessage")
		if err := s.Handle(t.Context(), sqsEvent(t, "HS1", 1)); kindOfError(err) != c.want {
			t.Errorf("%d %s: got %v, want one that is %s", c.status, c.code, err, c.want)
		}
		if n := w.front.count("SendMessage") - before; n != 1 {
			t.Errorf("%d %s: got %d requests, want 1: the caller counts tries", c.status, c.code, n)
		}
	}
	w.front.set(nil)
	gone := *s
	gone.cfg.QueueURL += "-gone"
	if err := gone.Handle(t.Context(), sqsEvent(t, "HS1", 1)); !IsUnavailable(err) {
		t.Errorf("no such queue, says the server: got %v, want an unavailable error", err)
	}
}

func TestSQS_WaitsAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	w.front.set(func(rw http.ResponseWriter, _ string) bool {
		rw.Header().Set("Retry-After", "7")
		sqsError(rw, http.StatusServiceUnavailable, "ServiceUnavailable")
		return true
	})
	if got := classOf(w.open().Handle(t.Context(), sqsEvent(t, "HS1", 1))).after; got != 7*time.Second {
		t.Errorf("got %s, want 7s", got)
	}
}

func TestSQS_WithoutCredentialsOrInTimeItIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	cfg := DefaultSQSConfig()
	cfg.QueueURL = w.queue
	opts := w.client.Options()
	opts.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no role to be had")
	})
	s, err := OpenSQS(sqs.New(opts), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Handle(t.Context(), sqsEvent(t, "HS1", 1)); !IsUnavailable(err) {
		t.Errorf("no credentials: got %v, want an unavailable error", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrTimeout)
	if err := w.open().Handle(ctx, sqsEvent(t, "HS1", 1)); !IsUnavailable(err) || !errors.Is(err, ErrTimeout) {
		t.Errorf("cut off: got %v, want an unavailable error with the cause", err)
	}
}

func TestSQS_LosesAndBuriesNothingInAnOutage(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, true, nil)
	s := w.open()
	burier := &memoryBurier{}
	policy := DefaultRetryPolicy()
	policy.MaxAttempts = 1 // an attempt of the event's own would bury it
	policy.InitialBackoff, policy.MaxBackoff = 10*time.Millisecond, 50*time.Millisecond
	m := newMux(t, burier, policy, []Route{to(t, "sqs", s)})

	const lanes = 4
	stop := make(chan struct{})
	var handled atomic.Int64
	var wg sync.WaitGroup
	sent := make([][]*consumer.Delivery, lanes)
	for lane := range lanes {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				d := sqsEvent(t, fmt.Sprint("HS", lane), i)
				if outcome, err := m.Dispatch(context.Background(), d); err != nil || outcome != consumer.Handled {
					t.Errorf("got outcome %d, error %v; want handled", outcome, err)
				}
				sent[lane] = append(sent[lane], d)
				handled.Add(1)
			}
		})
	}
	waitHandled(t, &handled, 50)
	w.front.down()
	errs := s.HandleBatch(t.Context(), []*consumer.Delivery{sqsEvent(t, "HSx", 1), sqsEvent(t, "HSy", 1)})
	if len(errs) != 2 || !IsUnavailable(errs[0]) || !IsUnavailable(errs[1]) {
		t.Errorf("endpoint away: got %v, want unavailable errors", errs)
	}
	time.Sleep(300 * time.Millisecond) // for tries while it is away
	w.front.up(t)
	waitHandled(t, &handled, handled.Load()+50)
	close(stop)
	wg.Wait()
	if letters := burier.buried(); len(letters) > 0 {
		t.Errorf("got %d dead letters, the first for %v; want none", len(letters), letters[0].Err)
	}
	if m.Stats().Retries == 0 {
		t.Error("nothing was tried again: there was no outage")
	}
	next := make(map[string]int)
	total := 0
	for _, msg := range w.receive() {
		group := msg.Attributes["MessageGroupId"]
		if got, want := attributesOf(msg)["event_id"], fmt.Sprintf("EZ-%s-%d", group, next[group]); got != want {
			t.Fatalf("group %s: got %s, want %s: in order, none missing, none twice", group, got, want)
		}
		next[group]++
		total++
	}
	if want := int(handled.Load()); total != want {
		t.Errorf("got %d messages, want the %d that were handled", total, want)
	}
}
