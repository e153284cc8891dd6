package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"korestream/consumer/wire"
	"korestream/localstack/embed"
)

func TestSubscription_ReadsAShardToItsEnd(t *testing.T) {
	inBubble(t, func(w *world) {
		w.put(0, 500)
		w.put(500, 700)
		s := w.subscribe()
		defer s.Close()
		go func() {
			time.Sleep(12 * time.Second)
			w.put(700, 800)
			w.split()
		}()
		n, last, err := w.readStream(w.Context(), s)
		if n != 800 || !errors.Is(err, io.EOF) || !last.Ended || len(last.ChildShards) != 2 {
			w.Errorf("got %d records, %+v and %v, want 800, two children and io.EOF", n, last, err)
		}
		if err := s.Next(w.Context(), &last); !errors.Is(err, io.EOF) {
			w.Errorf("once more: got %v, want io.EOF", err)
		}
	})
}

func TestSubscription_IsOverAfterFiveMinutes(t *testing.T) {
	inBubble(t, func(w *world) {
		w.put(0, 5)
		s := w.subscribe()
		defer s.Close()
		began := time.Now()
		n, last, err := w.readStream(w.Context(), s)
		if n != 5 || !errors.Is(err, wire.ErrOver) || last.Ended || last.ContinuationSequenceNumber == "" || last.MillisBehindLatest != 0 {
			w.Errorf("got %d records, %+v and %v, want 5, a continuation and ErrOver", n, last, err)
		}
		if took := time.Since(began); took < 5*time.Minute {
			w.Errorf("it took %v", took)
		}
	})
}

func TestSubscription_EndsWithTheContext(t *testing.T) {
	inBubble(t, func(w *world) {
		s := w.subscribe()
		defer s.Close()
		cause := errors.New("the lease went")
		ctx, cancel := context.WithCancelCause(w.Context())
		go func() {
			time.Sleep(time.Minute + time.Second)
			cancel(cause)
		}()
		began := time.Now()
		_, _, err := w.readStream(ctx, s)
		if took := time.Since(began); !errors.Is(err, cause) || took != time.Minute+time.Second {
			w.Errorf("got %v after %v, want %v", err, took, cause)
		}
	})
}

func TestSubscription_AnExceptionInTheStreamHasItsType(t *testing.T) {
	inBubble(t, func(w *world) {
		first := w.subscribe()
		defer first.Close()
		time.Sleep(time.Minute)
		second := w.subscribe() // takes over
		defer second.Close()
		_, _, err := w.readStream(w.Context(), first)
		var inUse *types.ResourceInUseException
		if !errors.As(err, &inUse) || inUse.ErrorMessage() == "" {
			w.Errorf("got %v, want ResourceInUseException", err)
		}
	})
}

func TestSubscribe_ARefusalHasItsType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.subscribeTo("shardId-000000000007")
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) {
		t.Errorf("got %v, want ResourceNotFoundException", err)
	}
}

func TestSubscription_ACutStreamIsAnError(t *testing.T) {
	t.Parallel()
	for _, served := range []string{"in process", "over HTTP"} {
		t.Run(served, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if served == "over HTTP" {
				w.serve()
			}
			w.endpoint.Faults().Add(embed.Fault{Operation: "SubscribeToShard", Kind: embed.CutConnection})
			w.put(0, 10)
			s := w.subscribe()
			defer s.Close()
			var page wire.Page
			if err := s.Next(t.Context(), &page); err != nil {
				t.Fatal(err)
			}
			page.Release()
			w.put(10, 20)
			if err := s.Next(t.Context(), &page); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %d records and %v, want io.ErrUnexpectedEOF", len(page.Records), err)
			}
		})
	}
}

func TestSubscribe_EightAtOnceShareAClient(t *testing.T) {
	t.Parallel()
	for _, served := range []string{"in process", "over HTTP"} {
		t.Run(served, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if served == "over HTTP" {
				w.serve()
			}
			w.put(0, 300)
			w.split()
			var consumers []string
			for i := range 8 {
				out, err := w.client.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{
					StreamARN: aws.String(w.endpoint.StreamARN("kore")), ConsumerName: aws.String(fmt.Sprint("fan", i)),
				})
				w.must(out, err)
				consumers = append(consumers, *out.Consumer.ConsumerARN)
			}
			var all sync.WaitGroup
			for _, arn := range consumers {
				all.Go(func() {
					own := *w
					own.consumer = arn
					s, err := own.subscribeTo(shard0)
					if err != nil {
						t.Error(err)
						return
					}
					defer s.Close()
					if n, _, err := own.readStream(t.Context(), s); n != 300 || !errors.Is(err, io.EOF) {
						t.Errorf("got %d records and %v, want 300 and the end", n, err)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestSubscription_CloseIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.subscribe()
	w.must(nil, errors.Join(s.Close(), s.Close()))
	var page wire.Page
	if err := s.Next(t.Context(), &page); !errors.Is(err, wire.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

const oneRecord = `{"Records":[{"Data":"aGk=","SequenceNumber":"1"}],"ContinuationSequenceNumber":"1","MillisBehindLatest":5}`

func TestSubscription_ACutAnywhereIsNoEnd(t *testing.T) {
	t.Parallel()
	first := bytes.Join([][]byte{message("{}", ":message-type", "event", ":event-type", "initial-response"), event(oneRecord)}, nil)
	whole := append(bytes.Clone(first), event(oneRecord)...)
	for n := len(first); n <= len(whole); n++ {
		s := subscribeCanned(t, iotest.OneByteReader(bytes.NewReader(whole[:n])), wire.NewPool(testKept))
		var page wire.Page
		if err := s.Next(t.Context(), &page); err != nil || len(page.Records) != 1 {
			t.Fatal(len(page.Records), err)
		}
		err := s.Next(t.Context(), &page)
		switch want := io.ErrUnexpectedEOF; {
		case n == len(whole) && err == nil:
		case n == len(first) && errors.Is(err, wire.ErrOver):
		case n < len(whole) && n > len(first) && errors.Is(err, want):
		default:
			t.Fatalf("after %d bytes of %d: got %v", n, len(whole), err)
		}
	}
}

func TestSubscription_ReadsWhatAStreamMayHave(t *testing.T) {
	t.Parallel()
	code := func(want string) func(error) bool {
		return func(err error) bool {
			var api smithy.APIError
			return errors.As(err, &api) && api.ErrorCode() == want
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	exception := func(typ string) []byte {
		return message(`{"message":"why"}`, ":message-type", "exception", ":exception-type", typ)
	}
	broken := event(oneRecord)
	broken[len(broken)-20]++
	tests := map[string]struct {
		frame []byte
		want  func(error) bool
	}{
		"records":      {event(oneRecord), is(nil)},
		"odd records":  {event(`{"Records":[null],"ContinuationSequenceNumber":"1"}`), is(nil)},
		"nothing":      {event(`{}`), is(wire.ErrNoRecords)},
		"no JSON":      {event(`{"Records":`), func(err error) bool { var e *smithy.DeserializationError; return errors.As(err, &e) }},
		"a later kind": {append(message("x", ":message-type", "event", ":event-type", "New"), event(oneRecord)...), is(nil)},
		"internal failure": {exception("InternalFailureException"), func(err error) bool {
			var e *types.InternalFailureException
			return errors.As(err, &e) && *e.Message == "why"
		}},
		"KMS": {exception("KMSThrottlingException"), func(err error) bool {
			var e *types.KMSThrottlingException
			return errors.As(err, &e) && *e.Message == "why"
		}},
		"unknown exception":  {exception("NewException"), code("NewException")},
		"wordless exception": {message("", ":message-type", "exception", ":exception-type", "ResourceNotFoundException"), code("ResourceNotFoundException")},
		"error":              {message("", ":message-type", "error", ":error-code", "Oops", ":error-message", "m"), code("Oops")},
		"unknown message":    {message("", ":message-type", "news"), is(wire.ErrFrame)},
		"checksum":           {broken, is(wire.ErrFrame)},
		"prelude":            {append([]byte{0, 0, 0, 99}, event(oneRecord)[4:]...), is(wire.ErrFrame)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := subscribeCanned(t, bytes.NewReader(test.frame), wire.NewPool(testKept))
			var page wire.Page
			err := s.Next(t.Context(), &page)
			if !test.want(err) || (err == nil) != (len(page.Records) == 1) {
				t.Errorf("got %d records and %v", len(page.Records), err)
			}
		})
	}
}

func TestSubscription_TheLastPageIsTheOneWithoutContinuation(t *testing.T) {
	t.Parallel()
	s := subscribeCanned(t, bytes.NewReader(append(event(oneRecord), event(`{"Records":[],"MillisBehindLatest":0,"ContinuationSequenceNumber":null,"ChildShards":[{"ShardId":"a","ParentShards":["s"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"}}]}`)...)), wire.NewPool(testKept))
	var page wire.Page
	for i := range 2 {
		if err := s.Next(t.Context(), &page); err != nil || page.Ended != (i == 1) {
			t.Fatalf("page %d: got %+v and %v", i, page, err)
		}
	}
	if len(page.ChildShards) != 1 || page.ChildShards[0] != "a" {
		t.Errorf("got children %v", page.ChildShards)
	}
}
