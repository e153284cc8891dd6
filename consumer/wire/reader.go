package wire

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// API is the SDK's call of GetRecords. It must heed the options that it is given,
// as the SDK's client does; one that does not is never called past.
type API interface {
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// Ask is what a GetRecords call asks for.
type Ask struct {
	Iterator  string
	StreamARN string // may be empty
	Limit     int32
}

func (a Ask) input() *kinesis.GetRecordsInput {
	in := &kinesis.GetRecordsInput{ShardIterator: aws.String(a.Iterator), Limit: aws.Int32(a.Limit)}
	if a.StreamARN != "" {
		in.StreamARN = aws.String(a.StreamARN)
	}
	return in
}

// Observer is who sees the SDK's calls through a middleware of its own, and the
// direct ones in another way. The zero value is nobody.
type Observer struct {
	// Middleware is the ID of the middleware, in the step Initialize. It sees each
	// call that goes through the SDK, and so each that fails: see [Began].
	Middleware string
	// Answered is told of each direct call that was answered with a page. It may be
	// called concurrently.
	Answered func(took time.Duration)
}

// Reader makes the GetRecords calls of one client: through the SDK, or directly
// where that is known to be the same. All shards of a process share one. It is safe
// for concurrent use.
type Reader struct {
	api  API
	pool *Pool
	opts []func(*kinesis.Options)

	cbor     *CBOR // nil is AWS JSON
	observer Observer
	direct   bool
	unfit    func(why string)
	told     sync.Once // unfit

	// template is what the direct calls are made from; nil sends the next call
	// through the SDK. Learning is set while one call looks for a new one.
	template atomic.Pointer[template]
	learning atomic.Bool
	// refused is until when no call looks for one, because the last one found that
	// this client is none for direct calls: nanoseconds since 1970.
	refused atomic.Int64
}

// ReaderOption changes a Reader under construction.
type ReaderOption func(*Reader)

// InCBOR has records asked for in AWS CBOR; nil is AWS JSON.
func InCBOR(c *CBOR) ReaderOption { return func(r *Reader) { r.cbor = c } }

// Directly lets calls be made without the SDK's middleware. O is told of those.
// Unfit is called, once at most, if a client turns out to be none for them.
func Directly(o Observer, unfit func(why string)) ReaderOption {
	return func(r *Reader) { r.direct, r.observer, r.unfit = true, o, unfit }
}

// WithOptions sets options of each call.
func WithOptions(opts ...func(*kinesis.Options)) ReaderOption {
	return func(r *Reader) { r.opts = opts }
}

// NewReader returns a reader with which every call goes through the SDK, decoded
// here, unless an option says otherwise.
func NewReader(api API, pool *Pool, opts ...ReaderOption) *Reader {
	r := &Reader{api: api, pool: pool, observer: Observer{Answered: func(time.Duration) {}}}
	for _, o := range opts {
		o(r)
	}
	if r.observer.Answered == nil {
		r.observer.Answered = func(time.Duration) {}
	}
	return r
}

// Read makes one call, or two if an answer in AWS CBOR was odd, and fills the page.
// It returns the time at the service, zero if the answer has none. Its errors are
// the SDK's, and leave the page empty.
func (r *Reader) Read(ctx context.Context, ask Ask, page *Page) (time.Time, error) {
	now, err := r.once(ctx, ask, page)
	if errors.Is(err, ErrDialect) {
		// The iterator stands where it stood, so nothing is left out.
		return r.throughSDK(ctx, ask, page, inJSON)
	}
	return now, err
}

func (r *Reader) once(ctx context.Context, ask Ask, page *Page) (time.Time, error) {
	if t := r.usable(ask); t != nil {
		if c := t.call(ctx, ask); c != nil {
			return r.finish(ctx, c, page)
		}
	}
	if !r.direct || time.Now().UnixNano() < r.refused.Load() || !r.learning.CompareAndSwap(false, true) {
		return r.throughSDK(ctx, ask, page, r.chosen)
	}
	defer r.learning.Store(false)
	l := lesson{ask: ask, observer: r.observer.Middleware}
	now, err := r.throughSDK(ctx, ask, page, r.chosen, l.attend)
	if err == nil {
		r.learnt(l.template, l.why())
	}
	return now, err
}

// learnt keeps what a call that succeeded has shown.
func (r *Reader) learnt(t *template, why string) {
	if t == nil {
		r.refused.Store(time.Now().Add(templateLife).UnixNano())
		r.told.Do(func() { r.unfit(why) })
		return
	}
	r.template.Store(t)
}

// usable returns the template if it is good for a call.
func (r *Reader) usable(ask Ask) *template {
	t := r.template.Load()
	if t == nil || !t.fits(ask, r.cbor.asks()) || time.Now().After(t.until) {
		return nil
	}
	return t
}

// finish makes of a direct call what the SDK would have made of it. Whatever is not
// a page is given to the SDK.
func (r *Reader) finish(ctx context.Context, c *directCall, page *Page) (time.Time, error) {
	page.Reset()
	now, ok := c.page(target{page, r.pool}, r.cbor)
	if !ok {
		r.template.CompareAndSwap(c.template, nil)
		return r.replay(ctx, c, page)
	}
	if c.template.estranged(now) {
		r.template.CompareAndSwap(c.template, nil)
	}
	r.observer.Answered(time.Since(c.began))
	return now, nil
}

// throughSDK makes a call with the SDK.
func (r *Reader) throughSDK(ctx context.Context, ask Ask, page *Page, opts ...func(*kinesis.Options)) (time.Time, error) {
	all := append(append(make([]func(*kinesis.Options), 0, len(r.opts)+len(opts)), r.opts...), opts...)
	out, err := r.api.GetRecords(Into(ctx, page, r.pool), ask.input(), all...)
	if err != nil {
		return time.Time{}, err
	}
	if !page.Filled() {
		FromSDK(out, page)
	}
	now, _ := awsmiddleware.GetServerTime(out.ResultMetadata)
	return now, nil
}

// chosen has the answer decoded here, in the protocol that was chosen as long as
// the endpoint speaks it.
func (r *Reader) chosen(o *kinesis.Options) { o.Protocol = r.cbor.Protocol(o.Protocol) }

// inJSON does so in AWS JSON.
func inJSON(o *kinesis.Options) { o.Protocol = NewProtocol(o.Protocol) }
