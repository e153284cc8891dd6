package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"korestream/consumer"
)

// S3LettersAPI is what an [S3Letters] needs of *s3.Client, which has it.
type S3LettersAPI interface {
	S3API
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// S3Letters keeps dead letters in a bucket, one object each,
//
//	<prefix>letters/<letter's ID>.json
//
// so that a letter that is buried again replaces the one before. It is also the
// [LetterStore] of that prefix, and the [LetterOverflow] of a queue, for which it
// keeps bodies under <prefix>overflow/. Burying is safe for concurrent use.
type S3Letters struct {
	api S3LettersAPI
	cfg S3Config
}

var (
	_ consumer.Burier = (*S3Letters)(nil)
	_ LetterStore     = (*S3Letters)(nil)
	_ LetterOverflow  = (*S3Letters)(nil)
)

// OpenS3Letters returns a sink that calls nothing until it is used. Letters are
// not compressed, whatever the configuration says.
func OpenS3Letters(api S3LettersAPI, cfg S3Config) (*S3Letters, error) {
	if api == nil {
		return nil, errors.New("dead letters: no client")
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	return &S3Letters{api: api, cfg: cfg}, nil
}

func (s *S3Letters) key(id string) string { return s.cfg.Prefix + "letters/" + id + ".json" }

// Bury implements [consumer.Burier].
func (s *S3Letters) Bury(ctx context.Context, letter *consumer.DeadLetter) error {
	l := newLetter(letter, time.Now())
	body, err := l.line()
	if err != nil {
		return err
	}
	return s.put(ctx, s.key(l.ID()), body)
}

func (s *S3Letters) put(ctx context.Context, key string, body []byte) error {
	_, err := s.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.cfg.Bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
	}, s3Once)
	if err != nil {
		return classifyS3(ctx, fmt.Errorf("put letter: %w", err))
	}
	return nil
}

// Letters implements [LetterStore]. They come by the time at which they were
// buried; all of their keys are in memory at once.
func (s *S3Letters) Letters(ctx context.Context) iter.Seq2[*Letter, error] {
	return func(yield func(*Letter, error) bool) {
		objects, err := s.list(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, o := range objects {
			body, err := s.Get(ctx, *o.Key)
			var gone *types.NoSuchKey
			if errors.As(err, &gone) {
				continue // removed since
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for l, err := range ReadLetters(bytes.NewReader(body)) {
				if err != nil {
					err = fmt.Errorf("object %s: %w", *o.Key, err)
				}
				if !yield(l, err) {
					return
				}
			}
		}
	}
}

// list returns the letters' objects, the oldest first.
func (s *S3Letters) list(ctx context.Context) ([]types.Object, error) {
	var all []types.Object
	pages := s3.NewListObjectsV2Paginator(s.api, &s3.ListObjectsV2Input{Bucket: &s.cfg.Bucket, Prefix: aws.String(s.cfg.Prefix + "letters/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list letters in bucket %s: %w", s.cfg.Bucket, err)
		}
		all = append(all, page.Contents...)
	}
	slices.SortStableFunc(all, func(a, b types.Object) int { return aws.ToTime(a.LastModified).Compare(aws.ToTime(b.LastModified)) })
	return all, nil
}

// Remove implements [LetterStore].
func (s *S3Letters) Remove(ctx context.Context, l *Letter) error { return s.Delete(ctx, s.key(l.ID())) }

// Put implements [LetterOverflow].
func (s *S3Letters) Put(ctx context.Context, id string, body []byte) (ref string, err error) {
	ref = s.cfg.Prefix + "overflow/" + s3Word(id)
	return ref, s.put(ctx, ref, body)
}

// Get implements [LetterOverflow].
func (s *S3Letters) Get(ctx context.Context, ref string) ([]byte, error) {
	if !strings.HasPrefix(ref, s.cfg.Prefix) {
		return nil, fmt.Errorf("get %s: it is not under the prefix %s", ref, s.cfg.Prefix)
	}
	out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.cfg.Bucket, Key: &ref})
	if err != nil {
		return nil, fmt.Errorf("get %s from bucket %s: %w", ref, s.cfg.Bucket, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("get %s from bucket %s: %w", ref, s.cfg.Bucket, err)
	}
	return body, nil
}

// Delete implements [LetterOverflow].
func (s *S3Letters) Delete(ctx context.Context, ref string) error {
	if _, err := s.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.cfg.Bucket, Key: &ref}); err != nil {
		return fmt.Errorf("delete %s from bucket %s: %w", ref, s.cfg.Bucket, err)
	}
	return nil
}

// Close does nothing: the client is its maker's.
func (s *S3Letters) Close() error { return nil }
