package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	chk "github.com/vmware/vmware-go-kcl-v2/clientlibrary/checkpoint"
	par "github.com/vmware/vmware-go-kcl-v2/clientlibrary/partition"
)

// KCL is a Store as vmware-go-kcl-v2's Checkpointer. Its methods carry no
// context; the store bounds every call. It translates and decides nothing but
// which of the KCL's calls mean what.
//
// The KCL calls GetLease both to acquire and to renew. An acquisition follows a
// FetchCheckpoint of the same *ShardStatus, which leaves a token; a call for a
// status that the KCL itself counts as owned is a renewal. A renewal that is
// late, after the lease was released, has neither and acquires nothing.
type KCL struct {
	store *Store
	// acquired counts the leases that GetLease has acquired.
	acquired atomic.Int64

	mu sync.Mutex // guards tokens
	// tokens holds, by shard, the status that FetchCheckpoint was called for.
	tokens map[string]*par.ShardStatus
}

var _ chk.Checkpointer = (*KCL)(nil)

// NewKCL returns the adapter.
func NewKCL(s *Store) *KCL { return &KCL{store: s, tokens: make(map[string]*par.ShardStatus)} }

var errNotSupported = errors.New("korestream balances leases in its own store; lease stealing stays off")

// Init does nothing: the store was initialised before the Worker was started.
func (k *KCL) Init() error { return nil }

// FetchCheckpoint tells the KCL whether a shard is finished, and prepares its
// acquisition. Where to read from is no concern of the KCL's. While draining it
// fails, which ends whatever waits for a parent.
func (k *KCL) FetchCheckpoint(shard *par.ShardStatus) error {
	s := k.store
	s.mu.Lock()
	draining, row := s.draining, s.leases[shard.ID]
	s.mu.Unlock()
	if draining {
		return fmt.Errorf("checkpoint of %s: %s", shard.ID, WaitDraining)
	}
	if row.Finished() {
		shard.SetCheckpoint(chk.ShardEnd)
		return nil
	}
	shard.SetCheckpoint("")
	k.mu.Lock()
	k.tokens[shard.ID] = shard
	k.mu.Unlock()
	return chk.ErrSequenceIDNotFound
}

// takeToken tells whether FetchCheckpoint came before, and uses that up.
func (k *KCL) takeToken(shard *par.ShardStatus) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	had := k.tokens[shard.ID] == shard
	delete(k.tokens, shard.ID)
	return had
}

// GetLease renews the lease if the KCL holds it, from memory, and acquires it
// otherwise.
func (k *KCL) GetLease(shard *par.ShardStatus, worker string) error {
	token := k.takeToken(shard)
	if shard.GetLeaseOwner() == worker {
		if _, ok := k.store.Held(shard.ID); !ok {
			return fmt.Errorf("renew %s: %w", shard.ID, ErrLeaseLost)
		}
		return nil
	}
	if !token {
		return fmt.Errorf("%w: %s: renewal of a lease that is over", chk.ErrLeaseNotAcquired{}, shard.ID)
	}
	_, err := k.store.Acquire(context.Background(), shard.ID)
	if errors.Is(err, ErrNotAcquired) {
		return fmt.Errorf("%w%w", chk.ErrLeaseNotAcquired{}, err)
	}
	if err != nil {
		return err
	}
	shard.SetLeaseOwner(worker)
	k.acquired.Add(1)
	return nil
}

// Acquired returns how many leases the KCL has acquired so far. It is safe for
// concurrent use.
func (k *KCL) Acquired() int64 { return k.acquired.Load() }

// CheckpointSequence records the end of a shard. Other checkpoints do not go
// through the KCL.
func (k *KCL) CheckpointSequence(shard *par.ShardStatus) error {
	err := k.finish(shard)
	if err != nil {
		shard.SetCheckpoint("") // the KCL would take it as written
	}
	return err
}

func (k *KCL) finish(shard *par.ShardStatus) error {
	if at := shard.GetCheckpoint(); at != chk.ShardEnd {
		return fmt.Errorf("checkpoint %s of %s through the KCL: only %s is", at, shard.ID, chk.ShardEnd)
	}
	l, ok := k.store.Held(shard.ID)
	if !ok {
		return fmt.Errorf("end of %s: %w", shard.ID, ErrLeaseLost)
	}
	return l.Finish(context.Background())
}

// RemoveLeaseOwner releases a lease, whatever state it is in. The KCL calls it
// when it is done with a shard.
func (k *KCL) RemoveLeaseOwner(shard string) error {
	k.store.mu.Lock()
	l := k.store.held[shard]
	k.store.mu.Unlock()
	if l == nil {
		return nil
	}
	return l.Release(context.Background())
}

// RemoveLeaseInfo does nothing: the KCL would delete a lease as soon as a
// listing misses its shard. The store deletes by a safer rule.
func (k *KCL) RemoveLeaseInfo(string) error { return nil }

// GetLeaseOwner returns who owned the lease when the table was last read.
func (k *KCL) GetLeaseOwner(shard string) (string, error) {
	k.store.mu.Lock()
	defer k.store.mu.Unlock()
	return k.store.leases[shard].Owner, nil
}

// ListActiveWorkers is for lease stealing and is not supported.
func (k *KCL) ListActiveWorkers(map[string]*par.ShardStatus) (map[string][]*par.ShardStatus, error) {
	return nil, errNotSupported
}

// ClaimShard is for lease stealing and is not supported.
func (k *KCL) ClaimShard(*par.ShardStatus, string) error { return errNotSupported }
