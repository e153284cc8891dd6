package consumer

import (
	"strings"
	"testing"
	"time"
)

func TestHolds_NameWhatKeepsAShardFromMoving(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	reading := ShardStatus{State: StateReading, Behind: time.Minute, InFlight: 3, Running: 1, Slowest: Running{EventID: "e1", Since: ago(time.Second)}}
	for _, tt := range []struct {
		name   string
		change func(*ShardStatus)
		want   []string // reasons
		detail string
		since  time.Duration
	}{
		{"it moves", func(*ShardStatus) {}, nil, "", 0},
		{"a handler takes long", func(s *ShardStatus) {
			s.Slowest = Running{EventID: "e7", EventType: "data-session", SequenceNumber: "49", Since: ago(43 * time.Second)}
		}, []string{HoldHandler}, "e7 (data-session) at 49", 43 * time.Second},
		{"a dead letter cannot be written", func(s *ShardStatus) {
			s.Slowest.Since = ago(time.Hour)
			s.Parked = []Failing{{Running: Running{SequenceNumber: "50", Since: ago(time.Hour)}, Err: "disk full"}}
		}, []string{HoldParked}, "disk full", time.Hour},
		{"a handler was given up on", func(s *ShardStatus) {
			s.Waiting = []Failing{{Running: Running{"e9", "data-session", "51", ago(time.Minute)}, Handler: "billing", Err: "no tariff"}}
		}, []string{HoldParked}, "e9 (data-session) at 51 was given up on by handler billing", time.Minute},
		{"a handler fails", func(s *ShardStatus) {
			s.Slowest.Since = ago(time.Minute)
			s.Failing = []Failing{{Running: Running{"e8", "data-session", "52", ago(time.Minute)}, Handler: "billing", Attempts: 9, Err: "no tariff"}, {}}
		}, []string{HoldFails}, "2 events fail with handler billing, the oldest is e8 (data-session) at 52, tried 9 times, its key waits: no tariff", time.Minute},
		{"throttled", func(s *ShardStatus) { s.State, s.Problem, s.FetchedAt = StateThrottled, "too much", ago(9*time.Second) }, []string{HoldThrottled}, "too much", 9 * time.Second},
		{"cannot be read", func(s *ShardStatus) { s.State, s.Problem = StateFailing, "KMS says no" }, []string{HoldFailing}, "KMS says no", 0},
		{"full behind a handler", func(s *ShardStatus) { s.State, s.Slowest.Since = StateFull, ago(6*time.Second) }, []string{HoldHandler, HoldFull}, "e1", 6 * time.Second},
		{"draining", func(s *ShardStatus) { s.State = StateDraining }, []string{HoldDraining}, "3 events", 0},
		{"at its end", func(s *ShardStatus) { s.State = StateEnded }, []string{HoldEnded}, "3 events", 0},
		{"the table cannot be written", func(s *ShardStatus) { s.CheckpointProblem, s.CheckpointedAt = "no table", ago(time.Minute) }, []string{HoldCheckpoint}, "no table", time.Minute},
		{"at the tip", func(s *ShardStatus) { s.Behind, s.InFlight, s.Running = 0, 0, 0 }, []string{HoldIdle}, "read and handled", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := reading
			tt.change(&s)
			holds := s.Holds(now)
			var got []string
			for _, h := range holds {
				got = append(got, h.Reason)
			}
			if strings.Join(got, ",") != strings.Join(tt.want, ",") {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
			if len(holds) > 0 && (!strings.Contains(holds[0].Detail, tt.detail) || holds[0].For != tt.since) {
				t.Errorf("got %q for %s, want %q for %s", holds[0].Detail, holds[0].For, tt.detail, tt.since)
			}
		})
	}
}
