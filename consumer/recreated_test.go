package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"korestream/checkpoint"
)

// watched makes a consumer's log lines visible to a test.
func watched() (*observer.ObservedLogs, *zap.Logger) {
	core, logs := observer.New(zapcore.InfoLevel)
	return logs, zap.New(core)
}

// says tells whether a line with this text was logged.
func says(logs *observer.ObservedLogs, text string) bool {
	for _, e := range logs.All() {
		if strings.Contains(e.Message, text) {
			return true
		}
	}
	return false
}

func (w *world) deleteStream() {
	w.t.Helper()
	_, err := w.kc.DeleteStream(w.t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String(testStream)})
	w.must(err)
	waiter := kinesis.NewStreamNotExistsWaiter(w.kc)
	w.must(waiter.Wait(w.t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String(testStream)}, time.Minute))
}

func (w *world) createStream(shards int32) {
	w.t.Helper()
	_, err := w.kc.CreateStream(w.t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(testStream), ShardCount: aws.Int32(shards)})
	w.must(err)
	w.awaitActive()
}

func TestConsumer_ReadsAStreamThatWasDeletedAndMadeAnewFromItsBeginning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		away   time.Duration
		shards int32
	}{
		{"at once, same shards", 0, 4},
		{"at once, fewer shards", 0, 2},
		{"after a minute", time.Minute, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 4)
				w.quiet = true
				w.putEvents(10, testSIMs...)
				s, u := &sink{}, &sink{}
				p := w.start("one", s)
				q := w.start("two", u)
				all := func() bool { return len(s.ids())+len(u.ids()) >= len(w.put) }
				w.await("all events of the first stream", all)
				time.Sleep(5 * time.Second)
				w.deleteStream()
				time.Sleep(c.away)
				w.createStream(c.shards)
				w.putEvents(10, testSIMs...)
				w.await("all events of the second stream", all)
				w.must(p.stop())
				w.must(q.stop())
				w.complete(s, u)
				w.resumesEmpty()
			})
		})
	}
}

func TestConsumer_SaysThatTheStreamWasMadeAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.putEvents(1, "HS01")
		s := &sink{}
		logs, log := watched()
		w.log = log
		p := w.start("one", s)
		w.awaitEvents(s)
		time.Sleep(5 * time.Second)
		w.deleteStream()
		w.await("a line that says that there is no stream", func() bool {
			return logs.FilterField(zap.String(KeyReason, string(troubleStreamMissing))).Len() > 0
		})
		w.createStream(1)
		w.await("a line that says that it was made anew", func() bool { return says(logs, "stream was deleted and made anew") })
		w.putEvents(1, "HS01")
		w.awaitEvents(s)
		w.must(p.stop())
		if n := logs.Len(); n > 60 {
			t.Errorf("%d lines were logged, want a few dozen at most", n)
		}
	})
}

func TestConsumer_OutlivesTheDeletionOfItsLeaseTable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		logs, log := watched()
		w.log = log
		a, b := &sink{}, &sink{}
		p, q := w.start("a", a, latest), w.start("b", b, latest)
		w.await("all shards", func() bool { return len(p.c.Status().Shards)+len(q.c.Status().Shards) == 4 })
		time.Sleep(2 * time.Second)
		all := func() bool { return len(a.ids())+len(b.ids()) >= len(w.put) }
		w.putEvents(10, testSIMs...)
		w.await("the events before", all)
		time.Sleep(5 * time.Second)
		_, err := w.db.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("korestream")})
		w.must(err)
		w.putEvents(10, testSIMs...)
		time.Sleep(30 * time.Second)
		w.putEvents(10, testSIMs...)
		w.await("the events after", all)
		w.await("an even share", func() bool { return len(p.c.Status().Shards) == 2 && len(q.c.Status().Shards) == 2 })
		w.must(p.stop())
		w.must(q.stop())
		w.complete(a, b)
		for _, line := range []string{"lease table was deleted", "lease table was emptied"} {
			if !says(logs, line) {
				t.Errorf("no line says %q", line)
			}
		}
		w.resumesEmpty()
	})
}

func latest(c *Config, _ *checkpoint.Config) { c.Start.SequenceNumber = checkpoint.Latest }
