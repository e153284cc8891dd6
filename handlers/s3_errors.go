package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Away are the codes of refusals with a status of 400 or 404 that say something
// of the bucket or of who we are. See
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
var s3Away = []string{
	"NoSuchBucket", "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
	"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeout", "BadDigest", "IncompleteBody",
}

// s3Permanent are those that say something of the object.
var s3Permanent = []string{"EntityTooLarge", "KeyTooLongError", "MetadataTooLarge"}

// classifyUnsent marks an error of AWS as far as no answer tells, unless that is
// marked; settled says that there is no more to look at.
func classifyUnsent(ctx context.Context, err error) (_ error, settled bool) {
	switch {
	case err == nil || classOf(err).err != nil:
		return err, true
	case ctx.Err() != nil:
		return Unavailable(errors.Join(context.Cause(ctx), err)), true
	}
	return err, ownSQSError(err)
}

// classifyS3 marks an error of S3. A refusal that tells nothing is a plain error.
func classifyS3(ctx context.Context, err error) error {
	if err, settled := classifyUnsent(ctx, err); settled {
		return err
	}
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains(s3Permanent, api.ErrorCode()) {
		return Permanent(err)
	}
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() == 0 {
		return Unavailable(err) // nobody answered
	}
	status := answer.HTTPStatusCode()
	switch {
	case awaySQSStatus(status):
		return UnavailableFor(err, sqsRetryAfter(answer))
	case status/100 == 2, status/100 == 3: // an answer that was cut, or a bucket elsewhere
		return Unavailable(err)
	case api != nil && slices.Contains(s3Away, api.ErrorCode()), status == http.StatusConflict:
		return Unavailable(err)
	}
	return err
}
