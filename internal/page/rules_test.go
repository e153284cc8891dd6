package page

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// troublesome are moments with one thing in them that an operator should know.
var troublesome = map[string]struct {
	change  func(*Moment)
	level   Level
	title   string
	command string
}{
	"retention":         {func(m *Moment) { m.Shards[3].Behind = 20 * time.Hour }, Bad, "Losing records soon: shard 3, 4 h left", "korestream explain 3"},
	"retention is over": {func(m *Moment) { m.Shards[3].Behind = 25 * time.Hour }, Bad, "Losing records now: shard 3", "korestream explain 3"},
	"no owner":          {func(m *Moment) { m.Shards[1].Owner, m.Shards[1].Mine = "", false }, Bad, "No owner: shard 1", "korestream explain 1"},
	"letters failing":   {func(m *Moment) { m.Letters.FailingSince = m.At.Add(-time.Minute) }, Bad, "Dead letters cannot be written", "korestream doctor"},
	"a parked key":      {func(m *Moment) { m.Shards[2].Parked = 1 }, Bad, "1 key parked on shard 2", "korestream explain 2"},
	"parked keys":       {func(m *Moment) { m.Shards[2].Parked, m.Shards[0].Parked = 1, 4 }, Bad, "5 keys parked on shards 0 and 2", "korestream explain 0"},
	"parked elsewhere": {func(m *Moment) {
		m.Workers = append(m.Workers, Worker{ID: "w2", Alive: true, Parked: 2})
	}, Bad, "2 keys parked on worker w2", "korestream leases"},
	"breaker":    {func(m *Moment) { m.Breakers = []string{"archive"} }, Bad, "Handler archive fails for every SIM", "korestream leases"},
	"stuck":      {func(m *Moment) { m.Still = []string{"the heartbeat was not tried for 3m0s"} }, Bad, "This process stands still", "korestream health --live"},
	"table":      {func(m *Moment) { m.TableReadAt = m.At.Add(-time.Minute) }, Bad, "The lease table is out of reach", "korestream doctor"},
	"silent":     {func(m *Moment) { m.Workers = append(m.Workers, Worker{ID: "w2", Heartbeat: time.Minute}) }, Warn, "Gone without a word: worker w2", "korestream leases"},
	"throttled":  {func(m *Moment) { m.Shards[1].Hold, m.Shards[1].HoldFor = HoldThrottled, 20*time.Second }, Warn, "Reads are refused: shard 1", "korestream explain 1"},
	"failing":    {func(m *Moment) { m.Shards[1].Hold, m.Shards[1].HoldFor = HoldFailing, 20*time.Second }, Warn, "Kinesis cannot be read: shard 1", "korestream explain 1"},
	"checkpoint": {func(m *Moment) { m.Shards[1].Hold, m.Shards[1].Unsaved = HoldCheckpoint, 20*time.Second }, Warn, "No checkpoint written: shard 1", "korestream explain 1"},
	"behind":     {func(m *Moment) { m.Shards[1].Behind = 12 * time.Minute }, Warn, "Behind: shard 1, by 12 min", "korestream explain 1"},
	"waiting":    {func(m *Moment) { m.Waiting = 1 }, Warn, "1 event waits for a handler that failed", "korestream leases"},
	"letters": {func(m *Moment) {
		m.Letters.ByReason, m.Letters.LastAt, m.Letters.Last = map[string]int64{"x": 2}, m.At, "x"
	}, Warn, "Some events were given up on", "korestream dlq ls --since 1h"},
	"fails":               {func(m *Moment) { m.Shards[1].Hold, m.Shards[1].HoldFor = HoldFails, 2*time.Minute }, Warn, "Handler fails: shard 1", "korestream explain 1"},
	"waiting, on a shard": {func(m *Moment) { m.Waiting, m.Shards[1].Hold = 1, HoldParked }, Warn, "1 event waits for a handler that failed", "korestream explain 1"},
	"slow":                {func(m *Moment) { m.Shards[1].Hold, m.Shards[1].HoldFor = HoldHandler, 2*time.Minute }, Warn, "Slow handler: shard 1", "korestream explain 1"},
	"starting":            {func(m *Moment) { m.Phase, m.Shards = Starting, nil }, Note, "Starting", ""},
	"draining":            {func(m *Moment) { m.Phase = Draining }, Note, "Draining", ""},
	"not ready":           {func(m *Moment) { m.NotReady = "the lease table was not read yet" }, Note, "Not ready", "korestream health --ready"},
	"leaving": {func(m *Moment) {
		m.Workers = append(m.Workers, Worker{ID: "w2", Version: "v1", Alive: true, Draining: true})
	}, Note, "Leaving: worker w2", ""},
	"a deploy": {func(m *Moment) { m.Workers = append(m.Workers, Worker{ID: "w2", Version: "v2", Alive: true}) }, Note, "A deploy is under way", ""},
}

func everyFinding(t *testing.T) map[string]Finding {
	t.Helper()
	out := make(map[string]Finding)
	for name, tt := range troublesome {
		p := New(5 * time.Second)
		m := calm(5, dawn)
		tt.change(&m)
		p.Take(m)
		later := m
		later.At = dawn.Add(Span) // by now what passes has passed
		later.TableReadAt, later.Letters.LastAt = later.At.Add(m.TableReadAt.Sub(m.At)), later.At
		if m.Letters.LastAt.IsZero() {
			later.Letters.LastAt = m.Letters.LastAt
		}
		p.Take(later)
		out[name] = ask(t, p, "").Findings[0]
	}
	return out
}

func TestVerdict_SaysWhatIsWrongWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	got := everyFinding(t)
	for _, name := range slices.Sorted(maps.Keys(troublesome)) {
		f, want := got[name], troublesome[name]
		if f.Level != want.level || f.Title != want.title || f.Command != want.command {
			t.Errorf("%s:\ngot  %s %q, %q\nwant %s %q, %q", name, f.Level, f.Title, f.Command, want.level, want.title, want.command)
		}
		if !strings.HasSuffix(f.Detail, ".") && !strings.HasSuffix(f.Detail, "?") || len(f.Detail) > 250 {
			t.Errorf("%s: the detail is no sentence, or too long: %q", name, f.Detail)
		}
		if want.level.rank() > Note.rank() && f.Runbook == "" {
			t.Errorf("%s: the runbook is not named", name)
		}
	}
}

func TestVerdict_GoesByTheBoundsOfTheAlerts(t *testing.T) {
	t.Parallel()
	alerts, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, bound := range []string{
		fmt.Sprintf("(korestream_shard_behind_seconds) > %.0f", farBehind.Seconds()),
		fmt.Sprintf("(korestream_shard_retention_headroom_seconds) < %.0f * 3600", lowHeadroom.Hours()),
		fmt.Sprintf("(korestream_shard_checkpoint_age_seconds) > %.0f", unsavedTooOld.Seconds()),
		fmt.Sprintf(`(increase(korestream_events_total{outcome="dead_lettered"}[%.0fm])) > 0`, lettersRecent.Minutes()),
	} {
		if !strings.Contains(string(alerts), bound) {
			t.Errorf("no alert goes by %s: page and alerts must agree", bound)
		}
	}
}

func TestVerdict_IsTheWorst(t *testing.T) {
	t.Parallel()
	p := New(5 * time.Second)
	m := calm(5, dawn)
	m.Phase, m.Shards[1].Behind, m.Shards[4].Parked, m.Shards[2].Behind = Draining, 12*time.Minute, 1, 20*time.Hour
	p.Take(m)
	v := ask(t, p, "")
	var titles []string
	for _, f := range v.Findings {
		titles = append(titles, f.Title)
	}
	want := []string{"Losing records soon: shard 2, 4 h left", "1 key parked on shard 4", "Behind: shard 1, by 12 min", "Draining"}
	if !slices.Equal(titles, want) {
		t.Errorf("got %q, want %q", titles, want)
	}
	var order []string
	for _, s := range v.Shards {
		order = append(order, short(s.ID)+" "+s.Trouble)
	}
	if want := []string{"2 records expire", "4 parked", "1 behind", "0 ", "3 "}; !slices.Equal(order, want) {
		t.Errorf("shards: got %q, want %q", order, want)
	}
}

func TestVerdict_OfACalmMomentIsHealthy(t *testing.T) {
	t.Parallel()
	p := New(5 * time.Second)
	m := calm(5, dawn)
	m.Shards = append(m.Shards, Shard{ID: "shardId-000000000009", State: "waiting for its parents", Waits: true})
	p.Take(m)
	f := ask(t, p, "").Findings
	if len(f) != 1 || f[0].Title != "Healthy" || f[0].Detail != "5 shards read by 1 worker. Everything that has arrived is done." {
		t.Errorf("got %+v", f)
	}
}

func TestVerdict_TakesWhatOthersWroteForAtMost(t *testing.T) {
	t.Parallel()
	for behind, want := range map[time.Duration]string{
		50 * time.Second: "2 shards read by 1 worker. Nothing is known to wait.",
		90 * time.Second: "2 shards read by 1 worker. The oldest event that is not done came 90 s ago.",
	} {
		p := New(5 * time.Second)
		m := calm(2, dawn)
		m.Shards[1].Mine, m.Shards[1].Owner, m.Shards[1].AtMost, m.Shards[1].Behind = false, "w2", true, behind
		p.Take(m)
		v := ask(t, p, "")
		if got := v.Findings[0].Detail; got != want || (behind <= TableAge) != (*v.Totals.Behind < 1) {
			t.Errorf("%s: got %q and a lag of %v, want %q", behind, got, *v.Totals.Behind, want)
		}
	}
}

func TestVerdict_LeavesAFailoverToTheOthers(t *testing.T) {
	t.Parallel()
	p := New(13 * time.Second)
	m := calm(2, dawn)
	m.Shards[1].Owner, m.Shards[1].Mine = "", false
	for at, want := range map[time.Duration]string{0: "Shard 1 is being taken", 12 * time.Second: "Shard 1 is being taken", 14 * time.Second: "No owner: shard 1"} {
		m.At, m.TableReadAt = dawn.Add(at), dawn.Add(at)
		q := New(13 * time.Second)
		first := m
		first.At = dawn
		q.Take(first)
		q.Take(m)
		if got := ask(t, q, "").Findings[0].Title; got != want {
			t.Errorf("after %s: got %q, want %q", at, got, want)
		}
	}
	p.Take(calm(2, dawn.Add(time.Minute)))
	if got := ask(t, p, "").Findings[0].Title; got != "Healthy" {
		t.Errorf("taken: got %q", got)
	}
}

func TestVerdict_TellsOfTwoProcessesWithOneID(t *testing.T) {
	t.Parallel()
	p := New(time.Second)
	for i := range 3 {
		m := calm(1, dawn.Add(time.Duration(i)*Every))
		m.Workers = append(m.Workers, Worker{ID: "w2", Version: "v1", Alive: true, Refused: 7 + int64(i)/2})
		p.Take(m)
		title := ask(t, p, "").Findings[0].Title
		if two := title == "Two processes run as worker w2"; two != (i == 2) {
			t.Errorf("after %d moments: %q", i+1, title)
		}
	}
}

func TestCommand_HasNoWordsOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	for shard, want := range map[string]string{
		"shardId-000000000000": "korestream explain 0", "shardId-000000000120": "korestream explain 120",
		"shardId-1; rm -rf /": "korestream leases", "$(reboot)": "korestream leases", "": "korestream leases",
	} {
		if got := explain(shard); got != want {
			t.Errorf("%q: got %q, want %q", shard, got, want)
		}
	}
	for stream, want := range map[string]string{
		"kore-events":    "aws kinesis increase-stream-retention-period --stream-name kore-events --retention-period-hours 168",
		"kore; rm -rf /": "", "$(reboot)": "",
	} {
		s := &scene{Moment: Moment{Stream: stream, Retention: 24 * time.Hour}}
		if got := s.longerRetention(); got != want {
			t.Errorf("%q: got %q, want %q", stream, got, want)
		}
	}
}

func TestRoughly_IsForPeople(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0 s", 1500 * time.Millisecond: "1.5 s", 95 * time.Second: "95 s", 3 * time.Minute: "3 min",
		4*time.Hour + 5*time.Minute: "4 h 5 min", 24 * time.Hour: "1 d", 50 * time.Hour: "2 d 2 h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%d: got %q, want %q", d, got, want)
		}
	}
}
