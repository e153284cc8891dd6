package consumer

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
)

func TestCheckStartup_NamesFoundWantedAndTheMend(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want Requirements
		bad  []string // parts of the error, none: all is well
	}{
		{"as required", Requirements{MinShards: 1, MinRetention: 24 * time.Hour}, nil},
		{"no bounds", Requirements{}, nil},
		{"within bounds", Requirements{MinShards: 2, MaxShards: 2}, nil},
		{"too few", Requirements{MinShards: 5}, []string{"found 2 open shards", "want at least 5", "update-shard-count", "--target-shard-count 5"}},
		{"too many", Requirements{MinShards: 1, MaxShards: 1}, []string{"found 2 open shards", "want 1 to 1", "--target-shard-count 1"}},
		{"retention short", Requirements{MinRetention: 168 * time.Hour}, []string{"found 24 h", "want at least 168 h", "increase-stream-retention-period", "--retention-period-hours 168"}},
		{"both", Requirements{MinShards: 5, MinRetention: 48 * time.Hour}, []string{"2 open shards", "24 h"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				r, err := CheckStartup(t.Context(), w.kc, testStream, "", tt.want, nil)
				w.must(err)
				err = r.Err()
				if (err != nil) != (tt.bad != nil) || (err != nil && !errors.Is(err, ErrRequirements)) {
					t.Fatalf("got error %v, want one: %v", err, tt.bad != nil)
				}
				for _, part := range tt.bad {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q does not say %q", err, part)
					}
				}
			})
		})
	}
}

func TestCheckStartup_ComparesLagWithRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		shard := *w.shards()[0].ShardId
		old := w.putRaw("k", eventJSON("a", "k"))
		w.putRaw("k", eventJSON("b", "k"))
		time.Sleep(13 * time.Hour)
		last := w.putRaw("k", eventJSON("c", "k"))
		behind := func(seq string) error {
			r, err := CheckStartup(t.Context(), w.kc, testStream, "", Requirements{}, map[string]checkpoint.Position{shard: {SequenceNumber: seq}})
			w.must(err)
			return r.Err()
		}
		if err := behind(old); err == nil || !strings.Contains(err.Error(), "headroom") || !strings.Contains(err.Error(), "13h") {
			t.Errorf("13 h behind of 24 h: got %v, want the headroom named", err)
		}
		if err := behind(last); err != nil {
			t.Errorf("nothing behind: got %v", err)
		}
		time.Sleep(20 * time.Hour)
		if err := behind(last); err != nil {
			t.Errorf("a quiet shard is not behind: got %v", err)
		}
		if err := behind(checkpoint.ShardEnd); err != nil {
			t.Errorf("a finished shard is not behind: got %v", err)
		}
	})
}

func TestCheckStartup_SaysWhyAStreamCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		var gone *UnreachableError
		_, err := CheckStartup(t.Context(), w.kc, "nowhere", "", Requirements{}, nil)
		if !errors.As(err, &gone) || !strings.Contains(err.Error(), "nowhere") || !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("missing stream: got %v", err)
		}
		broken := kinesis.NewFromConfig(w.ep.Config(), func(o *kinesis.Options) {
			o.HTTPClient = clientFunc(func(ctx context.Context) error { return &net.OpError{Op: "dial", Err: errTest} })
		})
		_, err = CheckStartup(t.Context(), broken, testStream, "", Requirements{}, nil)
		if !errors.As(err, &gone) || !strings.Contains(err.Error(), "endpoint cannot be reached") {
			t.Errorf("unreachable endpoint: got %v", err)
		}
		hung := kinesis.NewFromConfig(w.ep.Config(), func(o *kinesis.Options) {
			o.HTTPClient = clientFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		})
		begun := time.Now()
		_, err = CheckStartup(t.Context(), hung, testStream, "", Requirements{}, nil)
		if !errors.As(err, &gone) || !strings.Contains(err.Error(), "endpoint cannot be reached") {
			t.Errorf("hung endpoint: got %v", err)
		}
		if took := time.Since(begun); took > checkTimeout {
			t.Errorf("the check took %s, want at most %s", took, checkTimeout)
		}
	})
}

func TestStartingPosition(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		in              checkpoint.Position
		kind, seq, time string
	}{
		{checkpoint.Position{}, "TRIM_HORIZON", "", ""},
		{checkpoint.Position{SequenceNumber: checkpoint.TrimHorizon}, "TRIM_HORIZON", "", ""},
		{checkpoint.Position{SequenceNumber: checkpoint.Latest}, "LATEST", "", ""},
		{checkpoint.Position{SequenceNumber: checkpoint.AtTimestamp, Timestamp: at}, "AT_TIMESTAMP", "", at.String()},
		{checkpoint.Position{SequenceNumber: "495"}, "AT_SEQUENCE_NUMBER", "495", ""},
	}
	for _, tt := range tests {
		t.Run(tt.in.String(), func(t *testing.T) {
			t.Parallel()
			got := startingPosition(tt.in)
			when := ""
			if got.Timestamp != nil {
				when = got.Timestamp.String()
			}
			if string(got.Type) != tt.kind || aws.ToString(got.SequenceNumber) != tt.seq || when != tt.time {
				t.Errorf("got %v %v %v, want %v %v %v", got.Type, aws.ToString(got.SequenceNumber), when, tt.kind, tt.seq, tt.time)
			}
		})
	}
}
