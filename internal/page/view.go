package page

import (
	"math"
	"slices"
	"time"
)

// maxRows bounds the shards that are shown: the worst.
const maxRows = 256

// view is a moment as /page.json has it. Times are in milliseconds since 1970,
// durations in seconds, and what is null is not known.
type view struct {
	Boot        int64        `json:"boot"`
	At          int64        `json:"at"`
	Every       int64        `json:"every"`
	Stream      string       `json:"stream"`
	Application string       `json:"application"`
	Worker      string       `json:"worker"`
	Version     string       `json:"version"`
	StartedAt   int64        `json:"started_at"`
	Phase       Phase        `json:"phase"`
	Consumes    bool         `json:"consumes"`
	Retention   *float64     `json:"retention"`
	Findings    []Finding    `json:"findings"`
	Totals      totals       `json:"totals"`
	Shards      []shardView  `json:"shards"`
	Hidden      int          `json:"hidden"` // shards that are not in the list, none of them worse
	Workers     []workerView `json:"workers"`
	Moves       []move       `json:"moves"`
	Lines       []lineView   `json:"lines"`
	Letters     lettersView  `json:"letters"`
}

// totals are those of the whole application, as far as this process knows.
type totals struct {
	Rate         float64  `json:"rate"`
	OwnRate      float64  `json:"own_rate"`
	Behind       *float64 `json:"behind"`
	BehindShard  string   `json:"behind_shard"`
	Headroom     *float64 `json:"headroom"`
	Parked       int64    `json:"parked"`
	DeadLetters  int64    `json:"dead_letters"`
	Readable     int      `json:"readable"`
	Mine         int      `json:"mine"`
	Unowned      int      `json:"unowned"`
	Waiting      int      `json:"waiting"`
	Finished     int      `json:"finished"`
	Workers      int      `json:"workers"`
	EventsParked int64    `json:"events_parked"`
}

type shardView struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Level    Level     `json:"level"`
	State    string    `json:"state"`
	Trouble  string    `json:"trouble"` // in a word or two what makes the level, empty if it is ok
	Owner    string    `json:"owner"`
	Mine     bool      `json:"mine"`
	Since    int64     `json:"since"`
	Behind   *float64  `json:"behind"`
	AtMost   bool      `json:"at_most"`
	Headroom *float64  `json:"headroom"`
	CatchUp  *float64  `json:"catch_up"`
	Rate     *float64  `json:"rate"` // events a second
	KiB      float64   `json:"kib"`
	Parked   *int      `json:"parked"`
	InFlight int       `json:"in_flight"`
	Hold     string    `json:"hold"`
	HoldFor  float64   `json:"hold_for"`
	Last     *lineView `json:"last"`
	lag      time.Duration
}

type workerView struct {
	ID        string   `json:"id"`
	Address   string   `json:"address"`
	Version   string   `json:"version"`
	StartedAt int64    `json:"started_at"`
	Mine      bool     `json:"mine"`
	Alive     bool     `json:"alive"`
	Draining  bool     `json:"draining"`
	Heartbeat float64  `json:"heartbeat"`
	Shards    int      `json:"shards"`
	CPU       *float64 `json:"cpu"`
	Rate      float64  `json:"rate"`
	Parked    int64    `json:"parked"`
	Letters   int64    `json:"dead_letters"`
}

type lineView struct {
	At        int64  `json:"at"`
	Level     Level  `json:"level"`
	Message   string `json:"message"`
	Shard     string `json:"shard"`
	Handler   string `json:"handler"`
	Reason    string `json:"reason"`
	Operation string `json:"operation"`
	Class     string `json:"class"`
	Count     int    `json:"count"`
}

type lettersView struct {
	Kind     string           `json:"kind"`
	Total    int64            `json:"total"`
	ByReason map[string]int64 `json:"by_reason"`
	LastAt   int64            `json:"last_at"`
	Last     string           `json:"last"`
	Handler  string           `json:"handler"`
	Shard    string           `json:"shard"`
	Failing  *float64         `json:"failing"`
}

func newView(s *scene, rates map[string]float64, own float64, boot int64) view {
	v := view{
		Boot: boot, At: milli(s.At), Every: Every.Milliseconds(), Stream: s.Stream, Application: s.Application, Worker: s.Worker,
		Version: s.Version, StartedAt: milli(s.StartedAt), Phase: s.Phase, Consumes: s.Consumes, Findings: s.judge(),
		Shards: make([]shardView, 0, len(s.Shards)), Workers: []workerView{}, Moves: []move{}, Lines: []lineView{}, Letters: newLettersView(s),
	}
	if s.Retention > 0 {
		v.Retention = seconds(s.Retention)
	}
	v.Totals = s.totals(own)
	for _, sh := range s.Shards {
		v.Shards = append(v.Shards, s.shard(sh, rates))
	}
	slices.SortStableFunc(v.Shards, worseFirst)
	for _, w := range s.Workers {
		v.Workers = append(v.Workers, newWorkerView(w))
	}
	for i := range s.Lines {
		v.Lines = append(v.Lines, *newLineView(&s.Lines[i]))
	}
	return v
}

func newWorkerView(w Worker) workerView {
	v := workerView{
		ID: w.ID, Address: w.Address, Version: w.Version, StartedAt: milli(w.StartedAt), Mine: w.Mine, Alive: w.Alive, Draining: w.Draining,
		Heartbeat: round(w.Heartbeat.Seconds()), Shards: w.Shards, Rate: round(w.Rate), Parked: w.Parked, Letters: w.Letters,
	}
	if w.CPU >= 0 {
		cpu := round(w.CPU)
		v.CPU = &cpu
	}
	return v
}

func newLineView(l *Line) *lineView {
	if l == nil {
		return nil
	}
	v := &lineView{
		At: milli(l.At), Level: Warn, Message: l.Message, Shard: short(l.Shard), Handler: l.Handler,
		Reason: l.Reason, Operation: l.Operation, Class: l.Class, Count: l.Count,
	}
	if l.Error {
		v.Level = Bad
	}
	return v
}

func newLettersView(s *scene) lettersView {
	l := s.Letters
	v := lettersView{Kind: l.Kind, Total: l.total(), ByReason: l.ByReason, LastAt: milli(l.LastAt), Last: l.Last, Handler: l.Handler, Shard: short(l.Shard)}
	if v.ByReason == nil {
		v.ByReason = map[string]int64{}
	}
	if !l.FailingSince.IsZero() {
		v.Failing = seconds(s.At.Sub(l.FailingSince))
	}
	return v
}

func (l Letters) total() int64 {
	var n int64
	for _, k := range l.ByReason {
		n += k
	}
	return n
}

// milli is 0 for a time that is not known.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// seconds has as many digits as are shown.
func seconds(d time.Duration) *float64 {
	s := round(d.Seconds())
	return &s
}

func round(f float64) float64 { return math.Round(100*f) / 100 }

func number32(f *float64) float32 {
	if f == nil {
		return float32(math.NaN())
	}
	return float32(*f)
}
