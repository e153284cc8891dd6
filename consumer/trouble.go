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

	"korestream/internal/episode"
)

// trouble is what an error of Kinesis means for the reading of a shard.
type trouble string

const (
	troubleExpiredIterator trouble = "iterator expired"
	troubleThrottled       trouble = "throttled"
	troubleInUse           trouble = "subscribed elsewhere still"
	troubleStreamMissing   trouble = "stream or shard not found"
	troubleArgument        trouble = "position refused"
	troubleAccess          trouble = "access denied"
	troubleCredentials     trouble = "credentials expired"
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
	case "ResourceInUseException":
		return troubleInUse
	case "ResourceNotFoundException":
		return troubleStreamMissing
	case "InvalidArgumentException", "ValidationException":
		return troubleArgument
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId",
		"IncompleteSignature", "InvalidSignatureException", "MissingAuthenticationTokenException", "NotAuthorized":
		return troubleAccess
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired":
		return troubleCredentials
	case "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired":
		return troubleKey
	}
	return troubleService
}

// retryMaxInterval bounds the pause between two tries of a call that fails. It
// is the age at which an outage that ended is noticed, so it is short.
const retryMaxInterval = 5 * time.Second

// patience spaces the tries of something that must succeed in the end, and logs
// each kind of trouble once until all is over. The zero value is not usable.
type patience struct {
	log     *zap.Logger
	op      string
	backoff *backoff.ExponentialBackOff
	trouble episode.Episode
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
	again := p.trouble.Failing()
	t := troubleOf(err)
	if p.trouble.Failed(string(t)) {
		p.log.Warn("call fails, trying again", zap.String(KeyOperation, p.op), zap.String(KeyReason, string(t)), zap.NamedError(KeyError, err))
	}
	if t == troubleExpiredIterator && !again {
		return nil // a new one is to be had at once; if that is expired too, waiting helps
	}
	return wait(ctx, p.backoff.NextBackOff())
}

// succeeded notes that the call works.
func (p *patience) succeeded() {
	if p.trouble.Failing() {
		p.backoff.Reset()
	}
	p.say(p.trouble.Succeeded())
}

// over is succeeded for a call that is not made again.
func (p *patience) over() { p.say(p.trouble.End()) }

func (p *patience) say(failures int, over bool) {
	if over {
		p.log.Info("call works again", zap.String(KeyOperation, p.op), zap.Int(KeyAttempt, failures))
	}
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
