package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
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

// leastMemory is what korestream runs in at all.
const leastMemory = 64 << 20

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
	if c.Source.IdlePollInterval < c.Source.PollInterval && !l.failed("source.idle_poll_interval") {
		add("source.idle_poll_interval", "%s is less than source.poll_interval, %s", c.Source.IdlePollInterval, c.Source.PollInterval)
	}
	if c.Source.PollInterval == 0 && !l.failed("source.poll_interval") {
		add("source.poll_interval", "0s would ask without a pause; AWS allows five reads a second and shard")
	}
	if c.Limits.Memory != 0 && c.Limits.Memory < leastMemory && !l.failed("limits.memory") {
		add("limits.memory", "%d bytes are less than 64MiB, which is the least that it runs in", c.Limits.Memory)
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
	if c.Scale.MaxCPU < 1 && !l.failed("scale.max_cpu") || c.Scale.MaxCPU > 100 {
		add("scale.max_cpu", "want 1 to 100")
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
	c.Schema.check(l)
	c.checkWebhook(l)
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
		if err := d.S3().Validate(); err != nil && d.Bucket != "" {
			add("bucket", "%v", err)
		}
	case "s3":
		if err := d.S3().Validate(); err != nil {
			add("bucket", "%v", err)
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

// checkFiles finds out whether the files can be written, and those of keys read,
// so that it is said now and not with the first event.
func (c *Config) checkFiles(l *loader) {
	for i, h := range c.Handlers {
		if at := fmt.Sprintf("%s[%d].redact_key_file", handlersKey, i); h.RedactKey != "" && !l.failed(at) {
			if _, err := handlers.ReadShapeKey(h.RedactKey); err != nil {
				l.add(at, l.sources[handlersKey], "%v", err)
			}
		}
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

// writable opens the file for writing. One that is not there is not made: a process
// that runs may be about to begin it anew, and it would then be removed under its
// hands. A file of another name shows whether it could be.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	isNew := os.IsNotExist(err)
	if isNew {
		f, err = os.CreateTemp(filepath.Dir(path), ".korestream-*")
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w; create %s and make it writable for this user, or choose another path",
			path, errors.Unwrap(err), filepath.Dir(path))
	}
	err = f.Close()
	if isNew {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}
