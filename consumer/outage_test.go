package consumer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

// outage is one kind of trouble, what its log line must say, and whether it may
// cost leases and with them repeats.
type outage struct {
	name  string
	fault embed.Fault
	// also is needed for the fault to be felt, if set.
	also *embed.Fault
	// message and reason are of the line that names it.
	message, reason string
	long            time.Duration
	repeats         bool
}

const outageTime = 30 * time.Second

// outages of reading: none of them costs a lease.
func readingOutages() []outage {
	list := []outage{
		{name: "iterators expire", fault: embed.Fault{Kind: embed.ExpireIterator}, reason: string(troubleExpiredIterator)},
		{name: "some iterators expire", fault: embed.Fault{Kind: embed.ExpireIterator, Rate: 0.3}, reason: string(troubleExpiredIterator)},
		{name: "throttled", fault: embed.Fault{Operation: "GetRecords", Kind: embed.Throttle}, reason: string(troubleThrottled)},
		{
			name: "iterators throttled", fault: embed.Fault{Operation: "GetShardIterator", Kind: embed.Throttle}, reason: string(troubleThrottled),
			also: &embed.Fault{Kind: embed.ExpireIterator, Count: 3},
		},
		{name: "listing throttled", fault: embed.Fault{Operation: "ListShards", Kind: embed.Throttle}, reason: string(troubleThrottled)},
		{name: "status 500", fault: embed.Fault{Kind: embed.ServerError}, reason: string(troubleService)},
		{name: "status 503", fault: embed.Fault{Kind: embed.Unavailable}, reason: string(troubleService)},
		{name: "answers cut", fault: embed.Fault{Kind: embed.CutConnection}, reason: string(troubleService)},
		{name: "some answers cut", fault: embed.Fault{Kind: embed.CutConnection, Rate: 0.5}, reason: string(troubleService)},
		{name: "calls hang", fault: embed.Fault{Kind: embed.Hang}, reason: string(troubleUnreachable), long: time.Minute},
		{name: "access denied", fault: embed.Fault{Kind: embed.AccessDenied}, reason: string(troubleAccess)},
		{name: "credentials expired", fault: embed.Fault{Kind: embed.Custom, Status: 400, Code: "ExpiredTokenException"}, reason: string(troubleCredentials)},
	}
	for _, code := range []string{"KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired"} {
		list = append(list, outage{name: code, fault: embed.Fault{Kind: embed.KMSError, Code: code}, reason: string(troubleKey)})
	}
	list = append(list, outage{name: "KMSThrottlingException", fault: embed.Fault{Kind: embed.KMSError, Code: "KMSThrottlingException"}, reason: string(troubleThrottled)})
	for i := range list {
		list[i].fault.Service = embed.Kinesis
	}
	return list
}

// tableOutages are of the lease table: those longer than the leases' deadline
// cost them.
func tableOutages() []outage {
	table := func(kind embed.Kind) embed.Fault { return embed.Fault{Service: embed.DynamoDB, Kind: kind} }
	const heartbeat, gaveUp = "heartbeat not written, trying again", "no heartbeat written in time"
	list := []outage{
		{name: "table throttled for a moment", fault: table(embed.Throttle), message: heartbeat, long: 3 * time.Second},
		{name: "table hangs for a moment", fault: table(embed.Hang), long: 3 * time.Second},
		{name: "table throttled", fault: table(embed.Throttle), message: gaveUp, repeats: true},
		{name: "table hangs", fault: table(embed.Hang), message: gaveUp, repeats: true},
		{name: "table access denied", fault: table(embed.AccessDenied), message: gaveUp, repeats: true},
		{name: "some answers lost", fault: embed.Fault{Service: embed.DynamoDB, Operation: "UpdateItem", Kind: embed.ServerError, Applied: true, Rate: 0.5}, message: "trying again"},
		{name: "table credentials expired", fault: embed.Fault{Service: embed.DynamoDB, Kind: embed.Custom, Status: 400, Code: "ExpiredTokenException"}, message: gaveUp, repeats: true},
	}
	return list
}

// named counts the lines that name the trouble.
func (o outage) named(logs *observer.ObservedLogs) int {
	return logs.Filter(func(e observer.LoggedEntry) bool {
		if e.Level < zapcore.InfoLevel || !strings.Contains(e.Message, o.message) {
			return false
		}
		return o.reason == "" || e.ContextMap()[KeyReason] == o.reason && e.Message == "call fails, trying again"
	}).Len()
}

func TestConsumer_OutlivesTroubleWithoutARestart(t *testing.T) {
	t.Parallel()
	for _, o := range append(readingOutages(), tableOutages()...) {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { o.run(t) })
		})
	}
}

func (o outage) run(t *testing.T) {
	w := newWorld(t, 3)
	logs, log := watched()
	w.log = log
	a, b := &sink{}, &sink{}
	p, q := w.start("a", a), w.start("b", b)
	all := func() bool {
		return len(union(a, b)) >= len(w.put)
	}
	w.putEvents(5, testSIMs...)
	w.await("the events before", all)
	w.await("a share for both", func() bool { return len(p.owned()) > 0 && len(q.owned()) > 0 })
	time.Sleep(3 * time.Second)

	w.addFaultTo(o.fault)
	if o.also != nil {
		w.ep.Faults().Add(*o.also)
	}
	long := o.long
	if long == 0 {
		long = outageTime
	}
	for begun := time.Now(); time.Since(begun) < long; time.Sleep(long / 6) {
		w.putEvents(2, testSIMs...)
	}
	w.ep.Faults().Clear()
	w.putEvents(5, testSIMs...)
	w.await("all events", all)
	w.await("all shards", func() bool { return len(p.owned())+len(q.owned()) == 3 && len(p.owned()) > 0 && len(q.owned()) > 0 })
	time.Sleep(5 * time.Second)
	for _, k := range []*process{p, q} {
		if stuck := k.c.Stuck(time.Now()); len(stuck) > 0 {
			t.Errorf("after the trouble: %v", stuck)
		}
	}
	w.must(p.stop())
	w.must(q.stop())
	if !o.repeats {
		w.complete(a, b)
	}
	const flood = 12 // for two workers, three shards and the listing
	if n := o.named(logs); (o.message != "" || o.reason != "") && (n == 0 || n > flood) {
		t.Errorf("%d lines name the trouble, want 1 to %d", n, flood)
		for _, e := range logs.All() {
			t.Log(e.Message, e.ContextMap())
		}
	}
	w.resumesEmpty()
}

// union returns the IDs in any of the sinks.
func union(sinks ...*sink) map[string]bool {
	out := make(map[string]bool)
	for _, s := range sinks {
		for _, id := range s.ids() {
			out[id] = true
		}
	}
	return out
}

// addFaultTo adds a fault of reading to the operations that read, so that the
// test itself can go on putting.
func (w *world) addFaultTo(f embed.Fault) {
	if f.Service != embed.Kinesis || f.Operation != "" {
		w.ep.Faults().Add(f)
		return
	}
	for _, op := range []string{"GetRecords", "GetShardIterator", "ListShards"} {
		f.Operation = op
		w.ep.Faults().Add(f)
	}
}

func TestConsumer_ReshardsInTheMiddleOfTrouble(t *testing.T) {
	t.Parallel()
	for _, kind := range []embed.Kind{embed.Throttle, embed.ServerError, embed.ExpireIterator} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.quiet = true
				s := &sink{}
				p := w.start("one", s)
				w.putEvents(5, testSIMs...)
				w.awaitEvents(s)
				w.addFaultTo(embed.Fault{Service: embed.Kinesis, Kind: kind, Rate: 0.7})
				for range 3 {
					w.putEvents(5, testSIMs...)
					w.split(0)
					w.putEvents(5, testSIMs...)
					w.merge()
				}
				time.Sleep(10 * time.Second)
				w.ep.Faults().Clear()
				w.awaitEvents(s)
				w.await("only open shards", func() bool { return len(p.owned()) == len(w.openShards()) })
				w.must(p.stop())
				w.complete(s)
				w.resumesEmpty()
			})
		})
	}
}

func TestConsumer_ClocksThatJumpChangeNothing(t *testing.T) {
	t.Parallel()
	for _, start := range []string{checkpoint.TrimHorizon, checkpoint.Latest} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				logs, log := watched()
				w.log = log
				s, u := &sink{}, &sink{}
				from := func(c *Config, _ *checkpoint.Config) { c.Start.SequenceNumber = start }
				w.ep.Faults().SetClockOffset(-90 * time.Minute) // as seen from here
				p, q := w.start("a", s, from), w.start("b", u, from)
				w.await("both shards", func() bool { return len(p.owned()) == 1 && len(q.owned()) == 1 })
				time.Sleep(3 * time.Second)
				for _, offset := range []time.Duration{-time.Hour, 3 * time.Hour, -2 * time.Hour, 20 * time.Hour, 0} {
					w.putEvents(3, testSIMs...)
					w.ep.Faults().SetClockOffset(offset)
					time.Sleep(15 * time.Second)
				}
				w.await("all events", func() bool { return len(union(s, u)) >= len(w.put) })
				if n := logs.FilterMessageSnippet("lost").Len() + logs.FilterMessageSnippet("giving all leases up").Len(); n > 0 {
					t.Errorf("%d lines tell of lost leases, want none", n)
				}
				w.must(p.stop())
				w.must(q.stop())
				w.complete(s, u)
			})
		})
	}
}

func TestConsumer_NamesAnEventWhoseHandlerHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(3, "HS01", "HS02")
		s := &sink{handle: func(ctx context.Context, d *Delivery) error {
			if d.Event.ID == "HS01/0000" {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return nil
		}}
		p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.DrainTimeout = time.Second })
		w.await("the other SIM", func() bool { return len(s.ids()) == 3 })
		time.Sleep(43 * time.Second)
		holds := p.c.Status().Shards[0].Holds(time.Now())
		if len(holds) != 1 || holds[0].Reason != HoldHandler || !strings.Contains(holds[0].Detail, "HS01/0000") || holds[0].For < 43*time.Second {
			t.Errorf("got %+v, want the event in its handler and for how long", holds)
		}
		if got := fmt.Sprint(p.c.Stuck(time.Now())); got != "[]" {
			t.Errorf("a handler that hangs makes the process %s, want it live: a restart mends no handler", got)
		}
		_ = p.stop() // its drain times out
	})
}
