package consumer

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"
)

// trouble is what an error of Kinesis means for the reading of a shard.
type trouble string

const (
	troubleExpiredIterator trouble = "iterator expired"
	troubleThrottled       trouble = "throttled"
	troubleStreamMissing   trouble = "stream or shard not found"
	troubleArgument        trouble = "position refused"
	troubleAccess          trouble = "access denied"
	troubleKey             trouble = "encryption key unusable"
	troubleUnreachable     trouble = "endpoint unreachable"
	troubleService         trouble = "service error"
)

// troubleOf is the one place where errors of Kinesis are classified.
func troubleOf(err error) trouble {
	var (
		expired *types.ExpiredIteratorException
		api     smithy.APIError
		network net.Error
	)
	switch {
	case errors.As(err, &expired):
		return troubleExpiredIterator
	case errors.As(err, &api):
		return troubleOfCode(api.ErrorCode())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return troubleUnreachable
	}
	return troubleService
}

// troubleOfCode sorts the error codes of
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
// and https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
func troubleOfCode(code string) trouble {
	switch code {
	case "ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException", "KMSThrottlingException":
		return troubleThrottled
	case "ResourceNotFoundException":
		return troubleStreamMissing
	case "InvalidArgumentException", "ValidationException":
		return troubleArgument
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException",
		"IncompleteSignature", "InvalidSignatureException", "MissingAuthenticationTokenException", "NotAuthorized":
		return troubleAccess
	case "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired":
		return troubleKey
	}
	return troubleService
}

// retryMaxInterval bounds the pause between two tries of a call that fails. It
// is the age at which an outage that ended is noticed, so it is short.
const retryMaxInterval = 5 * time.Second

// patience spaces the tries of something that must succeed in the end, and logs
// its trouble when that changes, not each time. The zero value is not usable.
type patience struct {
	log     *zap.Logger
	op      string
	backoff *backoff.ExponentialBackOff
	last    trouble
	tries   int
}

func newPatience(log *zap.Logger, op string) *patience {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 100 * time.Millisecond
	b.MaxInterval = retryMaxInterval
	return &patience{log: log, op: op, backoff: b}
}

// failed notes an error and waits for the time to try again. It returns early,
// with the cause, when ctx ends.
func (p *patience) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.tries++
	if t := troubleOf(err); t != p.last {
		p.last = t
		p.log.Warn("call fails, trying again", zap.String(KeyOperation, p.op), zap.String(KeyReason, string(t)), zap.NamedError(KeyError, err))
	}
	return wait(ctx, p.backoff.NextBackOff())
}

// succeeded ends a run of failures.
func (p *patience) succeeded() {
	if p.last == "" {
		return
	}
	p.log.Info("call works again", zap.String(KeyOperation, p.op), zap.String(KeyReason, string(p.last)), zap.Int(KeyAttempt, p.tries))
	p.last, p.tries = "", 0
	p.backoff.Reset()
}

// wait returns nil after d, or the cause when ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
