package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"go.uber.org/zap"

	"korestream/consumer"
	"korestream/internal/page"
)

func TestLastLines_KeepsWarningsWithWhatCannotNameASIM(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	plain, err := NewLogger(&out, "info", FormatJSON)
	if err != nil {
		t.Fatal(err)
	}
	l := newLastLines()
	log := l.tap(plain)
	log.Info("shard taken", zap.String(consumer.KeyShard, "shardId-000000000001"))
	shard := log.With(zap.String(consumer.KeyShard, "shardId-000000000001"))
	for range 3 {
		shard.Warn("call fails, trying again", zap.String(consumer.KeyOperation, "GetRecords"), zap.String(consumer.KeyReason, "throttled"),
			zap.String(consumer.KeyEventID, "E1"), zap.String(consumer.KeySIM, "HS1"), zap.Error(&smithy.GenericAPIError{Code: "LimitExceededException", Message: "89883070000000000001"}))
	}
	log.Error("sim 89883070000000000001 is odd", zap.String(consumer.KeyReason, "reason 89883070000000000001"), zap.String(consumer.KeyHandler, "sim 1"))
	log.Named("kcl").Error("no constant, of pump-17")
	got := l.all()
	for i := range got {
		if got[i].At.IsZero() {
			t.Errorf("%+v has no time", got[i])
		}
		got[i].At = page.Line{}.At
	}
	want := []page.Line{
		{Error: true, Message: "the KCL complains: its words are in the log", Count: 1},
		{Error: true, Message: "sim * is odd", Count: 1},
		{Message: "call fails, trying again", Shard: "shardId-000000000001", Operation: "GetRecords", Reason: "throttled", Class: "LimitExceededException", Count: 3},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if last := l.of("shardId-000000000001"); last == nil || last.Count != 3 {
		t.Errorf("last line of the shard: got %+v", last)
	}
	if n := strings.Count(out.String(), "\n"); n != 6 {
		t.Errorf("the log itself has %d lines, want all 6", n)
	}
}

func TestLastLines_AreBounded(t *testing.T) {
	t.Parallel()
	l := newLastLines()
	for i := range 3 * maxLineShards {
		l.note(page.Line{Message: "m", Shard: fmt.Sprint("shardId-", i)})
	}
	if len(l.all()) != maxLines || len(l.byShard) > maxLineShards {
		t.Errorf("got %d lines and %d shards, want %d and at most %d", len(l.all()), len(l.byShard), maxLines, maxLineShards)
	}
	if l.of(fmt.Sprint("shardId-", 3*maxLineShards-1)) == nil {
		t.Error("the last shard is not among them")
	}
}

func TestClassOf_NeverQuotesAnError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"AWS", fmt.Errorf("put: %w", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "sim 1"}), "AccessDeniedException"},
		{"a code that is no code", &smithy.GenericAPIError{Code: "89883070000000000001"}, ""},
		{"time", fmt.Errorf("sim 1: %w", context.DeadlineExceeded), "time-out"},
		{"anything", errors.New("89883070000000000001"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := classOf(tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
