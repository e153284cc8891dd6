package page

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func tableNotRead(s *scene) []Finding {
	if !s.Consumes || s.Phase == Starting || s.TableReadAt.IsZero() || s.At.Sub(s.TableReadAt) < max(tableSilence, s.patience) {
		return nil
	}
	return []Finding{{
		Level: Bad, Title: "The lease table is out of reach",
		Detail:  fmt.Sprintf("It was last read %s ago. What is shown of other workers and their shards is as old.", roughly(s.At.Sub(s.TableReadAt))),
		Command: "korestream doctor", Runbook: "lease-table",
	}}
}

func lettersFailing(s *scene) []Finding {
	if s.Letters.FailingSince.IsZero() {
		return nil
	}
	return []Finding{{
		Level: Bad, Title: "Dead letters cannot be written",
		Detail:  fmt.Sprintf("For %s. Their SIMs wait and the checkpoints stay below them. Mend the place of the letters (%s); it goes on by itself.", roughly(s.At.Sub(s.Letters.FailingSince)), s.Letters.Kind),
		Command: "korestream doctor", Runbook: "dead-letters-failing",
	}}
}

func keysParkedElsewhere(s *scene) []Finding {
	var who []string
	n := 0
	for _, w := range s.Workers {
		if !w.Mine && w.Alive && w.Parked > 0 {
			who = append(who, w.ID)
			n += int(w.Parked)
		}
	}
	if n == 0 {
		return nil
	}
	return []Finding{{
		Level: Bad, Title: fmt.Sprintf("%s parked on %s", count(n, "key"), several(who, "worker")),
		Detail:  "That worker's own page says on which shards; in the table here they are those of it that fall behind.",
		Command: "korestream leases", Runbook: "parked-keys",
	}}
}

func breakersOpen(s *scene) []Finding {
	if len(s.Breakers) == 0 {
		return nil
	}
	return []Finding{{
		Level: Bad, Title: capital(several(s.Breakers, "handler")) + " fails for every SIM",
		Detail:  "Nothing is given up and shards fall behind. Mend what the handler writes to; the backlog is worked off by itself.",
		Command: "korestream leases", Runbook: "breaker",
	}}
}

func standsStill(s *scene) []Finding {
	if len(s.Still) == 0 {
		return nil
	}
	return []Finding{{
		Level: Bad, Title: "This process stands still",
		Detail:  s.Still[0] + ". That is a defect: keep its log and restart it.",
		Command: "korestream health --live", Runbook: "down",
	}}
}

func idsDoubled(s *scene) []Finding {
	if len(s.doubles) == 0 {
		return nil
	}
	return []Finding{{
		Level: Bad, Title: "Two processes run as " + several(s.doubles, "worker"),
		Detail:  "Only the first of them works. Give each process an ID of its own, or none.",
		Command: "korestream doctor", Runbook: "no-owner",
	}}
}

func workersSilent(s *scene) []Finding {
	var who []string
	var longest time.Duration
	for _, w := range s.Workers {
		if !w.Alive && !w.Mine && s.Phase == Working {
			who = append(who, w.ID)
			longest = max(longest, w.Heartbeat)
		}
	}
	if len(who) == 0 {
		return nil
	}
	return []Finding{{
		Level: Warn, Title: "Gone without a word: " + several(who, "worker"),
		Detail:  fmt.Sprintf("No heartbeat for %s. Others take its shards; its row is removed after a while.", roughly(longest)),
		Command: "korestream leases", Runbook: "down",
	}}
}

func eventsWaiting(s *scene) []Finding {
	if s.Waiting == 0 {
		return nil
	}
	wait := " wait"
	if s.Waiting == 1 {
		wait = " waits"
	}
	f := Finding{
		Level: Warn, Title: count(int(s.Waiting), "event") + wait + " for a handler that failed",
		Detail:  "retry.on_exhausted is park: they go on when their handler succeeds.",
		Command: "korestream leases", Runbook: "parked-events",
	}
	if on := s.which(func(sh Shard) bool { return sh.Hold == HoldParked }, func(sh Shard) time.Duration { return sh.HoldFor }); len(on) > 0 {
		f.Command = explain(on[0].ID)
	}
	return []Finding{f}
}

func lettersWritten(s *scene) []Finding {
	l := s.Letters
	if l.LastAt.IsZero() || s.At.Sub(l.LastAt) > lettersRecent {
		return nil
	}
	var n int64
	for _, k := range l.ByReason {
		n += k
	}
	title := "Some events were given up on"
	if n == 1 {
		title = "An event was given up on"
	}
	return []Finding{{
		Level: Warn, Title: title,
		Detail:  fmt.Sprintf("%s since this process began, the last for %s. They are kept whole.", count(int(n), "dead letter"), l.Last),
		Command: "korestream dlq ls --since 1h", Runbook: "dead-letters",
	}}
}

// underWay tells of what is no trouble and passes.
func underWay(s *scene) []Finding {
	var out []Finding
	switch {
	case s.Phase == Starting:
		out = append(out, Finding{Level: Note, Title: "Starting", Detail: "The stream is being checked and the lease table read."})
	case s.Phase == Draining:
		out = append(out, Finding{Level: Note, Title: "Draining", Detail: "It was asked to stop: what was begun is finished, checkpointed and released."})
	case s.NotReady != "":
		out = append(out, Finding{Level: Note, Title: "Not ready", Detail: capital(s.NotReady) + ".", Command: "korestream health --ready", Runbook: "not-ready"})
	}
	var leaving, versions []string
	for _, w := range s.Workers {
		if !w.Mine && w.Alive && w.Draining {
			leaving = append(leaving, w.ID)
		}
		if w.Alive && w.Version != "" && !slices.Contains(versions, w.Version) {
			versions = append(versions, w.Version)
		}
	}
	if len(leaving) > 0 {
		out = append(out, Finding{Level: Note, Title: "Leaving: " + several(leaving, "worker"), Detail: "What it has is handed over; nothing is handled twice."})
	}
	if len(versions) > 1 {
		out = append(out, Finding{Level: Note, Title: "A deploy is under way", Detail: "The workers run " + strings.Join(versions, " and ") + ".", Runbook: "deploys"})
	}
	return out
}

// several names one, or says how many there are.
func several(names []string, what string) string {
	if len(names) == 1 {
		return what + " " + names[0]
	}
	return fmt.Sprintf("%d %ss", len(names), what)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
