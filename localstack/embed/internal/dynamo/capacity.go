package dynamo

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"korestream/localstack/embed/internal/dynamo/attr"
)

// consumed is ConsumedCapacity.
type consumed struct {
	TableName     string
	CapacityUnits float64
}

// consumedBy returns the capacity if the request asks for it.
func consumedBy(asked string, t *table, units float64) *consumed {
	if asked != "TOTAL" && asked != "INDEXES" {
		return nil
	}
	return &consumed{t.name, units}
}

// The size of one unit in bytes, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
const (
	readUnit  = 4 << 10
	writeUnit = 1 << 10
)

func writeUnits(old, next attr.Item) float64 {
	return float64(max(1, ceil(max(old.Size(), next.Size()), writeUnit)))
}

func readUnits(size int, consistent bool) float64 {
	units := float64(max(1, ceil(size, readUnit)))
	if !consistent {
		units /= 2
	}
	return units
}

func ceil(n, unit int) int { return (n + unit - 1) / unit }

// encoded is an item in JSON, for members of errors, which are encoded
// elsewhere.
func encoded(item attr.Item) any {
	b, err := json.Marshal(item)
	if err != nil {
		return nil
	}
	return rawJSON(b)
}

// rawJSON is JSON for both of Go's encoders.
type rawJSON jsontext.Value

// MarshalJSON returns the JSON.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

func listOf(words []string) string { return strings.Join(words, ", ") }
