package page

import (
	"fmt"
	"time"
)

func behind(s Shard) time.Duration { return s.Behind }

func (s *scene) headroom(sh Shard) time.Duration { return max(s.Retention-sh.Behind, 0) }

// isLow tells whether records of a shard are about to expire.
func (s *scene) isLow(sh Shard) bool {
	return sh.Known && s.Retention > 0 && s.headroom(sh) < lowHeadroom
}

func headroomLow(s *scene) []Finding {
	low := s.which(s.isLow, behind)
	if len(low) == 0 {
		return nil
	}
	f := Finding{
		Level: Bad, Runbook: "retention-headroom",
		Title: fmt.Sprintf("Losing records soon: %s, %s left", shardsText(low), roughly(s.headroom(low[0]))),
		Detail: fmt.Sprintf("The oldest unread record of shard %s is %s old and the stream keeps %s. Raise the retention first, then find what holds the shard.",
			short(low[0].ID), roughly(low[0].Behind), roughly(s.Retention)),
		First: s.longerRetention(), Command: explain(low[0].ID),
	}
	if s.headroom(low[0]) == 0 {
		f.Title = "Losing records now: " + shardsText(low)
	}
	return []Finding{f}
}

func shardsUnowned(s *scene) []Finding {
	free := s.which(func(sh Shard) bool { return sh.Owner == "" && !sh.Waits }, func(sh Shard) time.Duration { return s.free[sh.ID] })
	if len(free) == 0 || s.Phase != Working {
		return nil
	}
	longest := s.free[free[0].ID]
	if longest <= s.patience {
		return []Finding{{
			Level: Note, Title: capital(shardsText(free)) + " " + one(free, "is", "are") + " being taken",
			Detail:  fmt.Sprintf("Nobody has had %s for %s. After a crash that lasts about %s.", one(free, "it", "them"), roughly(longest), roughly(s.patience)),
			Command: explain(free[0].ID), Runbook: "no-owner",
		}}
	}
	return []Finding{{
		Level: Bad, Title: "No owner: " + shardsText(free),
		Detail:  fmt.Sprintf("Nobody has had shard %s for %s, so nobody reads it. Is there room for it (lease.max_per_worker), and are the workers well?", short(free[0].ID), roughly(longest)),
		Command: explain(free[0].ID), Runbook: "no-owner",
	}}
}

func keysParked(s *scene) []Finding {
	parked := s.which(func(sh Shard) bool { return sh.Parked > 0 }, func(sh Shard) time.Duration { return time.Duration(sh.Parked) })
	if len(parked) == 0 {
		return nil
	}
	n := 0
	for _, sh := range parked {
		n += sh.Parked
	}
	return []Finding{{
		Level: Bad, Title: fmt.Sprintf("%s parked on %s", count(n, "key"), shardsText(parked)),
		Detail:  fmt.Sprintf("An event of shard %s can be neither handled nor buried. Its SIM waits, other SIMs go on, and the checkpoint stays below it. Mend what explain names; a restart does not help.", short(parked[0].ID)),
		Command: explain(parked[0].ID), Runbook: "parked-keys",
	}}
}

func notRead(s *scene) []Finding {
	out := s.which(func(sh Shard) bool {
		return (sh.Hold == HoldThrottled || sh.Hold == HoldFailing) && sh.HoldFor >= holdPatience
	}, func(sh Shard) time.Duration { return sh.HoldFor })
	if len(out) == 0 {
		return nil
	}
	f := Finding{Level: Warn, Command: explain(out[0].ID)}
	if out[0].Hold == HoldThrottled {
		f.Title, f.Runbook = "Reads are refused: "+shardsText(out), "throttled"
		f.Detail = fmt.Sprintf("Kinesis has refused reads of shard %s for %s. Perhaps other readers use up its five a second.", short(out[0].ID), roughly(out[0].HoldFor))
	} else {
		f.Title, f.Runbook = "Kinesis cannot be read: "+shardsText(out), "behind"
		f.Detail = fmt.Sprintf("Shard %s was last read %s ago: a permission, a key, or the network.", short(out[0].ID), roughly(out[0].HoldFor))
	}
	return []Finding{f}
}

func notSaved(s *scene) []Finding {
	out := s.which(func(sh Shard) bool {
		return sh.Hold == HoldCheckpoint && sh.Unsaved >= holdPatience || sh.Unsaved >= unsavedTooOld
	}, func(sh Shard) time.Duration { return sh.Unsaved })
	if len(out) == 0 {
		return nil
	}
	return []Finding{{
		Level: Warn, Title: "No checkpoint written: " + shardsText(out),
		Detail:  fmt.Sprintf("Nothing of shard %s was checkpointed for %s; after a crash that is handled again.", short(out[0].ID), roughly(out[0].Unsaved)),
		Command: explain(out[0].ID), Runbook: "checkpoint-age",
	}}
}

func shardsBehind(s *scene) []Finding {
	out := s.which(func(sh Shard) bool { return sh.Known && sh.Behind > farBehind && !s.isLow(sh) }, behind)
	if len(out) == 0 {
		return nil
	}
	worst := out[0]
	when := "It does not catch up at this rate."
	if worst.Catches {
		when = "It has caught up in about " + roughly(worst.CatchUp) + "."
	}
	return []Finding{{
		Level: Warn, Title: fmt.Sprintf("Behind: %s, by %s", shardsText(out), roughly(worst.Behind)),
		Detail:  fmt.Sprintf("The oldest event of shard %s that is not done came %s ago. %s", short(worst.ID), roughly(worst.Behind), when),
		Command: explain(worst.ID), Runbook: "behind",
	}}
}

func handlersSlow(s *scene) []Finding {
	return s.handlers(HoldHandler, "Slow handler: ", "An event of shard %s has been in its handlers for %s. Its SIM waits.")
}

func handlersFail(s *scene) []Finding {
	return s.handlers(HoldFails, "Handler fails: ", "A handler has failed on an event of shard %s for %s and is tried again. Its SIM waits.")
}

// handlers names the shards that have waited long for their handlers; the detail
// has a shard and a time.
func (s *scene) handlers(hold, title, detail string) []Finding {
	out := s.which(func(sh Shard) bool { return sh.Hold == hold && sh.HoldFor >= slowPatience }, func(sh Shard) time.Duration { return sh.HoldFor })
	if len(out) == 0 {
		return nil
	}
	return []Finding{{
		Level: Warn, Title: title + shardsText(out),
		Detail:  fmt.Sprintf(detail, short(out[0].ID), roughly(out[0].HoldFor)),
		Command: explain(out[0].ID), Runbook: "behind",
	}}
}

func one(shards []Shard, single, several string) string {
	if len(shards) == 1 {
		return single
	}
	return several
}
