package localstack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// conformanceCase is one claim about AWS. Its name is the operation, a slash and
// what is claimed.
type conformanceCase struct {
	name string
	run  func(p *probe)
}

// probe is one case's view of one engine. What is not as the case claims is
// collected instead of failing the test, as it may be on the list of known
// disagreements.
type probe struct {
	ctx      context.Context
	name     string // for the case's stream or table; no other case has it
	kinesis  *kinesis.Client
	dynamodb *dynamodb.Client
	failures []string
}

// caseLimit bounds one case.
const caseLimit = 30 * time.Second

// stopped is what a case panics with that cannot go on.
type stopped struct{}

// examine runs a case and returns what was not as it claims.
func examine(t *testing.T, c conformanceCase, cfg aws.Config) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseLimit)
	defer cancel()
	p := &probe{
		ctx: ctx, name: resourceName(c.name),
		kinesis:  kinesis.NewFromConfig(cfg, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }),
		dynamodb: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }),
	}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (stopped{}) {
				panic(r)
			}
		}()
		c.run(p)
	}()
	return p.failures
}

// resourceName makes a case's name one that streams and tables may have.
func resourceName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, name)
}

// differs notes that something is not as claimed.
func (p *probe) differs(format string, args ...any) {
	p.failures = append(p.failures, fmt.Sprintf(format, args...))
}

// stop notes that something is not as claimed and ends the case.
func (p *probe) stop(format string, args ...any) {
	p.differs(format, args...)
	panic(stopped{})
}

// equal claims that something is as it should be.
func equal[T any](p *probe, what string, got, want T) {
	if d := cmp.Diff(want, got); d != "" {
		p.differs("%s: got %v, want %v", what, got, want)
	}
}

// operation is a method of one of the SDK's clients.
type operation[In, Out, Options any] func(context.Context, *In, ...func(*Options)) (*Out, error)

// call claims that an operation succeeds, and returns its output.
func call[In, Out, Options any](p *probe, do operation[In, Out, Options], in *In) *Out {
	out, err := do(p.ctx, in)
	if err != nil {
		p.stop("%s: got %v, want no error", nameOf(in), err)
	}
	return out
}

// refused claims that an operation fails with one of the given codes, and
// returns the message.
func refused[In, Out, Options any](p *probe, do operation[In, Out, Options], in *In, codes ...string) string {
	_, err := do(p.ctx, in)
	return p.refusal(nameOf(in), err, codes...)
}

func (p *probe) refusal(what string, err error, codes ...string) string {
	var api smithy.APIError
	switch {
	case err == nil:
		p.differs("%s: got no error, want %s", what, strings.Join(codes, " or "))
		return ""
	case !errors.As(err, &api):
		p.differs("%s: got error %v, want %s", what, err, strings.Join(codes, " or "))
		return ""
	case !slices.Contains(codes, api.ErrorCode()):
		p.differs("%s: got %s (%s), want %s", what, api.ErrorCode(), api.ErrorMessage(), strings.Join(codes, " or "))
	}
	return api.ErrorMessage()
}

// nameOf is the operation that an input is for.
func nameOf(in any) string {
	_, name, _ := strings.Cut(fmt.Sprintf("%T", in), ".")
	return strings.TrimSuffix(name, "Input")
}

// poll is how long a wait is between two looks.
const poll = 5 * time.Millisecond

// until waits until a condition holds.
func (p *probe) until(what string, holds func() bool) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-p.ctx.Done():
			p.stop("%s: got none within %v", what, caseLimit)
		case <-ticker.C:
		}
	}
}
