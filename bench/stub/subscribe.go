package stub

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// A subscription lasts five minutes, and an event comes every five seconds when
// there are no records:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
const (
	subscriptionAge = 5 * time.Minute
	heartbeat       = 5 * time.Second
)

// subscribe pushes a shard's records, a page an event, as fast as they are taken.
func (s *Service) subscribe(w http.ResponseWriter, r *http.Request, in []byte) {
	shard, err := s.parseShard(field(in, "ShardId"))
	var next int64
	if err == nil {
		next, err = s.startOf(field(in, "Type"), field(in, "SequenceNumber"))
	}
	if err != nil {
		status, text := refusal(err)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write(text) // a client that has gone needs no answer
		return
	}
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	push := pusher{w: w, rc: http.NewResponseController(w), encoder: eventstream.NewEncoder()}
	if push.send("initial-response", []byte("{}")) != nil {
		return
	}
	over := time.After(subscriptionAge)
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var text []byte
	for {
		text, next = s.appendEvent(text[:0], shard, next)
		if push.send("SubscribeToShardEvent", text) != nil {
			return
		}
		if next < s.records() {
			continue
		}
		select {
		case <-tick.C:
		case <-over:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// appendEvent appends one event of a subscription and returns what comes next.
func (s *Service) appendEvent(b []byte, shard int, next int64) (text []byte, after int64) {
	b = append(b, `{"Records":[`...)
	if next < s.records() {
		var n int64
		b, n = s.page.appendTo(b, shard, next, int64(s.cfg.PageRecords))
		next += n
	}
	b = append(b, `],"ContinuationSequenceNumber":"`...)
	b = fmt.Appendf(b, "%s%0*d", sequencePrefix, sequenceDigits, max(next-1, 0))
	b = append(b, `","MillisBehindLatest":`...)
	b = strconv.AppendInt(b, s.behind(next), 10)
	return append(b, '}'), next
}

// pusher writes the frames of an event stream.
type pusher struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	encoder *eventstream.Encoder
}

func (p pusher) send(kind string, payload []byte) error {
	m := eventstream.Message{Payload: payload}
	m.Headers.Set(":message-type", eventstream.StringValue("event"))
	m.Headers.Set(":event-type", eventstream.StringValue(kind))
	m.Headers.Set(":content-type", eventstream.StringValue(contentType))
	if err := p.encoder.Encode(p.w, m); err != nil {
		return fmt.Errorf("push %s: %w", kind, err)
	}
	return p.rc.Flush()
}
