package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"korestream/consumer/wire"
	"korestream/handlers"
)

// durations measures handlers and how old events are.
type durations struct {
	age     prometheus.Histogram
	handler *prometheus.HistogramVec
}

var _ handlers.Observer = (*durations)(nil)

func newDurations() *durations {
	return &durations{
		age:     prometheus.NewHistogram(mAge.opts(.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4*3600, 12*3600, 24*3600)),
		handler: prometheus.NewHistogramVec(mHandler.opts(.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60), mHandler.labels),
	}
}

// Dispatched implements [handlers.Observer].
func (d *durations) Dispatched(age time.Duration) { d.age.Observe(max(age, 0).Seconds()) }

// Handled implements [handlers.Observer].
func (d *durations) Handled(handler string, took time.Duration) {
	d.handler.WithLabelValues(handler).Observe(took.Seconds())
}

// awsCalls counts and times the calls to AWS. One of ours is one, however often
// the SDK tries it.
type awsCalls struct {
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newAWSCalls() *awsCalls {
	return &awsCalls{
		total:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: mCalls.name, Help: mCalls.help}, mCalls.labels),
		seconds: prometheus.NewHistogramVec(mCallSeconds.opts(.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15), mCallSeconds.labels),
	}
}

// watch has the calls of all clients that are made from cfg counted.
func (c *awsCalls) watch(cfg *aws.Config) {
	count := middleware.InitializeMiddlewareFunc(callsMiddleware, func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		began, ok := wire.Began(ctx)
		if !ok {
			began = time.Now()
		}
		out, meta, err := next.HandleInitialize(ctx, in)
		service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		c.total.WithLabelValues(service, operation, callOutcome(err)).Inc()
		c.seconds.WithLabelValues(service, operation).Observe(time.Since(began).Seconds())
		return out, meta, err
	})
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(s *middleware.Stack) error {
		return s.Initialize.Add(count, middleware.After)
	})
}

// callsMiddleware is the ID of what watch adds.
const callsMiddleware = "korestream calls"

// ofRecords counts the calls of GetRecords that are answered without the SDK.
func (c *awsCalls) ofRecords() wire.Observer {
	const operation = "GetRecords"
	answered := c.total.WithLabelValues(kinesis.ServiceID, operation, callOutcome(nil))
	seconds := c.seconds.WithLabelValues(kinesis.ServiceID, operation)
	return wire.Observer{Middleware: callsMiddleware, Answered: func(took time.Duration) {
		answered.Inc()
		seconds.Observe(took.Seconds())
	}}
}

// callOutcome is how a call went in one word.
func callOutcome(err error) string {
	var refused smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &refused):
		return refused.ErrorCode()
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "unreachable"
}
