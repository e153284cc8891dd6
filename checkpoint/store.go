package checkpoint

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
)

// Store is what this process knows of the lease table and what it holds of it.
// It is safe for concurrent use. No call to DynamoDB is made under its lock.
type Store struct {
	cfg  Config
	rows rows
	log  *zap.Logger
	// instance tells this process from another one with the same worker ID.
	instance string
	pulse    *pulse
	// cpu tells the part of its processors that this process uses; nil says nothing.
	cpu func() float64
	// vitals tells how this worker is; nil says nothing.
	vitals func() Vitals
	// rescan and beat ask for a scan or a heartbeat now; each holds one wish.
	rescan, beat chan struct{}

	mu       sync.Mutex // guards all below
	shards   map[string]Shard
	absences map[string]int // how many listings in a row a known lease's shard was not in
	stream   Stream
	app      application
	settled  bool // app is known
	leases   map[string]LeaseRow
	// written is when this process last wrote a lease, so that a scan that
	// began before does not undo what is known of it.
	written   map[string]time.Time
	workers   map[string]workerRow
	watch     *watch
	freeSince map[string]time.Time
	assigned  map[string]string
	scannedAt time.Time
	saidGone  bool // that the table was deleted
	// beatAt and lookedAt are when the loops of Run last came round.
	beatAt, lookedAt time.Time
	emptySince       time.Time // since when the table lacks the application's row, zero if it has it
	seenAt           time.Time // when the last scan began: what it did not see moving had not moved by then
	held             map[string]*Lease
	taking           map[string]bool // leases whose taking is being written
	alive            bool            // the heartbeat is within its deadline
	losses           int             // how often alive was lost
	draining         bool
}

// Option changes a Store under construction.
type Option func(*Store)

// WithLogger sets the logger; without it nothing is logged.
func WithLogger(log *zap.Logger) Option { return func(s *Store) { s.log = log } }

// WithCPU sets what tells, from 0 to 1, how much of its processors this process
// uses: each heartbeat carries it. Without it the others do not know.
func WithCPU(used func() float64) Option { return func(s *Store) { s.cpu = used } }

// New returns a store that does nothing yet. The configuration must be valid.
func New(db DynamoDB, cfg Config, opts ...Option) *Store {
	s := &Store{
		cfg: cfg, rows: rows{db: db, table: cfg.Table, timeout: cfg.callTimeout()}, log: zap.NewNop(),
		instance: uuid.NewString(),
		rescan:   make(chan struct{}, 1), beat: make(chan struct{}, 1),
		shards: make(map[string]Shard), absences: make(map[string]int),
		leases: make(map[string]LeaseRow), written: make(map[string]time.Time), workers: make(map[string]workerRow),
		watch: newWatch(cfg.Failover), freeSince: make(map[string]time.Time), held: make(map[string]*Lease),
		taking: make(map[string]bool),
	}
	s.pulse = newPulse(cfg.deadline(), s.heartbeatOverdue)
	for _, o := range opts {
		o(s)
	}
	s.log = s.log.With(zap.String("table", cfg.Table), zap.String("worker", cfg.Worker))
	return s
}

// SetShards tells the store the stream's shards as they were just listed.
func (s *Store) SetShards(shards []Shard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := make(map[string]Shard, len(shards))
	for _, sh := range shards {
		listed[sh.ID] = sh
	}
	for id, l := range s.leases {
		if _, ok := listed[id]; ok {
			delete(s.absences, id)
			continue
		}
		if s.absences[id]++; s.absences[id] == absentFor && !l.Finished() && l.Generation == s.app.generation {
			s.log.Error("shard has left the stream before it was read to its end: what was not read of it is lost",
				zap.String("shard", id), zap.Stringer("checkpoint", l.Checkpoint))
		}
	}
	s.shards = listed
	s.reassign(time.Now())
}

// Held returns the lease of a shard that this process has and may work under.
func (s *Store) Held(shard string) (*Lease, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.held[shard]
	if !ok || l.ctx.Err() != nil {
		return nil, false
	}
	return l, true
}

// HeldShards returns the shards whose leases this process has, in order.
func (s *Store) HeldShards() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.held))
}

// Drain ends acquiring for good and tells the other workers to count this one
// out. Leases that are held stay until they are released.
func (s *Store) Drain() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	wish(s.beat)
}

func (s *Store) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// wish asks for something to be done soon; a wish that was not heard yet is as
// good as two.
func wish(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// learn notes a lease as this process has just written it.
func (s *Store) learn(row LeaseRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.leases[row.Shard]
	s.leases[row.Shard], s.written[row.Shard] = row, time.Now()
	// Nearly every write is of a checkpoint, which changes nothing of who should
	// have what; with hundreds of shards it would be computed hundreds of times a
	// second.
	if !known || !before.assignedAlike(row) {
		s.reassign(time.Now())
	}
}

// lose ends every lease held: another worker may take them from now on.
func (s *Store) lose(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alive = false
	s.losses++
	for _, l := range s.held {
		l.cancel(cause)
	}
}

// forget lets a lease go from memory, so that the shard can be acquired again.
func (s *Store) forget(l *Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[l.shard] == l {
		delete(s.held, l.shard)
	}
}
