package handlers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"korestream/consumer"
)

// BatchHandler is a [Handler] that can take several events at once.
type BatchHandler interface {
	Handler
	// HandleBatch handles events of as many keys and tells of each what became of
	// it: an error as that of Handle, or nil. Nil in place of the list says that
	// all are handled. Only the events that failed are tried again. It is called
	// concurrently; it must return soon after ctx ends, and it must not change or
	// keep ds.
	HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error
}

// BatchPolicy says how many events go to a [BatchHandler] at once. The zero
// value gives it one at a time, by Handle.
type BatchPolicy struct {
	// MaxEvents is the most events of a batch. There are never more at once than
	// keys in flight: the consumer's lanes times the shards of this process.
	MaxEvents int
	// MaxWait is how long the first event of a batch waits for others.
	MaxWait time.Duration
}

// Validate names the first field that is out of bounds.
func (p BatchPolicy) Validate() error {
	switch {
	case p.MaxEvents < 0:
		return fmt.Errorf("field MaxEvents must not be negative (%d); 0 is one at a time", p.MaxEvents)
	case p.MaxWait < 0:
		return fmt.Errorf("field MaxWait must not be negative (%s)", p.MaxWait)
	case p.MaxEvents > 1 && p.MaxWait == 0:
		return errors.New("field MaxWait must be above 0, or no batch has more than one event")
	}
	return nil
}

// collector makes batches of the events that are handled at the same time. Each
// caller of Handle waits for its event's answer, so that keys stay serial and a
// retry is of one event; events of one key never meet in a batch.
type collector struct {
	next   BatchHandler
	policy BatchPolicy
	stats  *counters

	mu   sync.Mutex // guards open and what is in it
	open *openBatch // nil if no event waits
}

// openBatch is a batch that is still filled.
type openBatch struct {
	members []*member
	timer   *time.Timer
}

// member is one event of a batch, and whoever waits for it.
type member struct {
	ctx      context.Context
	delivery *consumer.Delivery
	answer   chan error // buffered: a batch never waits for a member
}

func newCollector(next BatchHandler, policy BatchPolicy, stats *counters) *collector {
	return &collector{next: next, policy: policy, stats: stats}
}

// Handle implements [Handler].
func (c *collector) Handle(ctx context.Context, d *consumer.Delivery) error {
	m := &member{ctx: ctx, delivery: d, answer: make(chan error, 1)}
	b := c.join(m)
	select {
	case err := <-m.answer:
		return err
	case <-ctx.Done():
	}
	if c.leave(b, m) {
		return context.Cause(ctx)
	}
	// It is under way, and no later event of the key may overtake it.
	return <-m.answer
}

// join puts an event into the open batch, and sends that if it is full now.
func (c *collector) join(m *member) *openBatch {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.open
	if b == nil {
		b = &openBatch{}
		b.timer = time.AfterFunc(c.policy.MaxWait, func() { c.expired(b) })
		c.open = b
	}
	b.members = append(b.members, m)
	if len(b.members) >= c.policy.MaxEvents {
		b.timer.Stop()
		c.open = nil
		go c.run(b.members)
	}
	return b
}

// expired sends a batch whose time is over.
func (c *collector) expired(b *openBatch) {
	c.mu.Lock()
	if c.open != b {
		c.mu.Unlock()
		return
	}
	c.open = nil
	c.mu.Unlock()
	c.run(b.members)
}

// leave takes an event out of its batch, if that is not under way yet.
func (c *collector) leave(b *openBatch, m *member) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != b {
		return false
	}
	for i, o := range b.members {
		if o == m {
			b.members = append(b.members[:i], b.members[i+1:]...)
			break
		}
	}
	if len(b.members) == 0 {
		b.timer.Stop()
		c.open = nil
	}
	return true
}

// errBatchCut is the cause with which a batch ends when one of its events may not
// be handled any longer.
var errBatchCut = errors.New("another event of the batch was cut off")

// run handles a batch. It ends with the first of its events that is out of time
// or whose shard is lost; the others are not to blame for that and come again.
func (c *collector) run(members []*member) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(members[0].ctx))
	defer cancel(nil)
	ds := make([]*consumer.Delivery, len(members))
	for i, m := range members {
		ds[i] = m.delivery
		stop := context.AfterFunc(m.ctx, func() { cancel(errBatchCut) })
		defer stop()
	}
	c.stats.batches.Add(1)
	errs := c.call(ctx, ds)
	for i, m := range members {
		var err error
		if errs != nil {
			err = errs[i]
		}
		if err != nil && m.ctx.Err() == nil && errors.Is(context.Cause(ctx), errBatchCut) {
			err = Unavailable(fmt.Errorf("%w: %w", errBatchCut, err))
		}
		m.answer <- err
	}
}

// call makes an answer for each event of whatever the handler does.
func (c *collector) call(ctx context.Context, ds []*consumer.Delivery) (errs []error) {
	defer func() {
		if r := recover(); r != nil {
			c.stats.panics.Add(1)
			errs = alike(&panicError{value: r, stack: debug.Stack()}, len(ds))
		}
	}()
	errs = c.next.HandleBatch(ctx, ds)
	if errs != nil && len(errs) != len(ds) {
		return alike(fmt.Errorf("handler answered for %d of %d events", len(errs), len(ds)), len(ds))
	}
	return errs
}

func alike(err error, n int) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
