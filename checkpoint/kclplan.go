package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// importPlan works out what an import is to write. The first fields are given.
type importPlan struct {
	from, table, stream string
	ours                content
	listed              map[string]Shard

	leases  map[string]kclLease // of our stream, by shard
	others  int
	foreign map[string]bool // streams that are not ours

	succession *succession

	shards []ImportedShard
	rows   []LeaseRow // what is to be written
	// conflicts names the shards that have another place in our table.
	conflicts []string
}

// fill makes the plan from the rows of the other table, or refuses.
func (p *importPlan) fill(theirs []item) error {
	if err := p.sort(theirs); err != nil {
		return err
	}
	if err := p.sameStream(); err != nil {
		return err
	}
	p.succession = newSuccession(slices.Collect(maps.Values(p.listed)), func(id string) bool {
		_, leased := p.leases[id]
		return leased
	})
	ids := sortedKeys(p.leases)
	for id := range p.listed {
		if _, ok := p.leases[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		p.add(id)
	}
	if len(p.conflicts) > 0 {
		return movedOn(p.table, p.conflicts)
	}
	return nil
}

func movedOn(table string, shards []string) error {
	return &ImportRefusedError{RefusedMovedOn, shards, fmt.Sprintf("no lease is overwritten: to begin again from the other "+
		"table, delete this one (aws dynamodb delete-table --table-name %s) or give lease.table another name", table)}
}

// sort files the rows: leases of our stream, of others, and the rest.
func (p *importPlan) sort(theirs []item) error {
	p.leases, p.foreign = make(map[string]kclLease), make(map[string]bool)
	streams := make(map[string]bool)
	var bad []string
	for _, it := range theirs {
		switch kind := textOf(it, attrEntityType); {
		case kind == entityApplication || kind == entityWorker:
			return &ImportRefusedError{RefusedOwnTable, []string{p.from}, "nothing is to be imported: set lease.table to " + p.from}
		case !isKCLLease(it):
			p.others++
			continue
		}
		if id, _ := kclKey(textOf(it, attrKey)); id != "" && p.stream != id && p.stream != streamName(id) {
			p.foreign[id] = true
			continue
		}
		l, err := kclLeaseOf(it)
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		streams[l.stream] = true
		p.leases[l.row.Shard] = l
	}
	switch {
	case len(bad) > 0:
		slices.Sort(bad)
		return &ImportRefusedError{RefusedBadLease, bad, "put them right in table " + p.from + ", or delete these rows and read the shards from their beginning"}
	case len(streams) > 1:
		return &ImportRefusedError{RefusedAmbiguous, sortedKeys(streams), "say which one, as account:name:creationEpoch"}
	case len(p.leases) == 0:
		return &ImportRefusedError{RefusedNoLease, append([]string{p.from}, p.otherStreams()...), "name the table, and the stream, of the application that was stopped"}
	}
	return nil
}

func (p *importPlan) otherStreams() []string { return sortedKeys(p.foreign) }

// sameStream refuses leases of a stream that cannot be ours: all streams' shards
// have the same IDs, and begin at places that mean nothing elsewhere.
func (p *importPlan) sameStream() error {
	mend := "korestream reads the stream that its configuration names; name the table of the application that read it"
	if app := p.ours.app; app != nil && app.stream.Name != "" && p.stream != "" && app.stream.Name != streamName(p.stream) {
		return &ImportRefusedError{RefusedOtherStream, []string{p.table + " is of " + app.stream.Name}, "set lease.table to another name"}
	}
	var other []string
	for id, l := range p.leases {
		sh, ok := p.listed[id]
		if ok && (differ(sh.StartingHashKey, l.row.StartingHashKey) || differ(sh.EndingHashKey, l.row.EndingHashKey)) {
			other = append(other, id+" has another range of hash keys there")
		}
	}
	if len(other) > 0 {
		slices.Sort(other)
		return &ImportRefusedError{RefusedOtherStream, other, mend}
	}
	return nil
}

// differ tells whether two numbers that are both known are not the same.
func differ(a, b string) bool { return a != "" && b != "" && CompareSequenceNumbers(a, b) != 0 }

// add plans one shard.
func (p *importPlan) add(id string) {
	sh, listed := p.listed[id]
	l, leased := p.leases[id]
	out := ImportedShard{Shard: id, Action: ImportDone}
	row := l.row
	switch {
	case !leased:
		row = LeaseRow{Shard: id}
		row.Checkpoint.SequenceNumber, out.Reason = p.unleased(id)
	case !listed && !row.Finished():
		p.shards = append(p.shards, ImportedShard{Shard: id, Action: ImportSkipped, Reason: "the stream has no such shard any more: what it held has expired"})
		return
	default:
		row.Checkpoint, out.Reason = placeOf(l)
	}
	row.Owner, row.Heir, row.AcquiredAt, row.Generation = "", "", time.Time{}, 1
	if p.ours.app != nil {
		row.Generation = p.ours.app.generation
	}
	if listed {
		row = completed(row, sh)
	}
	out.Checkpoint = row.Checkpoint
	if row.Finished() {
		out.Action = ImportFinished
	}
	p.compare(row, &out)
	p.shards = append(p.shards, out)
}

// placeOf returns where a leased shard goes on. LATEST and AT_TIMESTAMP say that
// the shard was never checkpointed, and of the latter only the application's own
// configuration knew the time: from the beginning nothing is lost.
func placeOf(l kclLease) (at Position, reason string) {
	at = l.row.Checkpoint
	switch {
	case at.IsZero():
		return Position{SequenceNumber: TrimHorizon}, "never checkpointed: from its beginning"
	case at.SequenceNumber == Latest || at.SequenceNumber == AtTimestamp:
		return Position{SequenceNumber: TrimHorizon}, "never checkpointed (" + at.SequenceNumber + "): from its beginning, so that nothing is lost"
	case at.IsSentinel():
		at.SubSequenceNumber = 0 // it means nothing there
	}
	if l.pending != "" {
		return at, "the checkpoint " + l.pending + " was prepared and never made: it does not count"
	}
	return at, ""
}

// unleased returns where a shard begins that the other table has no lease of.
func (p *importPlan) unleased(id string) (sequenceNumber, reason string) {
	if p.succession.done(id) {
		return ShardEnd, "no lease there, and all its children have one or had: done with"
	}
	return TrimHorizon, "no lease there: from its beginning"
}

// completed adds what older versions did not write of a shard.
func completed(row LeaseRow, sh Shard) LeaseRow {
	if len(row.Parents) == 0 {
		row.Parents = sh.Parents
	}
	if len(row.Children) == 0 {
		row.Children = sh.Children
	}
	if row.StartingHashKey == "" || row.EndingHashKey == "" {
		row.StartingHashKey, row.EndingHashKey = sh.StartingHashKey, sh.EndingHashKey
	}
	return row
}

// compare plans the writing of a row unless our table has it, or has the shard
// settled elsewhere.
func (p *importPlan) compare(row LeaseRow, out *ImportedShard) {
	own, there := p.ours.leases[row.Shard]
	app := p.ours.app
	switch {
	case there && own.Checkpoint == row.Checkpoint && own.Generation >= row.Generation:
		out.Action = ImportThere
	case there:
		p.conflicts = append(p.conflicts, fmt.Sprintf("%s (%s here, %s there)", row.Shard, own.Checkpoint, row.Checkpoint))
	case app != nil && app.startOf(row.Shard).SequenceNumber != TrimHorizon:
		// An import cut short here would leave the rest to begin too late.
		p.conflicts = append(p.conflicts, fmt.Sprintf("%s (to begin at %s here)", row.Shard, app.start))
	default:
		p.rows = append(p.rows, row)
	}
}
