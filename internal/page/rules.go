package page

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Level says how bad something is.
type Level string

// The levels, from the best to the worst.
const (
	OK   Level = "ok"
	Note Level = "note"
	Warn Level = "warn"
	Bad  Level = "bad"
)

func (l Level) rank() int { return slices.Index([]Level{OK, Note, Warn, Bad}, l) }

// Word and Sign are the level for people; format.js has the same.
func (l Level) Word() string { return []string{"OK", "Note", "Warning", "Critical"}[max(l.rank(), 0)] }

// Sign is one character, so that no colour carries the level alone.
func (l Level) Sign() string { return []string{"✓", "i", "!", "✕"}[max(l.rank(), 0)] }

// Finding is one thing that an operator should know.
type Finding struct {
	Level  Level  `json:"level"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// Command is what to run, after First if there is one; Runbook is the section of
	// docs/operations.md.
	First   string `json:"first,omitempty"`
	Command string `json:"command,omitempty"`
	Runbook string `json:"runbook,omitempty"`
}

// The bounds that findings go by. Those that an alert has are the alert's
// (deploy/prometheus/alerts.yaml), without its patience: who looks wants to see
// what is about to fire.
const (
	lowHeadroom   = 6 * time.Hour
	farBehind     = 5 * time.Minute
	tableSilence  = 30 * time.Second
	holdPatience  = 10 * time.Second
	slowPatience  = time.Minute
	unsavedTooOld = 5 * time.Minute
	lettersRecent = 10 * time.Minute
)

// scene is a moment and what only those before it tell.
type scene struct {
	Moment
	// free is for how long nobody has had a shard, as far as was seen.
	free map[string]time.Duration
	// patience is how long a shard may be nobody's: a failover and a little more.
	patience time.Duration
	// doubles are the IDs that two processes run under.
	doubles []string
}

// rules are asked in this order; of findings of one level the first stands first.
var rules = []func(*scene) []Finding{
	tableNotRead, headroomLow, shardsUnowned, lettersFailing, keysParked, keysParkedElsewhere, breakersOpen, standsStill,
	idsDoubled, workersSilent, notRead, notSaved, shardsBehind, eventsWaiting, lettersWritten, handlersFail, handlersSlow, underWay,
}

// judge returns what there is to know, the worst first; the first one is the
// verdict.
func (s *scene) judge() []Finding {
	var out []Finding
	for _, rule := range rules {
		out = append(out, rule(s)...)
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return b.Level.rank() - a.Level.rank() })
	if len(out) == 0 {
		out = []Finding{s.healthy()}
	}
	return out
}

func (s *scene) healthy() Finding {
	f := Finding{Level: OK, Title: "Healthy"}
	if !s.Consumes {
		f.Detail = "Webhooks are taken and put on the stream."
		return f
	}
	var worst time.Duration
	known, exact := 0, true
	for _, sh := range s.Shards {
		if sh.Known {
			known++
			worst = max(worst, sh.lag())
			exact = exact && sh.lag() == sh.Behind
		}
	}
	live := 0
	for _, w := range s.Workers {
		if w.Alive {
			live++
		}
	}
	f.Detail = fmt.Sprintf("%s read by %s.", count(s.readable(), "shard"), count(max(live, 1), "worker"))
	switch {
	case known == 0:
		f.Detail += " How far they are behind is not known yet."
	case worst < time.Second && !exact:
		f.Detail += " Nothing is known to wait."
	case worst < time.Second:
		f.Detail += " Everything that has arrived is done."
	default:
		f.Detail += " The oldest event that is not done came " + roughly(worst) + " ago."
	}
	return f
}

// readable counts the shards that should have an owner.
func (s *scene) readable() int {
	n := 0
	for _, sh := range s.Shards {
		if !sh.Waits {
			n++
		}
	}
	return n
}

// number is what people call a shard by: explain takes it.
var number = regexp.MustCompile(`^shardId-0*([0-9]+)$`)

// short is a shard's number, or its ID if it has another form.
func short(shard string) string {
	if m := number.FindStringSubmatch(shard); m != nil {
		return m[1]
	}
	return shard
}

// explain is the command that explains a shard. What is not a shard's number is
// left out, so that nothing of another origin comes into somebody's shell.
func explain(shard string) string {
	if m := number.FindStringSubmatch(shard); m != nil {
		return "korestream explain " + m[1]
	}
	return "korestream leases"
}

// streamName is what AWS lets a stream be named.
var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

// longerRetention is the command that buys a week, empty if there is one already.
func (s *scene) longerRetention() string {
	const week = 168 * time.Hour
	if s.Retention >= week || !streamName.MatchString(s.Stream) {
		return ""
	}
	return fmt.Sprintf("aws kinesis increase-stream-retention-period --stream-name %s --retention-period-hours %.0f", s.Stream, week.Hours())
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// shardsText names some shards: shard 3, or shards 3, 5 and 4 more.
func shardsText(shards []Shard) string {
	const named = 3
	if len(shards) == 1 {
		return "shard " + short(shards[0].ID)
	}
	var ids []string
	for _, s := range shards[:min(len(shards), named)] {
		ids = append(ids, short(s.ID))
	}
	if more := len(shards) - len(ids); more > 0 {
		return fmt.Sprintf("shards %s and %d more", strings.Join(ids, ", "), more)
	}
	return "shards " + strings.Join(ids[:len(ids)-1], ", ") + " and " + ids[len(ids)-1]
}

// which returns the shards that are so, by what ranks them.
func (s *scene) which(so func(Shard) bool, worst func(Shard) time.Duration) []Shard {
	var out []Shard
	for _, sh := range s.Shards {
		if so(sh) {
			out = append(out, sh)
		}
	}
	slices.SortStableFunc(out, func(a, b Shard) int { return cmp.Compare(worst(b), worst(a)) })
	return out
}

// roughly is a duration for people.
func roughly(d time.Duration) string {
	d = max(d, 0)
	two := func(a time.Duration, unit string, b time.Duration, sub string) string {
		whole, rest := d/a, d%a/b
		if rest == 0 {
			return fmt.Sprintf("%d %s", whole, unit)
		}
		return fmt.Sprintf("%d %s %d %s", whole, unit, rest, sub)
	}
	const day = 24 * time.Hour
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return two(time.Hour, "h", time.Minute, "min")
	}
	return two(day, "d", time.Hour, "h")
}
