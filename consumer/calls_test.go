package consumer

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	smithy "github.com/aws/smithy-go/middleware"

	"korestream/checkpoint"
	"korestream/consumer/wire"
	"korestream/localstack/embed"
)

// TestConsumer_CallsAsItIsTold: directly but for a few calls, also where some fail,
// or through the SDK.
func TestConsumer_CallsAsItIsTold(t *testing.T) {
	t.Parallel()
	for _, way := range CallWays() {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.quiet = true
				w.addFault(embed.Fault{Operation: "GetRecords", Kind: embed.Throttle, Rate: 0.1})
				var seen, direct atomic.Int64
				const id = "counts"
				w.kc = kinesis.NewFromConfig(w.ep.Config(), func(o *kinesis.Options) {
					o.APIOptions = append(o.APIOptions, func(s *smithy.Stack) error {
						return s.Initialize.Add(counting(id, &seen), smithy.After)
					})
				})
				s := &sink{}
				w.calls = wire.Observer{Middleware: id, Answered: func(time.Duration) { direct.Add(1) }}
				p := w.start("one", s, func(c *Config, _ *checkpoint.Config) { c.Calls = way })
				for range 30 {
					w.putEvents(1, testSIMs...)
					time.Sleep(time.Second)
				}
				w.awaitEvents(s)
				w.ep.Faults().Clear()
				w.must(p.stop())
				w.complete(s)
				sdks, ours := seen.Load(), direct.Load()
				if way == Direct && ours < 3*sdks || way == SDK && ours > 0 || ours+sdks < 60 {
					t.Errorf("got %d direct calls and %d through the SDK", ours, sdks)
				}
			})
		})
	}
}

// counting counts the calls of GetRecords that pass it.
func counting(id string, n *atomic.Int64) smithy.InitializeMiddleware {
	return smithy.InitializeMiddlewareFunc(id, func(ctx context.Context, in smithy.InitializeInput, next smithy.InitializeHandler) (smithy.InitializeOutput, smithy.Metadata, error) {
		if middleware.GetOperationName(ctx) == "GetRecords" {
			n.Add(1)
		}
		return next.HandleInitialize(ctx, in)
	})
}
