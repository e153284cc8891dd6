package page

import (
	"math"
	"strconv"
	"time"
)

const (
	// Every is the time between two moments.
	Every = 2 * time.Second
	// Step is the time between two points of a plot, Span what it shows.
	Step = 10 * time.Second
	Span = points * Step

	points = 90
	// maxPlots bounds the shards that have plots: with that many they take 1.5 MB.
	maxPlots = 2048
)

// point is one shard at one time; what is not known is NaN.
type point struct {
	behind, rate float32
	// mine says that rate is in events and not in KiB.
	mine bool
}

// series are the last points of one shard, each at its number modulo points.
type series struct {
	behind, rate [points]float32
	mine         bool
}

func newSeries() *series {
	s := &series{}
	fill(&s.behind)
	fill(&s.rate)
	return s
}

func fill(values *[points]float32) {
	for i := range values {
		values[i] = float32(math.NaN())
	}
}

// history keeps the points of all shards. The key "" is the whole stream's.
type history struct {
	// next is the number of the next point.
	next   int64
	series map[string]*series
}

// add adds one point of each shard. What is not among them is forgotten.
func (h *history) add(now map[string]point) {
	if h.series == nil {
		h.series = make(map[string]*series)
	}
	for id := range h.series {
		if _, ok := now[id]; !ok {
			delete(h.series, id)
		}
	}
	at := h.next % points
	h.next++
	for id, p := range now {
		s := h.series[id]
		if s == nil && len(h.series) >= maxPlots {
			continue
		}
		if s == nil {
			s = newSeries()
			h.series[id] = s
		}
		if s.mine != p.mine { // another unit
			fill(&s.rate)
			s.mine = p.mine
		}
		s.behind[at], s.rate[at] = p.behind, p.rate
	}
}

// historyView is what of a history a browser gets.
type historyView struct {
	// To is the number of the first point that is not there yet; the last of each
	// list is the one before it.
	To     int64              `json:"to"`
	Step   float64            `json:"step_seconds"`
	Points int                `json:"points"`
	Behind map[string]plotted `json:"behind"`
	Rate   map[string]plotted `json:"rate"`
}

// since returns the points from the number on, of the named shards.
func (h *history) since(from int64, wanted func(string) bool) historyView {
	from = max(from, h.next-points, 0)
	v := historyView{To: h.next, Step: Step.Seconds(), Points: points, Behind: make(map[string]plotted), Rate: make(map[string]plotted)}
	if from >= h.next {
		return v
	}
	for id, s := range h.series {
		if !wanted(id) {
			continue
		}
		behind, rate := make(plotted, 0, h.next-from), make(plotted, 0, h.next-from)
		for n := from; n < h.next; n++ {
			behind, rate = append(behind, s.behind[n%points]), append(rate, s.rate[n%points])
		}
		v.Behind[id], v.Rate[id] = behind, rate
	}
	return v
}

// plotted are points in as few characters as a plot needs: three digits.
type plotted []float32

// MarshalJSON implements json.Marshaler; NaN is null.
func (p plotted) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 4*len(p)+2)
	out = append(out, '[')
	for i, v := range p {
		if i > 0 {
			out = append(out, ',')
		}
		switch f := float64(v); {
		case math.IsNaN(f) || math.IsInf(f, 0):
			out = append(out, "null"...)
		case math.Abs(f) < 10:
			out = strconv.AppendFloat(out, math.Round(10*f)/10, 'f', -1, 64)
		default:
			out = strconv.AppendFloat(out, math.Round(f), 'f', -1, 64)
		}
	}
	return append(out, ']'), nil
}
