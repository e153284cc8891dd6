package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrNoRecords is why an answer of GetRecords made under [Into] is refused that
// the SDK would take: it has no list of records, not even an empty one, and no
// children, and so says nothing. The SDK makes of it, and of an empty body, the end of the shard.
var ErrNoRecords = errors.New("an answer of GetRecords has no list of records")

type target struct {
	page *Page
	pool *Pool
}

type targetKey struct{}

// Into returns a context in which a GetRecords call of a client with our protocol
// fills page instead of its output. The page must not be used before the call
// returned; after it, see [Page.Filled]. If the call fails the page is empty.
func Into(ctx context.Context, page *Page, pool *Pool) context.Context {
	page.Reset()
	return context.WithValue(ctx, targetKey{}, target{page, pool})
}

// protocol decodes what is for a page, and leaves everything else to the SDK.
type protocol struct{ smithyhttp.ClientProtocol }

// NewProtocol wraps the SDK's own protocol, AWS JSON 1.1, to be set as
// kinesis.Options.Protocol. Calls of GetRecords made under [Into] are decoded
// here; all other calls, errors and whatever is unlike what Kinesis answers are
// decoded by next, from the same bytes.
func NewProtocol(next smithyhttp.ClientProtocol) smithyhttp.ClientProtocol {
	return protocol{next}
}

// DeserializeResponse implements smithyhttp.ClientProtocol.
func (p protocol) DeserializeResponse(ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry,
	resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	to, ok := ctx.Value(targetKey{}).(target)
	output, isGet := out.(*kinesis.GetRecordsOutput)
	if !ok || !isGet || resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	}
	if plainJSON(resp) && fill(to, resp) {
		return nil
	}
	if err := guarded(func() error {
		return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
	}); err != nil {
		return err
	}
	if output.Records == nil && len(output.ChildShards) == 0 {
		return &smithy.DeserializationError{Err: ErrNoRecords}
	}
	return nil
}

// guarded makes an error of a panic. The SDK's decoder panics for a timestamp of
// "NaN" (seen with smithy-go 1.28.9); no answer may end the process.
func guarded(decode func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &smithy.DeserializationError{Err: fmt.Errorf("the SDK's decoder panicked: %v", r)}
		}
	}()
	return decode()
}

// plainJSON tells whether the body is AWS JSON that nothing has to unpack.
func plainJSON(resp *smithyhttp.Response) bool {
	encoding := resp.Header.Get("Content-Encoding")
	typ := resp.Header.Get("Content-Type")
	if encoding != "" {
		return false
	}
	if typ == contentType {
		return true
	}
	typ, _, err := mime.ParseMediaType(typ)
	return err == nil && typ == contentType
}

const contentType = "application/x-amz-json-1.1"

// fill decodes the body into the page. If it cannot, the response has a body
// again that reads as the one it came with.
func fill(to target, resp *smithyhttp.Response) bool {
	bodies := &to.pool.bodies
	buf, n, err := bodies.read(resp.Body, resp.ContentLength)
	if err == nil && n < maxBody && decode(getRecords, buf[:n], to.page, to.pool) {
		bodies.put(buf)
		return true
	}
	// The buffer is the new body's from here on.
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failing{err}
	}
	resp.Body = again{io.MultiReader(bytes.NewReader(buf[:n]), rest), resp.Body}
	return false
}

// again is a body with what was read of it put back.
type again struct {
	io.Reader
	io.Closer
}

// failing is the rest of a body that could not be read on.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
