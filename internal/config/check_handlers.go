package config

import (
	"fmt"

	"korestream/handlers"
)

// checkHandlers looks at every handler, and at what they share.
func (c *Config) checkHandlers(l *loader) {
	source := l.sources[handlersKey]
	if len(c.Handlers) == 0 && !l.failed(handlersKey) {
		l.add(handlersKey, source, "empty: events would go nowhere; name at least one handler")
	}
	first := make(map[string]int)
	for i := range c.Handlers {
		h := &c.Handlers[i]
		at := fmt.Sprintf("%s[%d]", handlersKey, i)
		if l.failed(at) {
			continue
		}
		other, twice := first[h.Name]
		switch {
		case h.Name == "":
			l.add(at+".name", source, "not set: give each handler a name of its own")
		case twice:
			l.add(at+".name", source, "%q is the name of %s[%d] too; give each handler a name of its own", h.Name, handlersKey, other)
		default:
			first[h.Name] = i
		}
		for j, m := range h.Match {
			if _, err := handlers.ParsePattern(m); err != nil {
				l.add(fmt.Sprintf("%s.match[%d]", at, j), source, "%v", err)
			}
		}
		if len(h.Match) == 0 {
			l.add(at+".match", source, "empty: no event would go there; leave it out for all, [\"*\"]")
		}
		if !l.failed("retry.initial_backoff") && !l.failed("retry.max_backoff") {
			h.Retry.check(l, at+".retry", source)
		}
		h.checkShape(l, at, source)
		h.checkType(l, at, source)
		c.checkSIMs(l, h, at, source)
	}
	c.checkRotatedAlone(l)
}

// check looks at the policy at a place.
func (r *Retry) check(l *loader, at, source string) {
	if r.InitialBackoff == 0 && !l.failed(at+".initial_backoff") {
		l.add(at+".initial_backoff", source, "want more than 0s")
	}
	if r.MaxBackoff < r.InitialBackoff {
		l.add(at+".max_backoff", source, "%s is less than %s.initial_backoff, %s", r.MaxBackoff, at, r.InitialBackoff)
	}
	if r.Breaker.Failures > 0 && r.Breaker.Open == 0 {
		l.add(at+".breaker.open", source, "want more than 0s")
	}
}

func (h *Handler) checkType(l *loader, at, source string) {
	if h.Store == "" && h.Type == "simstate" {
		h.Store = SIMsInMemory
	}
	switch {
	case h.Type == "":
		l.add(at+".type", source, "not set: want log, ndjson, postgres, sqs, s3, http, exec or simstate")
	case h.Type == "ndjson" && h.Path == "":
		l.add(at+".path", source, "not set: name the file, or - for standard output")
	case h.Type != "ndjson" && h.Path != "" && !l.failed(at+".type"):
		l.add(at+".path", source, "only a handler of type ndjson has a path")
	case h.Path == handlers.Stdout && h.Sync == string(handlers.SyncAlways):
		l.add(at+".sync", source, "standard output cannot be synced; use never")
	case h.Sync == string(handlers.SyncInterval) && h.SyncInterval == 0:
		l.add(at+".sync_interval", source, "want more than 0s")
	}
	switch {
	case len(h.Settings) > 0 && !h.own():
		l.add(at+".settings", source, "only a handler of a type of your own has settings")
	case h.Batch.MaxEvents > 0 && !h.batches():
		l.add(at+".batch", source, "a handler of type %s takes one event at a time", h.Type)
	case h.Batch.MaxEvents > 1 && h.Batch.MaxWait == 0:
		l.add(at+".batch.max_wait", source, "want more than 0s")
	}
	h.checkRotate(l, at, source)
	var err error
	switch h.Type {
	case "postgres":
		err = h.Postgres().Validate()
	case "sqs":
		err = h.SQS().Validate()
	case "s3":
		err = h.S3().Validate()
	case "http":
		err = h.HTTP().Validate()
	case "exec":
		err = h.Exec().Validate()
	}
	if err != nil {
		l.add(at, source, "%v", err)
	}
	if h.Sync == "" && h.Type == "ndjson" {
		h.Sync = string(handlers.SyncAlways)
		if h.Path == handlers.Stdout {
			h.Sync = string(handlers.SyncNever)
		}
	}
}

// batches tells whether a handler of the type can take several events at once.
func (h *Handler) batches() bool {
	return h.Type == "postgres" || h.Type == "simstate" && h.Store != SIMsInMemory || h.Type == "sqs" || h.Type == "s3" || h.Type == "http" && h.Mode == string(handlers.HTTPBatched) || h.own()
}

// own tells whether the handler's type is none of ours.
func (h *Handler) own() bool {
	_, ok := handlers.Registered(h.Type)
	return ok
}

// NDJSON returns the settings of a handler of type ndjson.
func (h *Handler) NDJSON() handlers.NDJSONConfig {
	return handlers.NDJSONConfig{
		Path: h.Path, Sync: handlers.SyncPolicy(h.Sync), SyncInterval: h.SyncInterval,
		Rotate: handlers.RotateConfig{
			MaxBytes: int64(h.Rotate.MaxBytes), Interval: h.Rotate.Interval,
			Compression: handlers.Compression(h.Rotate.Compression), Keep: h.Rotate.Keep,
		},
	}
}

// Postgres returns the settings of a handler of type postgres.
func (h *Handler) Postgres() handlers.PostgresConfig {
	c := handlers.DefaultPostgresConfig()
	c.DSNFile, c.Schema, c.CreateSchema, c.OnlyStates = h.DSNFile, h.Schema, h.CreateSchema, h.Type == "simstate"
	if h.MaxConns > 0 {
		c.MaxConns = h.MaxConns
	}
	return c
}

// S3 returns the settings of a handler of type s3.
func (h *Handler) S3() handlers.S3Config {
	return handlers.S3Config{Bucket: h.Bucket, Prefix: h.Prefix, Compression: handlers.Compression(h.Compression)}
}

// HTTP returns the settings of a handler of type http.
func (h *Handler) HTTP() handlers.HTTPConfig {
	c := handlers.DefaultHTTPConfig()
	c.URL, c.AllowPlaintext, c.Mode = h.URL, h.Plaintext, handlers.HTTPMode(h.Mode)
	c.BearerFile, c.HMACFile, c.CAFile = h.BearerFile, h.HMACFile, h.CAFile
	if h.MaxConns > 0 {
		c.MaxConns = h.MaxConns
	}
	return c
}

// Exec returns the settings of a handler of type exec.
func (h *Handler) Exec() handlers.ExecConfig {
	return handlers.ExecConfig{Command: h.Command, Dir: h.Dir, Env: h.Env, StopTimeout: h.StopTimeout, MaxLine: h.MaxLine}
}

// SQS returns the settings of a handler of type sqs.
func (h *Handler) SQS() handlers.SQSConfig {
	return handlers.SQSConfig{QueueURL: h.QueueURL, MaxMessageBytes: h.MaxMessage}
}
