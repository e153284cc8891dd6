package dynamo

import (
	"strconv"
	"time"

	"korestream/localstack/embed/internal/dynamo/attr"
)

const (
	// ttlDelay is how long after its time an item is deleted.
	ttlDelay = time.Hour
	// ttlSweep is how often a table is looked at.
	ttlSweep = time.Minute
)

type ttlSpecification struct {
	AttributeName string
	Enabled       bool
}

type ttlInput struct {
	TableName               string
	TimeToLiveSpecification ttlSpecification
}

func (s *Service) updateTimeToLive(in *ttlInput) (any, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.TimeToLiveSpecification
	switch {
	case spec.AttributeName == "":
		return nil, invalid("1 validation error detected: Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case spec.Enabled && t.ttl != "":
		return nil, invalid("TimeToLive is already enabled")
	case !spec.Enabled && t.ttl == "":
		return nil, invalid("TimeToLive is already disabled")
	case !spec.Enabled && t.ttl != spec.AttributeName:
		return nil, invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.ttl)
	}
	t.ttl = ""
	if spec.Enabled {
		t.ttl = spec.AttributeName
	}
	return map[string]any{"TimeToLiveSpecification": spec}, nil
}

func (s *Service) describeTimeToLive(in *tableInput) (any, error) {
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	d := map[string]string{"TimeToLiveStatus": "DISABLED"}
	if t.ttl != "" {
		d = map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": t.ttl}
	}
	return map[string]any{"TimeToLiveDescription": d}, nil
}

// expire deletes what has outlived its time.
func (s *Service) expire() {
	now := s.opts.Now()
	for _, t := range s.tables {
		if t.ttl == "" || now.Sub(t.swept) < ttlSweep {
			continue
		}
		t.swept = now
		kept := t.items[:0:0]
		for _, e := range t.items {
			if !expired(e.item[t.ttl], now) {
				kept = append(kept, e)
			}
		}
		t.items = kept
	}
}

// expired tells whether an attribute is a time in seconds that is past. Times
// more than five years past count as mistakes and delete nothing.
func expired(v attr.Value, now time.Time) bool {
	if v.Kind != attr.Number {
		return false
	}
	sec, err := strconv.ParseFloat(v.S, 64)
	if err != nil {
		return false
	}
	age := now.Sub(time.Unix(int64(sec), 0))
	return age > ttlDelay && age < 5*365*24*time.Hour
}
