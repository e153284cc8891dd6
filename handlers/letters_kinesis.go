package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/consumer"
)

// MaxKinesisRecordBytes is the most that a stream takes in one record, partition
// key and data together, unless it is set to take more, up to ten times that.
// See https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
const MaxKinesisRecordBytes = 1 << 20

// KinesisLettersAPI is what a [KinesisLetters] needs of *kinesis.Client, which
// has it.
type KinesisLettersAPI interface {
	PutRecord(context.Context, *kinesis.PutRecordInput, ...func(*kinesis.Options)) (*kinesis.PutRecordOutput, error)
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// KinesisLettersConfig says which stream dead letters go to.
type KinesisLettersConfig struct {
	// Stream is the stream's name or ARN. It must not be one that the letters'
	// events come from, or letters would be consumed as events.
	Stream string
	// MaxRecordBytes bounds a record, its partition key included; 1,024 to ten
	// times [MaxKinesisRecordBytes]. It should be what the stream is set to take.
	MaxRecordBytes int
}

// DefaultKinesisLettersConfig returns a configuration with the limit of streams
// that are not set to take more, without a stream.
func DefaultKinesisLettersConfig() KinesisLettersConfig {
	return KinesisLettersConfig{MaxRecordBytes: MaxKinesisRecordBytes}
}

// Validate names the first field that is out of bounds. It does not ask for the
// stream.
func (c KinesisLettersConfig) Validate() error {
	const least, most = 1 << 10, 10 * MaxKinesisRecordBytes
	switch {
	case c.Stream == "":
		return errors.New("field Stream must be the name or ARN of a stream (\"\")")
	case c.MaxRecordBytes < least || c.MaxRecordBytes > most:
		return fmt.Errorf("field MaxRecordBytes must be %d to %d (%d)", least, most, c.MaxRecordBytes)
	}
	return nil
}

// target is the stream as requests name it: by one of name and ARN.
func (c KinesisLettersConfig) target() (name, arn *string) {
	if strings.HasPrefix(c.Stream, "arn:") {
		return nil, &c.Stream
	}
	return &c.Stream, nil
}

// KinesisLetters keeps dead letters in a stream, one record each, and is also
// the [LetterStore] of that stream. A record's data is the letter as [Letter]
// has it, under the partition key that its event came with.
//
// A letter that is larger than the stream takes is refused with an error that
// says how to mend that: its event is parked until somebody did.
//
// Nothing can be taken out of a stream. To remove a letter is to write another
// record, which says that the letter's records so far are no letters any more;
// who reads the stream by other means has to know of them, by their member
// removed_letter. What to know beside that:
//   - The stream forgets letters after its retention period, which is a day
//     unless it is set. Set it to as long as letters are to be kept.
//   - Letters are kept at least once, and given once. They are given shard by
//     shard, in each in the order in which they were buried.
//   - Reading begins at the oldest record each time, and goes over the stream
//     twice: first for what was removed. It holds in memory the IDs and positions
//     of the letters, and not the letters. What is buried while it is read is not
//     given.
//
// Bury is safe for concurrent use; the rest is used by one goroutine, as
// LetterStore says.
type KinesisLetters struct {
	api KinesisLettersAPI
	cfg KinesisLettersConfig

	known map[string]*kinesisLetter // by Letter.ID, as of the last reading
}

var (
	_ consumer.Burier = (*KinesisLetters)(nil)
	_ LetterStore     = (*KinesisLetters)(nil)
)

// OpenKinesisLetters returns a store that calls nothing yet.
func OpenKinesisLetters(api KinesisLettersAPI, cfg KinesisLettersConfig) (*KinesisLetters, error) {
	if api == nil {
		return nil, errors.New("kinesis dead letters: there is no client")
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kinesis dead letters: %w", err)
	}
	return &KinesisLetters{api: api, cfg: cfg, known: make(map[string]*kinesisLetter)}, nil
}

// Bury implements [consumer.Burier].
func (s *KinesisLetters) Bury(ctx context.Context, letter *consumer.DeadLetter) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	line, err := newLetter(letter, time.Now()).line()
	if err != nil {
		return err
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	key := letterKey(letter.PartitionKey)
	if size := len(line) + len(key); size > s.cfg.MaxRecordBytes {
		return fmt.Errorf("dead letter is %d bytes with its partition key, more than the %d that the stream takes: set the stream and MaxRecordBytes to more, "+
			"or configure a dead-letter sink that takes it; until then its event is parked", size, s.cfg.MaxRecordBytes)
	}
	if err := s.put(ctx, key, line); err != nil {
		return fmt.Errorf("put dead letter in stream: %w", err)
	}
	return nil
}

// letterKey is the partition key of a letter's records. Kinesis takes no empty
// one.
func letterKey(key string) string {
	if key == "" {
		return "-"
	}
	return key
}

func (s *KinesisLetters) put(ctx context.Context, key string, data []byte) error {
	in := &kinesis.PutRecordInput{Data: data, PartitionKey: &key}
	in.StreamName, in.StreamARN = s.cfg.target()
	_, err := s.api.PutRecord(ctx, in)
	return calledOff(ctx, err)
}

// Close does nothing: the client is its owner's.
func (s *KinesisLetters) Close() error { return nil }
