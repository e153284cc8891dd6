package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// DefaultImportWatch is how long a table is watched for signs of life unless
// told otherwise: longer than the failover time that Amazon's library has by
// default, 10 s, in which it renews each lease about three times.
const DefaultImportWatch = 12 * time.Second

// ImportOptions say what to import and how.
type ImportOptions struct {
	// Stream is the name of our stream. In a table of several streams only its
	// leases are imported; where two streams of one name are in the table it is
	// account:name:creationEpoch. It means nothing in a table of one stream.
	Stream string
	// Watch is how long to watch for a fleet that still runs. It must be longer
	// than that fleet's failover time; 0 is DefaultImportWatch.
	Watch time.Duration
	// DryRun says that everything is done but the writing.
	DryRun bool
}

// What became of a shard in an import.
const (
	ImportDone     = "imported"
	ImportThere    = "already there" // by an import before
	ImportFinished = "finished"      // imported as read to its end
	ImportSkipped  = "skipped"       // Reason says why
)

// ImportedShard is what an import did, or with DryRun would do, with one shard.
type ImportedShard struct {
	Shard string
	// Checkpoint is where the shard goes on; zero if it was skipped.
	Checkpoint Position
	// Action is one of the constants above.
	Action string
	// Reason says what is not as one would expect; empty if all is.
	Reason string
}

// ImportReport is the outcome of an import.
type ImportReport struct {
	From, Table string
	DryRun      bool
	Shards      []ImportedShard // by ID
	// Others counts the rows that are no leases, such as worker metrics.
	Others int
	// OtherStreams are the streams whose leases were left alone.
	OtherStreams []string
}

// ErrImportRefused is what every *ImportRefusedError is: nothing was imported
// because it might lose or repeat events, and somebody has to do something first.
var ErrImportRefused = errors.New("import refused")

// Why an import is refused. They are the reasons of ImportRefusedError.
const (
	RefusedOwnTable    = "this is korestream's own lease table"
	RefusedNoTable     = "there is no such table"
	RefusedUnfit       = "the table is no lease table of Amazon's library"
	RefusedOwnFleet    = "workers of korestream are alive"
	RefusedFleet       = "the other library's workers are alive"
	RefusedBadLease    = "there are leases that make no sense"
	RefusedNoLease     = "the table holds no lease of this stream"
	RefusedOtherStream = "the table is of another stream"
	RefusedAmbiguous   = "the table holds several streams of this name"
	RefusedMovedOn     = "leases here stand elsewhere already"
)

// ImportRefusedError says why an import is refused. errors.Is finds
// ErrImportRefused in it.
type ImportRefusedError struct {
	// Reason is one of the constants above.
	Reason string
	// Names are the table, workers, streams or shards that the reason speaks of.
	Names []string
	// Mend is what to do.
	Mend string
}

func (e *ImportRefusedError) Error() string {
	const most = 10 // of hundreds of shards the first ones tell enough
	names := strings.Join(e.Names[:min(len(e.Names), most)], ", ")
	if more := len(e.Names) - most; more > 0 {
		names = fmt.Sprintf("%s and %d more", names, more)
	}
	return fmt.Sprintf("%v: %s: %s; %s", ErrImportRefused, e.Reason, names, e.Mend)
}

// Is makes errors.Is(err, ErrImportRefused) true.
func (e *ImportRefusedError) Is(target error) bool { return target == ErrImportRefused }

// Import takes over where an application of Amazon's KCL 1.x, 2.x or 3.x has
// stopped: it reads that application's lease table and writes our leases, owned
// by nobody, into this store's table, which it creates as Init does. It is an
// offline move: neither application may run. Shards are the stream's, as just
// listed. No row is ever overwritten, so an import that was cut short is simply
// made again. The other table is only read.
//
// Errors are an *ImportRefusedError, after which nothing was written unless a
// worker of ours was started meanwhile; what Init or DynamoDB said; or ctx's. The
// report is complete only without one.
func (s *Store) Import(ctx context.Context, from string, shards []Shard, opt ImportOptions) (ImportReport, error) {
	report := ImportReport{From: from, Table: s.cfg.Table, DryRun: opt.DryRun}
	if from == s.cfg.Table {
		return report, &ImportRefusedError{RefusedOwnTable, []string{from}, "nothing is to be imported: " +
			"korestream goes on in such a table where its leases say; just run it"}
	}
	if err := s.inspect(ctx, from); err != nil {
		return report, err
	}
	l, err := s.watchTables(ctx, from, opt.Watch)
	if err != nil {
		return report, err
	}
	p := importPlan{from: from, table: s.cfg.Table, stream: opt.Stream, ours: l.ours, listed: make(map[string]Shard)}
	for _, sh := range shards {
		p.listed[sh.ID] = sh
	}
	if err := p.fill(l.theirs); err != nil {
		return report, err
	}
	report.Shards, report.Others, report.OtherStreams = p.shards, p.others, p.otherStreams()
	if opt.DryRun {
		return report, nil
	}
	if err := s.Init(ctx); err != nil {
		return report, err
	}
	for _, row := range p.rows {
		if err := s.importRow(ctx, row); err != nil {
			return report, err
		}
	}
	return report, nil
}

// inspect refuses a table to import from that is not there or holds something
// else, and a table of ours that does.
func (s *Store) inspect(ctx context.Context, from string) error {
	own, err := s.describe(ctx)
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing): // Init will say whether that is right
	case err != nil:
		return fmt.Errorf("describe lease table %s: %w", s.cfg.Table, err)
	default:
		if err := s.fit(own); err != nil {
			return err
		}
	}
	call, cancel := context.WithTimeout(ctx, s.cfg.callTimeout())
	defer cancel()
	out, err := s.rows.db.DescribeTable(call, &dynamodb.DescribeTableInput{TableName: &from})
	switch {
	case errors.As(err, &missing):
		return &ImportRefusedError{RefusedNoTable, []string{from}, "name the table of the application that was " +
			"stopped, in this account and region; it has the application's name unless that was told otherwise"}
	case err != nil:
		return fmt.Errorf("describe table %s: %w", from, err)
	case s.fit(out.Table) != nil:
		return &ImportRefusedError{RefusedUnfit, []string{from}, "name one that has leaseKey (S) as its only key: " +
			"the application's lease table, not that of its worker metrics or coordinator state"}
	}
	return nil
}

// tables is both tables as they were found.
type tables struct {
	theirs []item
	ours   content
}

// watchTables looks at both tables twice, and refuses if anything has moved
// between.
func (s *Store) watchTables(ctx context.Context, from string, watch time.Duration) (tables, error) {
	before, err := s.lookAtBoth(ctx, from)
	if err != nil {
		return before, err
	}
	if watch <= 0 {
		watch = DefaultImportWatch
	}
	if len(before.ours.workers) > 0 { // they may be dead: a bit longer than a failover tells
		watch = max(watch, s.cfg.Failover*6/5)
	}
	if err := sleep(ctx, watch); err != nil {
		return before, err
	}
	after, err := s.lookAtBoth(ctx, from)
	if err != nil {
		return after, err
	}
	var alive []string
	for id, w := range after.ours.workers {
		if before.ours.workers[id] != w {
			alive = append(alive, id)
		}
	}
	if len(alive) > 0 {
		slices.Sort(alive)
		return after, &ImportRefusedError{RefusedOwnFleet, alive, "stop them, and import again"}
	}
	if names := movers(before.theirs, after.theirs); len(names) > 0 {
		return after, &ImportRefusedError{RefusedFleet, names, fmt.Sprintf("something in table %s moved within %s: "+
			"stop that application, and import again", from, watch)}
	}
	return after, nil
}

// lookAtBoth reads both tables as they are now. A table of ours that is not there yet
// is empty.
func (s *Store) lookAtBoth(ctx context.Context, from string) (tables, error) {
	l := tables{ours: content{leases: make(map[string]LeaseRow), workers: make(map[string]workerRow)}}
	var err error
	theirs := rows{db: s.rows.db, table: from, timeout: s.rows.timeout}
	if l.theirs, err = theirs.everything(ctx); err != nil {
		return l, fmt.Errorf("scan table %s: %w", from, err)
	}
	items, err := s.rows.everything(ctx)
	var missing *types.ResourceNotFoundException
	if err != nil && !errors.As(err, &missing) {
		return l, fmt.Errorf("scan lease table %s: %w", s.cfg.Table, err)
	}
	for _, it := range items {
		if err := l.ours.add(it); err != nil {
			return l, fmt.Errorf("lease table %s: %w", s.cfg.Table, err)
		}
	}
	return l, nil
}

// everything reads the whole table as it is now: a checkpoint that was just
// made counts.
func (r *rows) everything(ctx context.Context) ([]item, error) {
	var items []item
	in := &dynamodb.ScanInput{TableName: &r.table, ConsistentRead: aws.Bool(true)}
	for {
		call, cancel := context.WithTimeout(ctx, r.timeout)
		out, err := r.db.Scan(call, in)
		cancel()
		if err != nil {
			return nil, err
		}
		items = append(items, out.Items...)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return items, nil
		}
	}
}

// importTries is how often a row is written before the import gives up, which
// loses nothing: it is made again.
const importTries = 5

// importRow writes one lease that must not be there, or be the same.
func (s *Store) importRow(ctx context.Context, row LeaseRow) error {
	for try := 1; ; try++ {
		err := s.rows.put(ctx, row.item())
		if err == nil {
			return nil
		}
		if old, failed := conditionFailed(err); failed {
			// The same was written by a try whose answer was lost.
			if l, err := leaseOf(old); err == nil && l.Checkpoint == row.Checkpoint {
				return nil
			}
			return movedOn(s.cfg.Table, []string{row.Shard})
		}
		if try == importTries || sleep(ctx, jitter(time.Second)) != nil {
			return fmt.Errorf("write lease of %s: %w", row.Shard, err)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
