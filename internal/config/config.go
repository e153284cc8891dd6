package config

import (
	"time"

	"korestream/handlers"
)

// Config is the whole configuration. The tags of its fields are its
// documentation: the table in the README and the checks are made from them.
type Config struct {
	Stream      string      `key:"stream" doc:"name or ARN of the Kinesis stream; the only setting without a default"`
	Region      string      `key:"region" doc:"AWS region; empty takes that of the ARN, else AWS_REGION"`
	Application string      `key:"application" default:"korestream" doc:"name of the application; workers of one name share the stream's shards"`
	Worker      string      `key:"worker" doc:"ID of this process among the application's workers; empty makes one up"`
	Start       Start       `key:"start" default:"trim_horizon" doc:"where a new application begins: trim_horizon, latest or an RFC 3339 time"`
	Startup     Startup     `key:"startup"`
	Handlers    []Handler   `key:"handlers" doc:"what to do with events; see Handlers. As a variable: YAML"`
	Retry       Retry       `key:"retry"`
	DeadLetters DeadLetters `key:"dead_letters"`
	Dedupe      Dedupe      `key:"dedupe"`
	Schema      Schema      `key:"schema"`
	Lanes       Lanes       `key:"lanes"`
	Source      Source      `key:"source"`
	Limits      Limits      `key:"limits"`
	Lease       Lease       `key:"lease"`
	Checkpoint  Checkpoint  `key:"checkpoint"`
	Drain       Drain       `key:"drain"`
	Webhook     Webhook     `key:"webhook"`
	Admin       Admin       `key:"admin"`
	Scale       Scale       `key:"scale"`
	Log         Log         `key:"log"`
}

// Startup is what the start-up check wants of the stream.
type Startup struct {
	Shards struct {
		Min int `key:"min" default:"1" doc:"fewest open shards; 0 is no bound"`
		Max int `key:"max" default:"0" doc:"most open shards; 0 is no bound"`
	} `key:"shards"`
	Retention struct {
		Min time.Duration `key:"min" default:"24h" doc:"shortest retention period"`
	} `key:"retention"`
	OnMismatch string `key:"on_mismatch" default:"fail" enum:"fail|warn" doc:"what a stream that differs does: end the process, or a line in the log"`
}

// Handler is one route: a handler and the types of the events that it gets.
type Handler struct {
	Name         string        `key:"name" doc:"unique name, in logs, metrics and dead letters"`
	Type         string        `key:"type" enum:"log|ndjson|postgres|sqs|s3|http|exec|simstate" doc:"log: one log line an event; ndjson: one line of JSON an event, as received; postgres: rows of events and of the last state of each SIM; sqs: one message an event, as received; s3: objects of NDJSON by hour and type; http: CloudEvents posted to a URL; exec: lines of JSON to a program that is kept running; simstate: the last state of each SIM alone"`
	Match        []string      `key:"match" default:"*" doc:"patterns of event types; * is any run of characters"`
	Where        string        `key:"where" doc:"condition on the events that match, in CEL, over the envelope and data: data.network.iso_country in ['US', 'CA']; an event that lacks what it asks for does not match, one that it fails on is a dead letter"`
	Redact       []string      `key:"redact" doc:"what the handler does not see of data: paths such as data.network.sid, and iccid, imei, imsi, ip, location; removed, or with =mask all but the last four characters, or with =hash in its place"`
	RedactKey    string        `key:"redact_key_file" doc:"a file with the key of the hashes, 16 bytes or more; one key gives one hash of a value everywhere"`
	Project      []string      `key:"project" doc:"paths that are all the handler sees of data; the envelope it always sees"`
	Path         string        `key:"path" doc:"ndjson: the file, or - for standard output"`
	Sync         string        `key:"sync" enum:"always|interval|never" doc:"ndjson: when lines are synced to disk; a file's default is always (events handled at once share a sync), standard output's never"`
	SyncInterval time.Duration `key:"sync_interval" default:"1s" doc:"ndjson: how often, with sync: interval"`
	Rotate       Rotate        `key:"rotate"`
	DSNFile      string        `key:"dsn_file" doc:"postgres: a file with the connection string, read again for each connection; empty is the environment, PGHOST and so on"`
	Schema       string        `key:"schema" default:"korestream" doc:"postgres: the schema that the tables are in"`
	CreateSchema bool          `key:"create_schema" default:"true" doc:"postgres: make the schema and its tables, and bring them up to date"`
	MaxConns     int           `key:"max_conns" default:"0" doc:"postgres, http: connections at once; 0 is 8 and 64"`
	QueueURL     string        `key:"queue_url" doc:"sqs: the queue; one that ends in .fifo keeps the order of each SIM"`
	MaxMessage   int           `key:"max_message_bytes" default:"1048576" doc:"sqs: most bytes of a message, the queue's MaximumMessageSize; a larger event is a dead letter"`
	Bucket       string        `key:"bucket" doc:"s3: the bucket"`
	Prefix       string        `key:"prefix" doc:"s3: what every key begins with, such as events/"`
	Compression  string        `key:"compression" default:"gzip" enum:"gzip|zstd|none" doc:"s3: of the objects"`
	URL          string        `key:"url" doc:"http: where to; https, but for a loopback address"`
	Mode         string        `key:"mode" default:"structured" enum:"structured|binary|batched" doc:"http: the form of the CloudEvents; batched goes with batch"`
	BearerFile   string        `key:"bearer_file" doc:"http: a file with a token for the Authorization header, read again when it changes"`
	HMACFile     string        `key:"hmac_file" doc:"http: a file with a secret to sign requests with, read again when it changes"`
	CAFile       string        `key:"ca_file" doc:"http: a file of PEM certificates to trust in place of the system's"`
	Plaintext    bool          `key:"allow_plaintext" default:"false" doc:"http: allow http:// to other hosts"`
	Store        string        `key:"store" enum:"memory|dynamodb|postgres" doc:"simstate: where the states are: in the process that holds the shard, where a restart or another process begins with none; in a table that all workers share; or in PostgreSQL as with type postgres, without the events; empty is memory"`
	MaxSIMs      int           `key:"max_sims" default:"0" doc:"simstate, memory: most SIMs; the one goes first that has longest had nothing new; 0 is 100,000"`
	Table        string        `key:"table" doc:"simstate, dynamodb: the table, made if it is not there, billed on demand; empty is the application's name with -sims"`
	TTL          time.Duration `key:"ttl" default:"0s" doc:"simstate, dynamodb: after how long a SIM is forgotten of which nothing new came; 0s is never"`
	Command      []string      `key:"command" doc:"exec: the program and its arguments, a list; no shell reads them"`
	Dir          string        `key:"dir" doc:"exec: the directory that it runs in; empty is this process's"`
	Env          []string      `key:"env" doc:"exec: a list of NAME=value beside this process's own; for a secret name a file"`
	StopTimeout  time.Duration `key:"stop_timeout" default:"2s" doc:"exec: how long the program has to end when its input has; this comes after drain.timeout"`
	MaxLine      int           `key:"max_line_bytes" default:"65536" doc:"exec: most bytes of a line that it answers with"`
	Settings     Settings      `key:"settings" doc:"what a handler of a type of your own wants to know"`
	Batch        Batch         `key:"batch"`
	Retry        Retry         `key:"retry"`
}

// Settings are the settings of a handler that is not ours, as YAML has them.
type Settings map[string]any

// Rotate is when the file of an ndjson handler is finished and a new one begun.
type Rotate struct {
	MaxBytes    int           `key:"max_bytes" default:"0" doc:"ndjson: size beyond which no line is added to a file: it is finished, named by time and count, and a new one begun; 0 is no bound"`
	Interval    time.Duration `key:"interval" default:"0s" doc:"ndjson: finish a file at each full interval of the clock in UTC, such as 1h or 24h; 0s is never"`
	Compression string        `key:"compression" default:"none" enum:"none|gzip|zstd" doc:"ndjson: of finished files, in the background"`
	Keep        int           `key:"keep" default:"0" doc:"ndjson: finished files that are kept, the latest; 0 is all"`
}

// Batch is how many events a handler gets at once.
type Batch struct {
	MaxEvents int           `key:"max_events" default:"0" doc:"most events that a handler gets at once, if it can take several (postgres: one transaction), at most as many as there are SIMs in flight; 0 is one at a time"`
	MaxWait   time.Duration `key:"max_wait" default:"20ms" doc:"how long the first event of a batch waits for others"`
}

// Retry is how long and how often a handler is tried for one event.
type Retry struct {
	MaxAttempts    int           `key:"max_attempts" default:"20" doc:"calls of a handler for one event before it is dead-lettered; 0 is no bound"`
	MaxAge         time.Duration `key:"max_age" default:"15m" doc:"time from the first call to the last; 0s is no bound"`
	InitialBackoff time.Duration `key:"initial_backoff" default:"100ms" doc:"wait before the second call; it doubles from call to call, jittered"`
	MaxBackoff     time.Duration `key:"max_backoff" default:"30s" doc:"longest wait between two calls"`
	OnExhausted    string        `key:"on_exhausted" default:"dead_letter" enum:"dead_letter|park|drop" doc:"what becomes of an event that a handler has given up on: buried, kept waiting with its SIM, or only counted and logged"`
	Timeout        time.Duration `key:"timeout" default:"30s" doc:"time that one call may take; 0s is no bound"`
	Breaker        Breaker       `key:"breaker"`
}

// Breaker is when a handler that fails for everybody is left alone.
type Breaker struct {
	Failures int           `key:"failures" default:"20" doc:"calls of a handler that fail one after another, of three SIMs or more, before no event is tried and none is given up; 0 is never"`
	Open     time.Duration `key:"open" default:"5s" doc:"how long no event is tried then, until one is"`
}

// DeadLetters is where events go that are given up on.
type DeadLetters struct {
	Type       string `key:"type" default:"file" enum:"file|sqs|s3|kinesis" doc:"where dead letters go: a file, a queue, a bucket, or a stream of their own"`
	Path       string `key:"path" default:"dead-letters.ndjson" doc:"file: one JSON object a line, synced before the event counts as done"`
	QueueURL   string `key:"queue_url" doc:"sqs: the queue"`
	MaxMessage int    `key:"max_message_bytes" default:"1048576" doc:"sqs: most bytes of a message, the queue's MaximumMessageSize; a larger letter needs a bucket, or its event waits"`
	Bucket     string `key:"bucket" doc:"s3: the bucket; sqs: where letters go that are too large for the queue, if anywhere"`
	Prefix     string `key:"prefix" doc:"s3, sqs: what every key begins with, such as dead-letters/"`
	Stream     string `key:"stream" doc:"kinesis: name or ARN of the letters' stream, not the one that is consumed"`
	MaxRecord  int    `key:"max_record_bytes" default:"1048576" doc:"kinesis: most bytes of a record; a larger letter cannot be buried, and its event waits"`
}

// SQS returns the settings of letters in a queue.
func (d *DeadLetters) SQS() handlers.SQSLettersConfig {
	c := handlers.DefaultSQSLettersConfig()
	c.QueueURL, c.MaxMessageBytes = d.QueueURL, d.MaxMessage
	return c
}

// S3 returns the settings of letters in a bucket.
func (d *DeadLetters) S3() handlers.S3Config {
	return handlers.S3Config{Bucket: d.Bucket, Prefix: d.Prefix, Compression: handlers.NoCompression}
}

// Kinesis returns the settings of letters in a stream.
func (d *DeadLetters) Kinesis() handlers.KinesisLettersConfig {
	return handlers.KinesisLettersConfig{Stream: d.Stream, MaxRecordBytes: d.MaxRecord}
}

// Dedupe is what recognises events that were handled before.
type Dedupe struct {
	Store        string        `key:"store" default:"memory" enum:"memory|dynamodb|none" doc:"where handled event IDs are remembered: in this process, in a table that all workers share, or not"`
	Key          string        `key:"key" default:"event_sid" enum:"event_sid|id" doc:"what an event is recognised by: data.event_sid, which all copies share, or else its ID; or the ID alone"`
	MaxCount     int           `key:"max_count" default:"200000" doc:"memory: most IDs remembered"`
	MaxAge       time.Duration `key:"max_age" default:"1h" doc:"how long an ID is remembered; dynamodb: 1m or more"`
	Table        string        `key:"table" doc:"dynamodb: the table, made if it is not there; empty is the application's name with -handled"`
	ClaimTimeout time.Duration `key:"claim_timeout" default:"30s" doc:"dynamodb: how long an event of a process that died waits; longer than lease.failover"`
}

// Lanes is what is handled in order and what in parallel.
type Lanes struct {
	Key         string `key:"key" default:"sim" doc:"events of one key are handled one after another: sim, partition_key, subject, shard (all of it in order), or a dotted path such as data.network.sid"`
	Concurrency int    `key:"concurrency" default:"64" doc:"keys of one shard that are handled at the same time"`
}

// Source is how shards are read.
type Source struct {
	Type             string        `key:"type" default:"polling" enum:"polling|fan_out|auto" doc:"polling: GetRecords; fan_out: SubscribeToShard, with less latency and a share of its own of each shard, billed by AWS; auto: fan_out for shards that are behind or whose reads are refused"`
	Consumer         string        `key:"consumer" doc:"fan_out, auto: name or ARN of the stream's consumer, registered if it is not there; empty is the application's name"`
	Calls            string        `key:"calls" default:"direct" enum:"direct|sdk" doc:"polling: direct makes the usual GetRecords call without the SDK's middleware, which is most of what it costs; the request is the same, its first one is compared with the SDK's, and what is not answered with records goes to the SDK; sdk leaves all calls to the SDK"`
	Protocol         string        `key:"protocol" default:"json" enum:"json|cbor" doc:"polling: what GetRecords is asked in; cbor, AWS CBOR 1.1 as AWS's SDK for Java speaks it, has 22 % fewer bytes of KORE events and costs less CPU; the first answers show whether the endpoint does, and if not json is gone on with and it is logged"`
	PollInterval     time.Duration `key:"poll_interval" default:"250ms" doc:"least time between two reads of a shard; AWS allows five a second to all readers together"`
	IdlePollInterval time.Duration `key:"idle_poll_interval" default:"1500ms" doc:"what that time grows to while a shard has nothing"`
}

// Limits is what the process may take.
type Limits struct {
	Memory Size `key:"memory" doc:"memory that the process keeps within, such as 512MiB: of the records in flight, and as Go's soft limit; empty is that of the container, or 512MiB"`
}

// Lease is how shards are shared out.
type Lease struct {
	Failover     time.Duration `key:"failover" default:"10s" doc:"how long a worker must be silent before its shards are taken; the same for all workers, 1s or more"`
	Table        string        `key:"table" doc:"DynamoDB table of leases and checkpoints; empty is the application's name"`
	CreateTable  bool          `key:"create_table" default:"true" doc:"create the table if it is not there, billed on demand"`
	MaxPerWorker int           `key:"max_per_worker" default:"0" doc:"most shards of one worker; 0 is no bound"`
}

// Checkpoint is how often progress is written down.
type Checkpoint struct {
	Interval time.Duration `key:"interval" default:"1s" doc:"least time between two checkpoints of a shard; after a crash so much is handled again"`
}

// Drain is how a stop goes.
type Drain struct {
	Timeout time.Duration `key:"timeout" default:"25s" doc:"how long handlers may go on after SIGTERM; keep it below the orchestrator's patience (30s in ECS and Kubernetes)"`
}

// Admin is the HTTP server for operators.
type Admin struct {
	Listen    string `key:"listen" default:"127.0.0.1:9090" doc:"address of the status page /, and of /startupz, /livez, /readyz, /status, /scale, /schema, /test-events, /loglevel and /metrics; port 0 picks one and logs it; empty is none"`
	LogLevel  bool   `key:"log_level" default:"false" doc:"let PUT /loglevel change the level also from other hosts; nobody is asked who they are"`
	SIMs      bool   `key:"sims" default:"false" doc:"let sim get and sim ls read the states of a simstate handler in memory also at an address that is not loopback: they identify SIMs, and nobody is asked who they are"`
	Advertise string `key:"advertise" doc:"where explain, sim and schema drift reach it from other hosts, host:port; empty is admin.listen, with an address of this host if that listens on all"`
}

// Scale says when /scale asks for more or fewer workers.
type Scale struct {
	MaxBehind time.Duration `key:"max_behind" default:"2m" doc:"how far a shard may be behind before /scale asks for more workers; fewer are asked for below a quarter of it"`
	MaxCPU    int           `key:"max_cpu" default:"75" doc:"how much of their CPU, in per cent, workers may use before /scale asks for more"`
}

// Log is what is logged, and how.
type Log struct {
	Level  string `key:"level" default:"info" enum:"debug|info|warn|error" doc:"least level that is logged"`
	Format string `key:"format" default:"json" enum:"json|console" doc:"json: one object a line; console: for people"`
}

// StreamName returns the stream's name, also where an ARN was given.
func (c *Config) StreamName() string {
	if _, name, ok := splitARN(c.Stream); ok {
		return name
	}
	return c.Stream
}

// StreamARN returns the stream's ARN if one was given.
func (c *Config) StreamARN() string {
	if _, _, ok := splitARN(c.Stream); ok {
		return c.Stream
	}
	return ""
}

// DedupeTable returns the name of the table of handled events.
func (c *Config) DedupeTable() string {
	if c.Dedupe.Table != "" {
		return c.Dedupe.Table
	}
	return c.Application + "-handled"
}

// SIMTable returns the name of the table of a handler of type simstate.
func (c *Config) SIMTable(h *Handler) string {
	if h.Table != "" {
		return h.Table
	}
	return c.Application + "-sims"
}

// LeaseTable returns the lease table's name.
func (c *Config) LeaseTable() string {
	if c.Lease.Table != "" {
		return c.Lease.Table
	}
	return c.Application
}
