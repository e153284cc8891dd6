package checkpoint

import (
	"strings"
	"testing"
	"time"
)

func TestConfig_ValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := DefaultConfig()
	good.Table, good.Worker = "korestream", "one"
	tests := []struct {
		name string
		tune func(*Config)
		want string // empty: valid
	}{
		{"defaults", func(*Config) {}, ""},
		{"no table", func(c *Config) { c.Table = "" }, "lease table"},
		{"a table's name with a space", func(c *Config) { c.Table = "a b c" }, `"a b c"`},
		{"no worker", func(c *Config) { c.Worker = "" }, "worker"},
		{"a failover too short to keep", func(c *Config) { c.Failover = 999 * time.Millisecond }, "999ms is less than 1s"},
		{"fewer than no leases", func(c *Config) { c.MaxLeases = -1 }, "max leases -1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := good
			tt.tune(&c)
			err := c.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestConfig_OwnDeadlineLeavesRoomBeforeOthersTakeOver(t *testing.T) {
	t.Parallel()
	for _, failover := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		c := Config{Failover: failover}
		if c.deadline() >= failover {
			t.Errorf("failover %s: leases end after %s, when others may have taken them", failover, c.deadline())
		}
		if tries := c.deadline() / (c.heartbeatEvery() + c.callTimeout()); tries < 1 {
			t.Errorf("failover %s: a heartbeat that hangs once is the end", failover)
		}
	}
}
