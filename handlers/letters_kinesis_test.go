package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/consumer"
	"korestream/localstack/embed"
	"korestream/localstack/engines"
)

const lettersStream = "letters"

func openKinesisLetters(t testing.TB, client KinesisLettersAPI) *KinesisLetters {
	t.Helper()
	cfg := DefaultKinesisLettersConfig()
	cfg.Stream = lettersStream
	s, err := OpenKinesisLetters(client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func createLettersStream(t testing.TB, client *kinesis.Client, shards int32) {
	t.Helper()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(lettersStream), ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	for {
		out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(lettersStream)})
		if err != nil {
			t.Fatal(err)
		}
		if out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// keyedLetters are letters of many partition keys.
func keyedLetters(n int) []*consumer.DeadLetter {
	all := variousLetters()
	for i := len(all); i < n; i++ {
		all = append(all, letterAt(i))
	}
	for i, l := range all {
		l.PartitionKey = fmt.Sprint("key", i)
	}
	all[0].PartitionKey = ""
	return all
}

// roundtrip buries, lists, removes, and buries again what was removed.
func roundtrip(t *testing.T, client *kinesis.Client) {
	createLettersStream(t, client, 3)
	live := openKinesisLetters(t, client)
	all := keyedLetters(20)
	buryIn(t, live, all...)
	buryIn(t, live, all[7]) // after a crash, say
	s := openKinesisLetters(t, client)
	wantLetters(t, s, all...)
	for l, err := range s.Letters(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if l.SequenceNumber == "7" || l.SequenceNumber == "4" {
			for range 2 {
				if err := s.Remove(t.Context(), l); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	rest := append(append(all[:4:4], all[5:7]...), all[8:]...)
	wantLetters(t, s, rest...)
	wantLetters(t, openKinesisLetters(t, client), rest...)
	buryIn(t, live, all[7]) // given up on again
	wantLetters(t, s, append(rest, all[7])...)
	closeStore(t, s)
}

func TestKinesisLetters_EveryPayloadComesBackUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	t.Run("embed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { roundtrip(t, kinesis.NewFromConfig(embed.New().Config())) })
	})
	t.Run("kinesis-local", func(t *testing.T) {
		t.Parallel()
		engine, err := engines.StartKinesis(t.Context())
		if errors.Is(err, engines.ErrNoNode) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Stop()
		roundtrip(t, kinesis.NewFromConfig(engine.Config()))
	})
}

func TestKinesisLetters_RemovalHoldsAcrossResharding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := kinesis.NewFromConfig(embed.New().Config())
		createLettersStream(t, client, 1)
		s := openKinesisLetters(t, client)
		all := keyedLetters(10)
		buryIn(t, s, all...)
		_, err := client.SplitShard(t.Context(), &kinesis.SplitShardInput{
			StreamName: aws.String(lettersStream), ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("170141183460469231731687303715884105728"),
		})
		if err != nil {
			t.Fatal(err)
		}
		wantLetters(t, s, all...)
		removeAll(t, s, "EZ8")
		wantLetters(t, openKinesisLetters(t, client), append(all[:8:8], all[9])...)
	})
}

func TestKinesisLetters_ReadsOnWhenAnIteratorExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ep := embed.New()
		client := kinesis.NewFromConfig(ep.Config())
		createLettersStream(t, client, 1)
		s := openKinesisLetters(t, client)
		all := keyedLetters(6)
		big := strings.Repeat("x", 900_000)
		for i := range 14 { // more than one read gives
			l := letterAt(100 + i)
			l.Payload = []byte(big)
			all = append(all, l)
		}
		buryIn(t, s, all...)
		n := 0
		for _, err := range s.Letters(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			time.Sleep(time.Minute)
		}
		if n != len(all) {
			t.Errorf("got %d letters, want %d", n, len(all))
		}
	})
}

func TestKinesisLetters_WaitsWhenItIsThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ep := embed.New(embed.WithQuotas(true))
		client := kinesis.NewFromConfig(ep.Config(), func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} })
		createLettersStream(t, client, 1)
		s := openKinesisLetters(t, client)
		all := keyedLetters(6)
		buryIn(t, s, all...)
		for range 10 { // five a second are to be had
			wantLetters(t, s, all...)
		}
	})
}

func TestKinesisLetters_WhatIsTooLargeIsRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := kinesis.NewFromConfig(embed.New().Config())
		createLettersStream(t, client, 1)
		s := openKinesisLetters(t, client)
		l := letterAt(1)
		l.Payload = []byte{}
		line, err := newLetter(l, time.Now()).line()
		if err != nil {
			t.Fatal(err)
		}
		room := MaxKinesisRecordBytes - len(line) + 1 - len(l.PartitionKey) // the line break is not sent
		l.Payload = []byte(strings.Repeat("x", room))
		buryIn(t, s, l)
		l.Payload = append(l.Payload, 'x')
		if err := s.Bury(t.Context(), l); err == nil || !containsAll(err.Error(), "1048577 bytes", "1048576", "parked") {
			t.Errorf("one byte more: got %v, want an error that says why and what to do", err)
		}
	})
}

func TestKinesisLetters_WhatIsNoLetterIsAnErrorAndStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := kinesis.NewFromConfig(embed.New().Config())
		createLettersStream(t, client, 1)
		s := openKinesisLetters(t, client)
		for _, data := range []string{"hello", "{}"} {
			_, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String(lettersStream), PartitionKey: aws.String("k"), Data: []byte(data)})
			if err != nil {
				t.Fatal(err)
			}
		}
		buryIn(t, s, letterAt(1))
		if got, errs := collect(t, s); len(got) != 1 || len(errs) != 2 {
			t.Errorf("got %d letters and errors %v, want 1 and 2", len(got), errs)
		}
		if err := s.Remove(t.Context(), newLetter(letterAt(2), time.Time{})); err == nil {
			t.Error("remove of a letter that is not there: got no error")
		}
		missing := *s
		missing.cfg.Stream = "missing"
		if got, errs := collect(t, &missing); len(got) != 0 || len(errs) != 1 {
			t.Errorf("no such stream: got %d letters and errors %v, want 0 and 1", len(got), errs)
		}
	})
}

func TestKinesisLettersConfig_NamesFieldAndBound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  KinesisLettersConfig
		says string
	}{
		{DefaultKinesisLettersConfig(), "Stream"},
		{KinesisLettersConfig{Stream: "s", MaxRecordBytes: 1}, "MaxRecordBytes must be 1024 to 10485760"},
		{KinesisLettersConfig{Stream: "s", MaxRecordBytes: 10485761}, "MaxRecordBytes must be 1024 to 10485760"},
	} {
		if _, err := OpenKinesisLetters(kinesis.New(kinesis.Options{}), c.cfg); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: got %v, want an error that says %q", c.cfg, err, c.says)
		}
	}
}

// cutClient refuses connections while it is cut.
type cutClient struct {
	aws.HTTPClient
	cut atomic.Bool
}

func (c *cutClient) Do(r *http.Request) (*http.Response, error) {
	if c.cut.Load() {
		return nil, syscall.ECONNREFUSED
	}
	return c.HTTPClient.Do(r)
}

func TestKinesisLetters_NothingIsLostWhileTheStreamIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := embed.New().Config()
		network := &cutClient{HTTPClient: cfg.HTTPClient}
		cfg.HTTPClient = network
		client := kinesis.NewFromConfig(cfg)
		createLettersStream(t, client, 2)
		s := openKinesisLetters(t, client)
		m := newMux(t, s, attempts(1), []Route{to(t, "bad", always(Permanent(errSinkDown)))})
		network.cut.Store(true)
		var wg sync.WaitGroup
		for i := range 5 {
			d := delivery(t, fmt.Sprint("EZ", i), sessionUpdated)
			d.SequenceNumber = fmt.Sprint(i)
			wg.Go(func() { wantOutcome(t, m, d, consumer.DeadLettered) })
		}
		time.Sleep(10 * time.Minute)
		if n := m.Stats().Buried; n != 0 {
			t.Errorf("got %d buried while the stream is away, want 0", n)
		}
		network.cut.Store(false)
		wg.Wait()
		if got, errs := collect(t, s); len(got) != 5 || len(errs) != 0 {
			t.Errorf("got %d letters and errors %v, want 5 and none", len(got), errs)
		}
	})
}
