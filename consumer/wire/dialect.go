package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrDialect is what a GetRecords call in AWS CBOR fails with whose answer is
// none in AWS CBOR, or is none that we can read. The page is empty and nothing is
// lost: the caller makes the call again, of the same iterator and in AWS JSON.
var ErrDialect = errors.New("not an answer of Kinesis in AWS CBOR 1.1")

const cborType = "application/x-amz-cbor-1.1"

// maxOdd is how many answers in a row may be odd before no other is asked for in
// AWS CBOR.
const maxOdd = 3

// How far an endpoint and we have come.
const (
	asking  int32 = iota // nothing was answered in AWS CBOR yet
	agreed               // it was
	settled              // we go on in AWS JSON
)

// CBOR asks for records in AWS CBOR 1.1, the protocol of AWS's SDK for Java, for
// as long as the endpoint answers in it:
//
//	asking ──answer in CBOR──▶ agreed ──three odd answers in a row──▶ JSON
//	   └─────answer in anything else, or a refusal of the form──────────▲
//
// All shards of a process share one. It is safe for concurrent use.
type CBOR struct {
	state atomic.Int32
	odd   atomic.Int32
	// told is called once when the endpoint has answered in CBOR, with nil, and
	// once when it is left for JSON, with the reason.
	told func(why error)
}

// NewCBOR returns a CBOR that nothing was asked in yet. Told is called at most
// twice, possibly by two goroutines at once: with nil when the endpoint has
// answered in CBOR, and with the reason when the rest is asked for in JSON.
func NewCBOR(told func(why error)) *CBOR { return &CBOR{told: told} }

// Protocol wraps the SDK's protocol, AWS JSON 1.1, as [NewProtocol] does. Calls of
// GetRecords under [Into] are made in AWS CBOR, unless the endpoint has shown that
// it does not speak it, or c is nil.
func (c *CBOR) Protocol(next smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
	if !c.asks() {
		return NewProtocol(next)
	}
	return c.insist(next)
}

// asks tells whether calls are made in AWS CBOR.
func (c *CBOR) asks() bool { return c != nil && c.state.Load() != settled }

// insist is Protocol for a call that is made in AWS CBOR, whatever others show.
func (c *CBOR) insist(next smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
	return cborProtocol{protocol{next}, c}
}

// agree notes an answer in AWS CBOR.
func (c *CBOR) agree() {
	if c.odd.Load() != 0 {
		c.odd.Store(0)
	}
	if c.state.Load() == asking && c.state.CompareAndSwap(asking, agreed) {
		c.told(nil)
	}
}

// doubt notes an odd answer. Plain says that it is none of an endpoint which
// speaks AWS CBOR, if it has not done so before.
func (c *CBOR) doubt(why error, plain bool) {
	if c.odd.Add(1) < maxOdd && (!plain || c.state.Load() != asking) {
		return
	}
	if c.state.Swap(settled) != settled {
		c.told(why)
	}
}

// cborProtocol asks for records in AWS CBOR, and leaves everything else to the
// protocol that asks in AWS JSON.
type cborProtocol struct {
	protocol
	cbor *CBOR
}

// SerializeRequest implements smithyhttp.ClientProtocol.
func (p cborProtocol) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request) error {
	if err := p.protocol.SerializeRequest(ctx, op, in, req); err != nil {
		return err
	}
	input, isGet := in.(*kinesis.GetRecordsInput)
	if _, ok := ctx.Value(targetKey{}).(target); !ok || !isGet {
		return nil
	}
	// All but the body and its type is as it is in AWS JSON.
	sreq, err := req.SetStream(bytes.NewReader(encodeRequest(input)))
	if err != nil {
		return fmt.Errorf("set stream: %w", err)
	}
	*req = *sreq
	req.Header.Set("Content-Type", cborType)
	return nil
}

// DeserializeResponse implements smithyhttp.ClientProtocol.
func (p cborProtocol) DeserializeResponse(ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry,
	resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	to, ok := ctx.Value(targetKey{}).(target)
	if _, isGet := out.(*kinesis.GetRecordsOutput); !ok || !isGet {
		return p.protocol.DeserializeResponse(ctx, op, types, resp, out)
	}
	succeeded := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case !inCBOR(resp):
		return p.inAnother(ctx, op, types, resp, out)
	case succeeded:
		return p.cbor.page(to, resp)
	default:
		return p.failure(ctx, op, types, resp, out)
	}
}

// inCBOR tells whether the body is AWS CBOR that nothing has to unpack.
func inCBOR(resp *smithyhttp.Response) bool {
	typ := resp.Header.Get("Content-Type")
	if typ != cborType {
		typ, _, _ = mime.ParseMediaType(typ)
	}
	return typ == cborType && resp.Header.Get("Content-Encoding") == ""
}

// page fills the page from an answer.
func (c *CBOR) page(to target, resp *smithyhttp.Response) error {
	err := decodeCBOR(resp.Body, resp.ContentLength, to.page, to.pool)
	switch {
	case err == nil:
		c.agree()
		return nil
	case errors.Is(err, ErrDialect):
		c.doubt(err, false)
	}
	return &smithy.DeserializationError{Err: err}
}

// inAnother has an answer that is in AWS JSON, or in nothing that we know, decoded
// by the protocol that knows AWS JSON. That of a server in trouble, or of what
// stands before it, says little of what the endpoint speaks, and nothing once that
// is known.
func (p cborProtocol) inAnother(ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry,
	resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	why := fmt.Errorf("%w: status %d, content type %q", ErrDialect, resp.StatusCode, resp.Header.Get("Content-Type"))
	trouble := resp.StatusCode >= 500 || resp.StatusCode == 429
	if trouble && p.cbor.state.Load() == agreed {
		return p.protocol.DeserializeResponse(ctx, op, types, resp, out)
	}
	p.cbor.doubt(why, !trouble)
	err := p.protocol.DeserializeResponse(ctx, op, types, resp, out)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", why, err)
}

// maxErrorBody is the longest body of an error that we read.
const maxErrorBody = 64 << 10

// failure has an error in AWS CBOR made what it is in AWS JSON.
func (p cborProtocol) failure(ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry,
	resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return &smithy.DeserializationError{Err: err}
	}
	text, code, ok := errorJSON(body)
	if !ok {
		p.cbor.doubt(fmt.Errorf("%w: an error of status %d", ErrDialect, resp.StatusCode), false)
		text = []byte("{}") // the headers may say more
	}
	resp.Body = again{bytes.NewReader(text), resp.Body}
	err = p.protocol.DeserializeResponse(ctx, op, types, resp, out)
	switch code[strings.LastIndexByte(code, '#')+1:] {
	case "SerializationException", "UnknownOperationException":
		why := fmt.Errorf("%w: %w", ErrDialect, err)
		p.cbor.doubt(why, true)
		return why
	}
	if ok {
		p.cbor.agree()
	}
	return err
}
