package checkpoint

import (
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Vitals are what a worker says of itself with each heartbeat, for people who
// look at the fleet. They decide nothing, and hold nothing that identifies a SIM.
type Vitals struct {
	// Version is the program's; empty if it does not say.
	Version string
	// StartedAt is when the process began, by its own clock.
	StartedAt time.Time
	// Rate is how many events a second it is done with lately.
	Rate float64
	// Parked counts its keys that wait behind an event that cannot be finished,
	// DeadLetters those that it has written since it began.
	Parked, DeadLetters int64
}

// longestVersion bounds a version, so that a heartbeat stays one write unit.
const longestVersion = 64

// WithVitals sets what tells how this worker is: each heartbeat carries it.
// Without it the others do not know.
func WithVitals(vitals func() Vitals) Option { return func(s *Store) { s.vitals = vitals } }

// set returns what an update sets of the vitals, with its values put into it.
func (v Vitals) set(values item) string {
	values[":version"] = str(strings.ToValidUTF8(v.Version[:min(len(v.Version), longestVersion)], ""))
	values[":started"], values[":parked"], values[":letters"] = num(v.StartedAt.UnixMilli()), num(v.Parked), num(v.DeadLetters)
	values[":rate"] = float(v.Rate)
	return ", version = :version, startedAt = :started, parkedKeys = :parked, deadLetters = :letters, eventRate = :rate"
}

// vitalsOf reads what set wrote. What cannot be read is not known.
func vitalsOf(it item) Vitals {
	v := Vitals{Version: textOf(it, attrVersion), StartedAt: milliOf(it, attrStarted)}
	v.Parked, _ = numberOf(it, attrParked)
	v.DeadLetters, _ = numberOf(it, attrLetters)
	if n, ok := it[attrRate].(*types.AttributeValueMemberN); ok {
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			v.Rate = f
		}
	}
	return v
}
