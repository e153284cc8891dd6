package consumer

import (
	"go.uber.org/zap"

	"korestream/consumer/wire"
)

// Calls says how GetRecords is called.
type Calls string

// The ways of calling GetRecords.
const (
	// Direct: the calls that can be are made without the SDK's middleware, which is
	// most of what a call costs; the requests are the same. See [wire.Reader].
	Direct Calls = "direct"
	// SDK: each call goes through the SDK.
	SDK Calls = "sdk"
)

// CallWays lists the ways of calling.
func CallWays() []Calls { return []Calls{Direct, SDK} }

// WithCallObserver names who sees the calls of the SDK by a middleware of its own,
// and has it told of the direct ones. A client with a middleware that nobody is
// named for is called through the SDK.
func WithCallObserver(o wire.Observer) Option { return func(c *Consumer) { c.callObserver = o } }

// newReader returns what makes the GetRecords calls of all shards.
func (c *Consumer) newReader() *wire.Reader {
	opts := []wire.ReaderOption{wire.WithOptions(once), wire.InCBOR(newCBOR(c.cfg.Protocol, c.log))}
	if c.cfg.Calls == Direct {
		opts = append(opts, wire.Directly(c.callObserver, func(why string) {
			c.log.Info("calling GetRecords through the SDK", zap.String(KeyReason, why))
		}))
	}
	return wire.NewReader(c.kc, c.pages.pool, opts...)
}
