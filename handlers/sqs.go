package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/consumer"
)

// MaxSQSMessageBytes is the most that SQS takes in one message and in one
// request, since August 2025; before, and at other makers' endpoints still, it
// is 262,144. Queues can be set to less. See
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.
const MaxSQSMessageBytes = 1 << 20

// minSQSMessageBytes is the least that a queue can be set to. See MaximumMessageSize in
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html.
const minSQSMessageBytes = 1 << 10

// sqsBatch is how many messages a request can hold. See the page above.
const sqsBatch = 10

// SQSAPI is what an [SQS] needs of *sqs.Client, which has it. The client must be
// one for the queue's region.
type SQSAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// SQSConfig says which queue events go to.
type SQSConfig struct {
	// QueueURL is the queue's URL, such as
	// https://sqs.us-east-1.amazonaws.com/123456789012/events.fifo. A queue whose
	// URL ends in .fifo is a FIFO queue.
	QueueURL string
	// MaxMessageBytes bounds one message with its attributes, and one request;
	// 1,024 to [MaxSQSMessageBytes]. It should be the queue's MaximumMessageSize.
	MaxMessageBytes int
}

// DefaultSQSConfig returns a configuration with the limit of AWS and without a
// queue.
func DefaultSQSConfig() SQSConfig { return SQSConfig{MaxMessageBytes: MaxSQSMessageBytes} }

// Validate names the first field that is out of bounds. It does not ask for the
// queue.
func (c SQSConfig) Validate() error {
	u, err := url.Parse(c.QueueURL)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") == "":
		return fmt.Errorf("field QueueURL must be the URL of a queue, such as https://sqs.us-east-1.amazonaws.com/123456789012/events (%q)", c.QueueURL)
	case c.MaxMessageBytes < minSQSMessageBytes || c.MaxMessageBytes > MaxSQSMessageBytes:
		return fmt.Errorf("field MaxMessageBytes must be %d to %d (%d)", minSQSMessageBytes, MaxSQSMessageBytes, c.MaxMessageBytes)
	}
	return nil
}

// SQS is the handler that sends each event to an SQS queue, as it was received.
// The id, type and time go along as the String attributes event_id, event_type
// and event_time; one that is absent, or that SQS would refuse, is left out: the
// body has it anyway.
//
// To a FIFO queue, events of one SIM go in one group, so that they are received
// in the order in which they were handled; events of no SIM go by their
// partition key. The deduplication id is the event's own, so that within SQS's
// five minutes a repeat is dropped by the queue; for an event without one it is
// its place in the stream. To a standard queue a repeat goes twice, and there is
// no order.
//
// Handle returns nil when SQS said that it stored the message. The handler makes
// one request a try and leaves tries to its caller. It is safe for concurrent
// use.
type SQS struct {
	api   SQSAPI
	cfg   SQSConfig
	trace Propagator // nil if nobody traces here
}

var _ Handler = (*SQS)(nil)

// SQSOption changes an SQS handler under construction.
type SQSOption func(*SQS)

// WithSQSPropagator has messages carry the String attributes traceparent and
// tracestate: an event's own or, where it has none, those of the context that it is
// handled under. The default is neither.
func WithSQSPropagator(p Propagator) SQSOption { return func(s *SQS) { s.trace = p } }

// OpenSQS returns a handler that calls nothing yet.
func OpenSQS(api SQSAPI, cfg SQSConfig, opts ...SQSOption) (*SQS, error) {
	if api == nil {
		return nil, errors.New("sqs: there is no client")
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("sqs: %w", err)
	}
	s := &SQS{api: api, cfg: cfg}
	for _, o := range opts {
		o(s)
	}
	return s, nil
}

// sqsOnce leaves retries to the caller, who counts them and knows when to stop,
// and checksums to checkStored, as the SDK lets one bad entry fail all.
func sqsOnce(o *sqs.Options) {
	o.Retryer = aws.NopRetryer{}
	o.DisableMessageChecksumValidation = true
}

// Handle implements [Handler].
func (s *SQS) Handle(ctx context.Context, d *consumer.Delivery) error {
	m, err := s.message(ctx, d)
	if err != nil {
		return err
	}
	return s.send(ctx, m)
}

func (s *SQS) send(ctx context.Context, m *sqsMessage) error {
	out, err := s.api.SendMessage(ctx, m.send(s.cfg.QueueURL), sqsOnce)
	if err == nil {
		err = m.checkStored(out.MD5OfMessageBody)
	}
	return classifySQS(ctx, err)
}

// message returns the delivery's message, or why it cannot be one.
func (s *SQS) message(ctx context.Context, d *consumer.Delivery) (*sqsMessage, error) {
	e := d.Event
	if err := checkSQSText(e.Raw); err != nil {
		return nil, Permanent(fmt.Errorf("event cannot be sent to SQS: %w", err))
	}
	m := &sqsMessage{body: string(e.Raw)}
	m.attribute("event_id", e.ID)
	m.attribute("event_type", e.Type)
	m.attribute("event_time", e.TimeText)
	if size := m.size(); size > s.cfg.MaxMessageBytes {
		return nil, Permanent(fmt.Errorf("event and its attributes are %d bytes, more than the %d that the queue takes (MaxMessageBytes)", size, s.cfg.MaxMessageBytes))
	}
	s.traced(ctx, d, m)
	if isSQSFIFO(s.cfg.QueueURL) {
		group := e.SIM()
		if group == "" {
			group = d.PartitionKey
		}
		once := e.DedupeID()
		if once == "" {
			once = fmt.Sprintf("%s/%s/%s/%d", d.Stream, d.Shard, d.SequenceNumber, d.SubSequenceNumber)
		}
		m.group, m.once = sqsID(group), sqsID(once)
	}
	return m, nil
}

// traced says which trace a message is of, if there is room for that: no event is
// refused for being traced.
func (s *SQS) traced(ctx context.Context, d *consumer.Delivery, m *sqsMessage) {
	parent, state := s.trace.outgoing(ctx, d)
	for _, a := range [][2]string{{"traceparent", parent}, {"tracestate", state}} {
		if m.size()+len(a[0])+len(sqsString)+len(a[1]) <= s.cfg.MaxMessageBytes {
			m.attribute(a[0], a[1])
		}
	}
}

// Close does nothing: the client is its owner's.
func (s *SQS) Close() error { return nil }
