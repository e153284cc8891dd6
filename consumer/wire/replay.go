package wire

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// replay makes the call again with the SDK, and gives it what the direct call got
// for an answer: nothing is sent. So errors are the SDK's own, with the request's
// ID and all that it wraps them in, it learns of the service's clock, and
// middleware sees the call.
func (r *Reader) replay(ctx context.Context, c *directCall, page *Page) (time.Time, error) {
	p := &player{call: c, cbor: r.cbor}
	defer p.discard()
	ctx = &replayed{Context: ctx, began: c.began, played: &p.played}
	return r.throughSDK(ctx, c.ask, page, p.attend)
}

// player is the HTTP client of a replayed call.
type player struct {
	call   *directCall
	cbor   *CBOR
	next   kinesis.HTTPClient
	played atomic.Bool
}

func (p *player) attend(o *kinesis.Options) {
	p.next, o.HTTPClient = o.HTTPClient, p
	// Those that the call was made with: to look for others might take long, and the
	// call may have no time left.
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return p.call.as, p.call.denied })
	switch {
	case p.call.refusal != nil:
		o.Protocol = refusing{o.Protocol, p.call.refusal}
	case p.call.template.cbor:
		o.Protocol = p.cbor.insist(o.Protocol)
	default:
		o.Protocol = NewProtocol(o.Protocol)
	}
}

// Do implements kinesis.HTTPClient.
func (p *player) Do(r *http.Request) (*http.Response, error) {
	if p.played.Swap(true) {
		return p.next.Do(r) // the SDK tries again
	}
	return p.call.response, p.call.err
}

// discard closes the answer if the SDK did not come to it.
func (p *player) discard() {
	if !p.played.Load() && p.call.response != nil {
		p.call.response.Body.Close()
	}
}

// refusing is a protocol by which an answer has been found to be none.
type refusing struct {
	smithyhttp.ClientProtocol
	why error
}

// DeserializeResponse implements smithyhttp.ClientProtocol.
func (p refusing) DeserializeResponse(context.Context, *smithy.OperationSchema, *smithy.TypeRegistry, *smithyhttp.Response, smithy.Deserializable) error {
	return p.why
}

// replayed is the context of a replayed call. It ends only when the answer was
// played: a call that its deadline cut off had been sent before, and says so.
type replayed struct {
	context.Context
	began  time.Time
	played *atomic.Bool
}

// Done implements context.Context.
func (c *replayed) Done() <-chan struct{} {
	if !c.played.Load() {
		return nil
	}
	return c.Context.Done()
}

// Err implements context.Context.
func (c *replayed) Err() error {
	if !c.played.Load() {
		return nil
	}
	return c.Context.Err()
}

type beganKey struct{}

// Value implements context.Context.
func (c *replayed) Value(key any) any {
	if key == (beganKey{}) {
		return c.began
	}
	return c.Context.Value(key)
}

// Began is when the call began that a middleware sees, if that was before it sees
// it: a direct call that failed is shown to the middleware when it is over.
func Began(ctx context.Context) (time.Time, bool) {
	at, ok := ctx.Value(beganKey{}).(time.Time)
	return at, ok
}
