package config

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"korestream/consumer"
	"korestream/handlers"
)

var (
	// The names that AWS allows, see
	// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html and
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
	streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
	tableName  = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	streamARN  = regexp.MustCompile(`^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream/([a-zA-Z0-9_.-]{1,128})$`)
)

// minFailover is checkpoint.Config's.
const minFailover = time.Second

func splitARN(s string) (region, name string, ok bool) {
	m := streamARN.FindStringSubmatch(s)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// check looks at what one value alone does not show.
func (c *Config) check(l *loader) {
	add := func(key, format string, args ...any) { l.add(key, l.sources[key], format, args...) }
	region, _, isARN := splitARN(c.Stream)
	switch {
	case l.failed("stream"):
	case c.Stream == "":
		add("stream", "not set: name the stream with stream: in the file, --stream or %sSTREAM", EnvPrefix)
	case !isARN && !streamName.MatchString(c.Stream):
		add("stream", "%q is neither a stream's name (letters, digits, _ . -) nor its ARN (arn:aws:kinesis:region:account:stream/name)", c.Stream)
	case isARN && c.Region == "":
		c.Region = region
	case isARN && c.Region != region:
		add("region", "%q, but the stream's ARN says %q; leave one out", c.Region, region)
	}
	if key, name := "application", c.LeaseTable(); !tableName.MatchString(name) {
		if c.Lease.Table != "" {
			key = "lease.table"
		}
		add(key, "%q cannot name the lease table: 3 to 255 letters, digits, _ . -", name)
	}
	if c.Startup.Shards.Max > 0 && c.Startup.Shards.Max < c.Startup.Shards.Min {
		add("startup.shards.max", "%d is less than startup.shards.min, %d", c.Startup.Shards.Max, c.Startup.Shards.Min)
	}
	if c.Lease.Failover < minFailover && !l.failed("lease.failover") {
		add("lease.failover", "%s is too short: 1s or more", c.Lease.Failover)
	}
	for key, d := range map[string]time.Duration{
		"checkpoint.interval": c.Checkpoint.Interval, "drain.timeout": c.Drain.Timeout,
		"dedupe.max_age": c.Dedupe.MaxAge,
	} {
		if d == 0 && !l.failed(key) {
			add(key, "want more than 0s")
		}
	}
	if !consumer.LaneKey(c.Lanes.Key).Valid() {
		add("lanes.key", "%q is neither one of %v nor a dotted path such as data.network.sid", c.Lanes.Key, consumer.LaneKeys())
	}
	for key, n := range map[string]int{"lanes.concurrency": c.Lanes.Concurrency, "dedupe.max_count": c.Dedupe.MaxCount} {
		if n == 0 && !l.failed(key) {
			add(key, "want at least 1")
		}
	}
	c.Retry.check(l, "retry", l.sources["retry.initial_backoff"])
	for key, address := range map[string]string{"admin.listen": c.Admin.Listen, "admin.advertise": c.Admin.Advertise} {
		if address == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			add(key, "%q is no address: want host:port, such as 127.0.0.1:9090", address)
		}
	}
	if c.Dedupe.Store == "dynamodb" {
		if c.Dedupe.MaxAge < time.Minute {
			add("dedupe.max_age", "%s is less than a minute", c.Dedupe.MaxAge)
		}
		if c.Dedupe.ClaimTimeout <= c.Lease.Failover {
			add("dedupe.claim_timeout", "%s is not longer than lease.failover, %s", c.Dedupe.ClaimTimeout, c.Lease.Failover)
		}
		if c.DedupeTable() == c.LeaseTable() {
			add("dedupe.table", "%s is the lease table", c.DedupeTable())
		}
	}
	c.checkDeadLetters(l)
	c.checkHandlers(l)
}

// checkDeadLetters looks at the settings of the sink that was chosen.
func (c *Config) checkDeadLetters(l *loader) {
	d := &c.DeadLetters
	add := func(key, format string, args ...any) {
		l.add("dead_letters."+key, l.sources["dead_letters."+key], format, args...)
	}
	switch d.Type {
	case "file":
		if d.Path == "" {
			add("path", "empty: name a file")
		}
	case "sqs":
		if err := d.SQS().Validate(); err != nil {
			add("queue_url", "%v", err)
		}
	case "kinesis":
		if err := d.Kinesis().Validate(); err != nil {
			add("stream", "%v", err)
		}
		_, name, isARN := splitARN(d.Stream)
		if d.Stream == c.Stream || isARN && name == c.StreamName() && c.StreamARN() == "" || !isARN && d.Stream == c.StreamName() {
			add("stream", "%q is the stream that is consumed: letters would come back as events; name another one", d.Stream)
		}
	}
}

// failed tells whether a key has a mistake already.
func (p *problems) failed(key string) bool {
	for _, e := range p.list {
		if e.Key == key {
			return true
		}
	}
	return false
}

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
		h.checkType(l, at, source)
	}
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
	switch {
	case h.Type == "":
		l.add(at+".type", source, "not set: want log, ndjson, postgres or sqs")
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
	var err error
	switch h.Type {
	case "postgres":
		err = h.Postgres().Validate()
	case "sqs":
		err = h.SQS().Validate()
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
func (h *Handler) batches() bool { return h.Type == "postgres" || h.Type == "sqs" || h.own() }

// own tells whether the handler's type is none of ours.
func (h *Handler) own() bool {
	_, ok := handlers.Registered(h.Type)
	return ok
}

// Postgres returns the settings of a handler of type postgres.
func (h *Handler) Postgres() handlers.PostgresConfig {
	c := handlers.DefaultPostgresConfig()
	c.DSNFile, c.Schema, c.CreateSchema, c.MaxConns = h.DSNFile, h.Schema, h.CreateSchema, h.MaxConns
	return c
}

// SQS returns the settings of a handler of type sqs.
func (h *Handler) SQS() handlers.SQSConfig {
	return handlers.SQSConfig{QueueURL: h.QueueURL, MaxMessageBytes: h.MaxMessage}
}

// checkFiles finds out whether the files can be written, so that it is said now
// and not with the first event.
func (c *Config) checkFiles(l *loader) {
	for i, h := range c.Handlers {
		if h.Type == "ndjson" && h.Path != "" && h.Path != handlers.Stdout {
			if err := writable(h.Path); err != nil {
				l.add(fmt.Sprintf("%s[%d].path", handlersKey, i), l.sources[handlersKey], "%v", err)
			}
		}
	}
	if c.DeadLetters.Type != "file" || c.DeadLetters.Path == "" {
		return
	}
	if err := writable(c.DeadLetters.Path); err != nil {
		l.add("dead_letters.path", l.sources["dead_letters.path"], "%v", err)
	}
}

// writable opens the file for writing; one that was not there is removed again.
func writable(path string) error {
	_, err := os.Lstat(path)
	isNew := os.IsNotExist(err)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("cannot be written: %s; create %s and make it writable for this user, or choose another path",
			strings.TrimPrefix(err.Error(), "open "), filepath.Dir(path))
	}
	err = f.Close()
	if isNew {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	return nil
}
