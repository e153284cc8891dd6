package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/schemas"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	// ErrOver is what [Subscription.Next] returns when the stream ended between
	// two events and the shard had not: a subscription lasts five minutes. The
	// caller subscribes again after the last continuation.
	ErrOver = errors.New("the subscription is over and the shard is not")

	// ErrClosed is what [Subscription.Next] returns after [Subscription.Close].
	ErrClosed = errors.New("the subscription is closed")
)

// The kinds of messages, and of events.
const (
	messageEvent     = "event"
	messageException = "exception"
	messageError     = "error"
	eventRecords     = "SubscribeToShardEvent"
)

// Subscriber is the call that [Subscribe] makes; *kinesis.Client has it. It must
// pass the options on.
type Subscriber interface {
	SubscribeToShard(ctx context.Context, in *kinesis.SubscribeToShardInput, opts ...func(*kinesis.Options)) (*kinesis.SubscribeToShardOutput, error)
}

// Subscription reads the events of one SubscribeToShard. It is not safe for
// concurrent use. It starts no goroutine of its own.
type Subscription struct {
	body     io.ReadCloser
	frames   frames
	pool     *Pool
	protocol smithyhttp.ClientProtocol
	// over is why there is no further event.
	over error
}

// Subscribe calls SubscribeToShard once, without retries, and reads the stream of
// its answer itself. Any number of subscriptions may share a client, which with
// the SDK's own reader they must not: its streams share a decoder.
//
// The stream ends with ctx, and must be closed.
func Subscribe(ctx context.Context, client Subscriber, in *kinesis.SubscribeToShardInput, pool *Pool) (*Subscription, error) {
	s := &Subscription{pool: pool}
	_, err := client.SubscribeToShard(ctx, in, func(o *kinesis.Options) {
		s.protocol = o.Protocol
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, takeBody(&s.body))
	})
	if err == nil && s.body == nil {
		err = errors.New("SubscribeToShard returned no stream")
	}
	if err != nil {
		if s.body != nil {
			s.body.Close()
		}
		return nil, err
	}
	s.frames = frames{body: s.body, bodies: &pool.bodies}
	return s, nil
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() error {
	if s.over == nil {
		s.over = ErrClosed
	}
	return s.body.Close()
}

// Next waits for an event and fills page with it. If it returns an error the page
// is empty, and every later call returns the same:
//
//   - io.EOF after a page with Ended: the shard is read to its end;
//   - [ErrOver] if the stream ended properly, and the shard did not;
//   - io.ErrUnexpectedEOF, or the transport's error, if the stream was cut;
//   - the exception that Kinesis sent, of the types that the SDK has for them;
//   - the cause of ctx, whose end closes the subscription.
func (s *Subscription) Next(ctx context.Context, page *Page) error {
	page.Reset()
	if s.over != nil {
		return s.over
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		s.body.Close()
	})
	err := s.event(page)
	if !stop() {
		<-closed
		page.Release()
		err = context.Cause(ctx)
	}
	switch {
	case err != nil:
		s.over = err
	case page.Ended:
		s.over = io.EOF
	}
	return err
}

// event reads up to the next event of records. Others, such as the initial
// response, are nothing that anyone waits for.
func (s *Subscription) event(page *Page) error {
	for {
		fr, err := s.frames.next()
		if errors.Is(err, io.EOF) {
			return ErrOver
		}
		if err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		h := fr.headers
		switch {
		case h.messageType == messageEvent && h.eventType == eventRecords:
			err = s.decode(fr.payload, page)
		case h.messageType == messageEvent:
			s.pool.bodies.put(fr.buf)
			continue
		default:
			err = s.failure(&fr)
		}
		s.pool.bodies.put(fr.buf)
		return err
	}
}

// decode fills the page from an event, with the SDK's help if it is odd.
func (s *Subscription) decode(payload []byte, page *Page) error {
	if decode(subscribeEvent, payload, page, s.pool) {
		return nil
	}
	var ev types.SubscribeToShardEvent
	if err := s.bySDK(http.StatusOK, "", payload, &ev); err != nil {
		return err
	}
	if ev.Records == nil && len(ev.ChildShards) == 0 {
		return &smithy.DeserializationError{Err: ErrNoRecords}
	}
	page.addSDK(ev.Records, ev.ChildShards, ev.MillisBehindLatest)
	page.ContinuationSequenceNumber = aws.ToString(ev.ContinuationSequenceNumber)
	page.Ended = ev.ContinuationSequenceNumber == nil
	return nil
}

// failure is the error that a message other than an event stands for.
func (s *Subscription) failure(fr *frame) error {
	switch h := fr.headers; h.messageType {
	case messageException:
		var none types.SubscribeToShardEvent
		if err := s.bySDK(http.StatusBadRequest, h.exceptionType, fr.payload, &none); err != nil {
			return err
		}
		return &smithy.GenericAPIError{Code: h.exceptionType, Message: "exception without a message"}
	case messageError:
		return &smithy.GenericAPIError{Code: h.errorCode, Message: h.errorMessage}
	default:
		return fmt.Errorf("%w: a message of the type %q", ErrFrame, h.messageType)
	}
}

// plainOperation is any operation without an event stream: to the SDK's protocol,
// what an event has inside is then an answer like another.
var plainOperation = smithy.NewOperationSchema(schemas.GetRecords, schemas.GetRecordsInput, schemas.GetRecordsOutput)

// bySDK decodes a payload as the body of an answer with the given status.
func (s *Subscription) bySDK(status int, errorType string, payload []byte, out smithy.Deserializable) error {
	resp := &smithyhttp.Response{Response: &http.Response{
		StatusCode: status,
		Header:     http.Header{"X-Amzn-Errortype": {errorType}},
		// A copy, since what is decoded is not ours to vouch for.
		Body: io.NopCloser(bytes.NewReader(bytes.Clone(payload))),
	}}
	return guarded(func() error {
		return s.protocol.DeserializeResponse(context.Background(), plainOperation, kinesis.TypeRegistry, resp, out)
	})
}
