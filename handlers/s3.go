package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"korestream/consumer"
)

// S3API is what an [S3] needs of *s3.Client, which has it. The client must be one
// for the bucket's region.
type S3API interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// S3Config says which bucket events go to.
type S3Config struct {
	Bucket string
	// Prefix begins every key; it should end in a slash, and may be empty.
	Prefix string
	// Compression is that of the objects.
	Compression Compression
}

// DefaultS3Config returns a configuration of compressed objects without a bucket.
func DefaultS3Config() S3Config { return S3Config{Compression: Gzip} }

// bucketName is what buckets may be called. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// maxS3Prefix leaves room for the rest of a key, which has 1,024 bytes in all. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html.
const maxS3Prefix = 512

// Validate names the first field that is out of bounds. It does not ask for the
// bucket.
func (c S3Config) Validate() error {
	switch {
	case !bucketName.MatchString(c.Bucket):
		return fmt.Errorf("field Bucket must be a bucket's name, 3 to 63 lower-case letters, digits, dots and dashes (%q)", c.Bucket)
	case len(c.Prefix) > maxS3Prefix || strings.HasPrefix(c.Prefix, "/"):
		return fmt.Errorf("field Prefix must be at most %d bytes and not begin with a slash (%q)", maxS3Prefix, c.Prefix)
	}
	return c.Compression.Validate()
}

// S3 is the handler that keeps events in a bucket: objects of NDJSON, one line an
// event as received, under
//
//	<prefix>date=2026-03-01/hour=12/type=<event type>/<time>-<hash>.ndjson.gz
//
// by the event's own time in UTC, or its arrival for one without. The time in the
// name is the first event's, the hash is of the places of all of them in the
// stream, so that a batch that is tried again replaces its object. A batch that is
// made up otherwise after a crash is another object: an event may stand in two.
//
// Give it batches: by itself each event is an object and a request. Handle returns
// nil when S3 has stored the object. It is safe for concurrent use.
//
// A compressed object ends in .gz or .zst and has the content type of that format.
// It has no content encoding: that would have clients unpack what its name says is
// packed.
type S3 struct {
	api S3API
	cfg S3Config
	// compressor is nil for objects that are not compressed.
	compressor *compressor
}

var (
	_ Handler      = (*S3)(nil)
	_ BatchHandler = (*S3)(nil)
)

// OpenS3 returns a handler that calls nothing until the first event comes.
func OpenS3(api S3API, cfg S3Config) (*S3, error) {
	if api == nil {
		return nil, errors.New("s3: no client")
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return &S3{api: api, cfg: cfg, compressor: newCompressor(cfg.Compression)}, nil
}

// Handle implements [Handler].
func (s *S3) Handle(ctx context.Context, d *consumer.Delivery) error {
	return s.put(ctx, []*consumer.Delivery{d})
}

// HandleBatch makes an object of the events of each hour and type.
func (s *S3) HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error {
	errs := make([]error, len(ds))
	for _, group := range byPartition(ds) {
		members := make([]*consumer.Delivery, len(group))
		for i, at := range group {
			members[i] = ds[at]
		}
		err := s.put(ctx, members)
		for _, at := range group {
			errs[at] = err
		}
	}
	return errs
}

// put stores events of one partition.
func (s *S3) put(ctx context.Context, ds []*consumer.Delivery) error {
	body, err := s3Body(ds, s.compressor)
	if err != nil {
		return Permanent(err)
	}
	in := &s3.PutObjectInput{
		Bucket: &s.cfg.Bucket, Key: aws.String(s.cfg.Prefix + s3Key(ds)),
		Body: bytes.NewReader(body), ContentType: aws.String("application/x-ndjson"),
	}
	if s.compressor != nil {
		in.Key = aws.String(*in.Key + s.compressor.ending)
		in.ContentType = &s.compressor.mediaType
	}
	if _, err := s.api.PutObject(ctx, in, s3Once); err != nil {
		return classifyS3(ctx, fmt.Errorf("put object: %w", err))
	}
	return nil
}

// s3Once leaves trying again to whoever counts the tries.
func s3Once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

// Close does nothing: the client is its maker's.
func (s *S3) Close() error { return nil }
