package config

import (
	"strings"
	"testing"
	"time"
)

func TestLoad_StatesOfSIMsHaveAStore(t *testing.T) {
	t.Parallel()
	c, err := Load(Sources{NoFiles: true, File: write(t, `
stream: s
application: kore
handlers:
  - {name: a, type: simstate, max_sims: 7}
  - {name: b, type: simstate, store: dynamodb, ttl: 720h, batch: {max_events: 20}}
  - {name: c, type: simstate, store: dynamodb, table: sims}
  - {name: d, type: simstate, store: postgres, schema: k, batch: {max_events: 20}}
  - {name: e, type: postgres}
`)})
	if err != nil {
		t.Fatal(err)
	}
	h := c.Handlers
	if h[0].Store != SIMsInMemory || h[0].MaxSIMs != 7 {
		t.Errorf("memory: got %+v", h[0])
	}
	if got := c.DynamoSIMs(&h[1]); got.Table != "kore-sims" || got.TTL != 720*time.Hour {
		t.Errorf("dynamodb: got %+v, want the application's table", got)
	}
	if got := c.DynamoSIMs(&h[2]); got.Table != "sims" || got.TTL != 0 {
		t.Errorf("dynamodb: got %+v, want table sims and no time to live", got)
	}
	if got := h[3].Postgres(); !got.OnlyStates || got.Schema != "k" {
		t.Errorf("postgres: got %+v, want only states in k", got)
	}
	if h[4].Postgres().OnlyStates {
		t.Error("type postgres: got only states, want the events too")
	}
}

func TestLoad_NamesWhatIsWrongWithAStore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, yaml, want string }{
		{"none such", "handlers: [{name: a, type: simstate, store: redis}]", "handlers[0].store"},
		{"of another type", "handlers: [{name: a, type: log, store: memory}]", "only a handler of type simstate"},
		{"that nobody can read", "admin: {listen: ''}\nhandlers: [{name: a, type: simstate}]", "admin.listen"},
		{"a table that cannot be", "handlers: [{name: a, type: simstate, store: dynamodb, table: 'a b'}]", "handlers[0].table"},
		{"the table of leases", "handlers: [{name: a, type: simstate, store: dynamodb, table: korestream}]", "the table of leases"},
		{"the table of handled events", "dedupe: {table: x-y-z}\nhandlers: [{name: a, type: simstate, store: dynamodb, table: x-y-z}]", "handled events"},
		{"a schema that cannot be", "handlers: [{name: a, type: simstate, store: postgres, schema: pg_x}]", "pg_"},
		{"batches in memory", "handlers: [{name: a, type: simstate, batch: {max_events: 9}}]", "one event at a time"},
		{"a negative bound", "handlers: [{name: a, type: simstate, max_sims: -1}]", "negative"},
		{"a negative time", "handlers: [{name: a, type: simstate, store: dynamodb, ttl: -1h}]", "negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Sources{File: write(t, "stream: s\n"+tt.yaml), NoFiles: true})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one mistake, %s", err, tt.want)
			}
		})
	}
}
