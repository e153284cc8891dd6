package consumer

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

func TestConsumer_OutlivesWhateverKinesisDoes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults []embed.Fault
	}{
		{"throttles", []embed.Fault{{Operation: "GetRecords", Kind: embed.Throttle, Rate: 0.5}}},
		{"server errors", []embed.Fault{{Kind: embed.ServerError, Rate: 0.3}}},
		{"unavailable", []embed.Fault{{Kind: embed.Unavailable, Rate: 0.3}}},
		{"iterators that expire", []embed.Fault{{Kind: embed.ExpireIterator, Rate: 0.3}}},
		{"answers cut in the middle", []embed.Fault{{Operation: "GetRecords", Kind: embed.CutConnection, Rate: 0.3}}},
		{"answers that get lost", []embed.Fault{{Operation: "GetRecords", Kind: embed.ServerError, Applied: true, Rate: 0.3}}},
		{"calls that hang", []embed.Fault{{Operation: "GetRecords", Kind: embed.Hang, Count: 3}, {Operation: "GetShardIterator", Kind: embed.Hang, Count: 2}, {Operation: "ListShards", Kind: embed.Hang, Count: 1}}},
		{"a key that is locked for a while", []embed.Fault{{Operation: "GetRecords", Kind: embed.KMSError, Count: 10}}},
		{"access denied for a while", []embed.Fault{{Operation: "GetShardIterator", Kind: embed.AccessDenied, Count: 10}}},
		{"everything, at both services", []embed.Fault{{Kind: embed.Throttle, Rate: 0.1}, {Kind: embed.ServerError, Rate: 0.05}, {Kind: embed.ServerError, Applied: true, Rate: 0.05}, {Kind: embed.CutConnection, Rate: 0.05}, {Kind: embed.Slow, Delay: 300 * time.Millisecond, Rate: 0.1}}},
	}
	for _, tt := range tests {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/seed=%d", tt.name, seed), func(t *testing.T) {
				t.Parallel()
				outlives(t, seed, tt.faults, 100*time.Millisecond)
			})
		}
	}
}

// outlives puts an event of each SIM so often, while faults happen, and wants each of
// them handled, once, though the faults go on.
func outlives(t *testing.T, seed uint64, faults []embed.Fault, every time.Duration, tune ...func(*Config, *checkpoint.Config)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.quiet = true
		w.ep.Faults().Seed(seed)
		for _, f := range faults {
			w.addFault(f)
		}
		s := &sink{}
		p := w.start("one", s, tune...)
		for range 20 {
			w.putEvents(1, testSIMs...)
			time.Sleep(every)
		}
		w.awaitEvents(s)
		w.ep.Faults().Clear()
		w.must(p.stop())
		w.complete(s)
	})
}

func TestConsumer_ReadsOnAfterAnIteratorHasExpiredByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.quiet = true
		w.putEvents(2, testSIMs...)
		s := &sink{}
		p := w.start("one", s)
		w.awaitEvents(s)
		hang := w.ep.Faults().Add(embed.Fault{Service: embed.Kinesis, Operation: "GetRecords", Kind: embed.Unavailable})
		time.Sleep(6 * time.Minute) // an iterator lives for five
		if st := p.c.Status().Shards[0]; st.State != StateFailing || st.Problem == "" {
			t.Errorf("status in an outage: got %s (%s), want failing with a reason", st.State, st.Problem)
		}
		hang.Remove()
		w.putEvents(2, testSIMs...)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
	})
}

func TestConsumer_StopsInTimeWhateverAWSDoes(t *testing.T) {
	t.Parallel()
	for _, service := range []string{embed.Kinesis, embed.DynamoDB, ""} {
		t.Run("service="+service, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 3)
				w.quiet = true
				s := &sink{}
				p := w.start("one", s)
				w.putEvents(3, testSIMs...)
				w.awaitEvents(s)
				w.ep.Faults().Add(embed.Fault{Service: service, Kind: embed.Hang})
				time.Sleep(2 * time.Second)
				begun := time.Now()
				err := p.stop()
				if took, most := time.Since(begun), DefaultConfig().DrainTimeout+stopGrace+5*time.Second; took > most {
					t.Errorf("stopping took %s, want at most %s", took, most)
				}
				if service == embed.Kinesis && err != nil {
					t.Errorf("with Kinesis gone: got %v, want a clean drain", err)
				}
			})
		})
	}
}

func TestSource_WaitsForRoomAndSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		release := make(chan struct{})
		s := &sink{handle: func(ctx context.Context, _ *Delivery) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}}
		w.putEvents(300, testSIMs...)
		p := w.start("one", s, func(c *Config, _ *checkpoint.Config) {
			c.ShardBytes, c.ProcessBytes, c.PageRecords = 4<<10, 8<<10, 10
		})
		w.await("the shard to be full", func() bool {
			st := p.c.Status().Shards
			return len(st) == 1 && st[0].State == StateFull
		})
		time.Sleep(time.Minute)
		if st := p.c.Status().Shards[0]; st.InFlightBytes > 8<<10 {
			t.Errorf("in flight: got %d bytes, want at most the budget and a page", st.InFlightBytes)
		}
		close(release)
		w.awaitEvents(s)
		w.must(p.stop())
		w.complete(s)
	})
}

func TestConsumer_HandsShardsOverWithoutLossOrRepeat(t *testing.T) {
	t.Parallel()
	for _, slow := range []time.Duration{0, 40 * time.Millisecond} {
		t.Run(fmt.Sprint("handler=", slow), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 6)
				handle := func(ctx context.Context, _ *Delivery) error { return wait(ctx, slow) }
				sinks := []*sink{{handle: handle}, {handle: handle}, {handle: handle}}
				procs := []*process{w.start("a", sinks[0])}
				w.await("all shards", func() bool { return len(procs[0].c.Status().Shards) == 6 })
				for _, name := range []string{"b", "c"} {
					w.putEvents(10, testSIMs...)
					procs = append(procs, w.start(name, sinks[len(procs)]))
					for range 10 {
						time.Sleep(300 * time.Millisecond)
						w.putEvents(2, testSIMs...)
					}
				}
				w.await("an even share", func() bool {
					for _, p := range procs {
						if len(p.c.Status().Shards) != 2 {
							return false
						}
					}
					return true
				})
				w.putEvents(5, testSIMs...)
				w.await("all events", func() bool {
					n := 0
					for _, s := range sinks {
						n += len(s.ids())
					}
					return n >= len(w.put)
				})
				for _, p := range procs { // a rolling deploy, one after another
					w.must(p.stop())
					w.putEvents(2, testSIMs...)
				}
				last := &sink{}
				p := w.start("d", last)
				w.await("the rest", func() bool {
					n := len(last.ids())
					for _, s := range sinks {
						n += len(s.ids())
					}
					return n >= len(w.put)
				})
				w.must(p.stop())
				w.complete(append(sinks, last)...)
			})
		})
	}
}

func TestLaneKey_SaysWhatIsHandledInOrder(t *testing.T) {
	t.Parallel()
	plain := delivery(t, `{"id":"1","type":"t"}`)
	full := delivery(t, `{"id":"1","type":"com.kore.iot.supersim.connection.data-session.started","subject":"s1","data":{"sim_sid":"HS1"}}`)
	for _, k := range LaneKeys() {
		if id := k.of(plain); id.key == "" && id.kind != laneKindShard {
			t.Errorf("%s: an event of no SIM and no subject has no lane", k)
		}
	}
	if got := LaneKeySIM.of(full); got == LaneKeySIM.of(plain) {
		t.Errorf("events of a SIM and of none share the lane %v", got)
	}
	if a, b := LaneKeySubject.of(full), LaneKeySubject.of(plain); a == b {
		t.Errorf("events of a subject and of none share the lane %v", a)
	}
	if a, b := LaneKeyShard.of(full), LaneKeyShard.of(plain); a != b {
		t.Errorf("lanes %v and %v, want one for the whole shard", a, b)
	}
	if a, b := LaneKeyPartitionKey.of(full), LaneKeyPartitionKey.of(plain); a != b {
		t.Errorf("lanes %v and %v, want one for one partition key", a, b)
	}
	path := LaneKey("data.sim_sid")
	if got, want := path.of(full), (laneID{laneKindPath, "HS1"}); got != want {
		t.Errorf("by a path: got %v, want %v", got, want)
	}
	if got, want := path.of(plain), LaneKeyPartitionKey.of(plain); got != want {
		t.Errorf("by a path that the event has not: got %v, want its partition key's, %v", got, want)
	}
	for _, k := range []LaneKey{"", "imei", "data.", ".sid", "data..sid"} {
		if k.Valid() {
			t.Errorf("%q is taken for a lane key", k)
		}
	}
}

func TestLaneKey_PartitionKeyBringsALaneIntoOneShard(t *testing.T) {
	t.Parallel()
	e := delivery(t, `{"id":"1","type":"t","subject":"s1","data":{"sim_sid":"HS1","network":{"sid":"HW1"}}}`).Event
	for key, want := range map[LaneKey]string{
		LaneKeySIM: "HS1", LaneKeySubject: "s1", LaneKeyShard: "HS1", LaneKeyPartitionKey: "HS1", "data.network.sid": "HW1", "data.network.name": "",
	} {
		if got := key.PartitionKey(e); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestTarget_PrefersTheARN(t *testing.T) {
	t.Parallel()
	name, arn := target{"s", ""}.split()
	if arn != nil || *name != "s" {
		t.Errorf("without an ARN: got %v, %v", name, arn)
	}
	if name, arn = (target{"s", "arn:x"}).split(); name != nil || *arn != "arn:x" {
		t.Errorf("with an ARN: got %v, %v", name, arn)
	}
}
