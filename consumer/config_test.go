package consumer

import (
	"strings"
	"testing"
	"time"
)

func TestConfig_ValidateNamesEveryBound(t *testing.T) {
	t.Parallel()
	good := DefaultConfig()
	good.Stream, good.Worker = "s", "w"
	if err := good.Validate(); err != nil {
		t.Fatalf("defaults with a stream and a worker: got %v", err)
	}
	tests := []struct {
		field string
		spoil func(*Config)
	}{
		{"Stream", func(c *Config) { c.Stream = "" }},
		{"Worker", func(c *Config) { c.Worker = "" }},
		{"Application", func(c *Config) { c.Application = "" }},
		{"Start", func(c *Config) { c.Start.SequenceNumber = "12" }},
		{"LaneKey", func(c *Config) { c.LaneKey = "imei" }},
		{"Lanes", func(c *Config) { c.Lanes = 0 }},
		{"PollInterval", func(c *Config) { c.PollInterval = 0 }},
		{"PageRecords", func(c *Config) { c.PageRecords = 10_001 }},
		{"ShardBytes", func(c *Config) { c.ShardBytes = 0 }},
		{"ProcessBytes", func(c *Config) { c.ProcessBytes = c.ShardBytes - 1 }},
		{"ShardSync", func(c *Config) { c.ShardSync = 0 }},
		{"CallTimeout", func(c *Config) { c.CallTimeout = -1 }},
		{"Source", func(c *Config) { c.Source, c.End = Auto, time.Now() }},
		{"Protocol", func(c *Config) { c.Protocol = "xml" }},
		{"Calls", func(c *Config) { c.Calls = "by post" }},
		{"End", func(c *Config) { c.End = time.Now(); c.Start.Timestamp = c.End }},
		{"CheckpointInterval", func(c *Config) { c.CheckpointInterval = 0 }},
		{"DrainTimeout", func(c *Config) { c.DrainTimeout = 0 }},
	}
	for _, tt := range tests {
		t.Run(tt.field, func(t *testing.T) {
			t.Parallel()
			c := good
			tt.spoil(&c)
			if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), tt.field+" is ") {
				t.Errorf("got %v, want an error that begins with %q", err, tt.field+" is ")
			}
			if _, err := New(c, nil, nil, nil, nil); err == nil {
				t.Error("New accepts it")
			}
		})
	}
}
