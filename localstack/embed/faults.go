package embed

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"korestream/localstack/embed/internal/awsjson"
)

// Faults are an endpoint's knobs for what goes wrong. They are safe for
// concurrent use. A request is hit by the first matching fault, in the order in
// which they were added, whose rate says so; slow ones are added up and leave
// the request to the others.
type Faults struct {
	endpoint *Endpoint
	// active is how many faults there are, so that requests need no lock while
	// there are none.
	active atomic.Int32

	mu   sync.Mutex // guards everything below
	rng  *rand.Rand
	list []*Injected
}

// Injected is a fault that was added.
type Injected struct {
	fault  Fault
	faults *Faults
	hits   atomic.Int64
}

func newFaults(e *Endpoint) *Faults {
	return &Faults{endpoint: e, rng: rand.New(rand.NewPCG(0, 0))}
}

// Seed starts the generator that decides what faults with a rate hit over
// again. With one client the same requests are hit each time.
func (f *Faults) Seed(seed uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rng = rand.New(rand.NewPCG(seed, 0))
}

// SetClockOffset moves the endpoint's clock, and with it the Date of its
// answers, by so much against its real one.
func (f *Faults) SetClockOffset(offset time.Duration) { f.endpoint.offset.Store(int64(offset)) }

// Add adds a fault. The result counts its hits and removes it.
func (f *Faults) Add(fault Fault) *Injected {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := &Injected{fault: fault, faults: f}
	f.list = append(f.list, in)
	f.active.Store(int32(len(f.list)))
	return in
}

// Clear removes all faults. The clock's offset stays.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
	f.active.Store(0)
}

// Remove ends the fault. Requests that it hit already stay hit.
func (i *Injected) Remove() {
	f := i.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(o *Injected) bool { return o == i })
	f.active.Store(int32(len(f.list)))
}

// Hits is how many requests (records, for FailRecord) were hit.
func (i *Injected) Hits() int { return int(i.hits.Load()) }

// request is what faults are matched against.
type request struct {
	service, operation, resource, shard string
}

func (i *Injected) matches(r request) bool {
	f := &i.fault
	switch {
	case f.Service != "" && f.Service != r.service,
		f.Operation != "" && f.Operation != r.operation,
		f.Stream != "" && (f.Stream != r.resource || r.service != Kinesis),
		f.Table != "" && (f.Table != r.resource || r.service != DynamoDB),
		f.Shard != "" && f.Shard != r.shard:
		return false
	case f.Kind == ExpireIterator:
		return r.service == Kinesis && r.operation == "GetRecords"
	case f.Kind == KMSError:
		return r.service == Kinesis
	}
	return true
}

// strike tells whether the fault hits this time. The caller holds mu.
func (f *Faults) strike(i *Injected) bool {
	if i.fault.Count > 0 && i.Hits() >= i.fault.Count {
		return false
	}
	if i.fault.Rate > 0 && f.rng.Float64() >= i.fault.Rate {
		return false
	}
	i.hits.Add(1)
	return true
}

// strikeRequest returns what hits a request: one fault or nil, and a delay.
func (f *Faults) strikeRequest(r request) (*Fault, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var delay time.Duration
	for _, i := range f.list {
		if i.fault.Kind == FailRecord || !i.matches(r) || !f.strike(i) {
			continue
		}
		if i.fault.Kind != Slow {
			return &i.fault, delay
		}
		delay += i.fault.Delay
	}
	return nil, delay
}

// record is what hits one record of a PutRecords, or nil.
func (f *Faults) record(stream, shard string) *awsjson.Error {
	if f.active.Load() == 0 {
		return nil
	}
	r := request{Kinesis, "PutRecords", stream, shard}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.list {
		if i.fault.Kind == FailRecord && i.matches(r) && f.strike(i) {
			return f.endpoint.failure(&i.fault, r)
		}
	}
	return nil
}
