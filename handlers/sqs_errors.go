package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// sqsRefusal is what a request's answer says of an entry that was not stored.
type sqsRefusal struct {
	code, message string
	sender        bool // the entry is to blame, says SQS
}

func newSQSRefusal(e types.BatchResultErrorEntry) *sqsRefusal {
	return &sqsRefusal{code: aws.ToString(e.Code), message: aws.ToString(e.Message), sender: e.SenderFault}
}

func (e *sqsRefusal) Error() string {
	return fmt.Sprintf("queue refused an entry: %s: %s", e.code, e.message)
}

// sqsAway are the codes that say something of the queue, of SQS or of who we
// are, and nothing of the event. Throttling and KMS are told apart by
// awaySQSCode. See
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
// and https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html.
var sqsAway = []string{
	"QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently", "InvalidAddress", "InvalidSecurity",
	"AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "AuthFailure",
	"ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed",
	"InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "MissingAuthenticationToken",
	"MissingAuthenticationTokenException", "IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch",
	"OverLimit", "InternalError", "InternalFailure", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException",
}

// sqsPermanent are the codes of what is wrong with the event itself.
var sqsPermanent = []string{
	"InvalidMessageContents", "InvalidParameterValue", "InvalidAttributeValue", "BatchRequestTooLong",
}

// sqsCodePrefix begins codes in answers to clients of the older protocol, which
// the SDK goes by.
const sqsCodePrefix = "AWS.SimpleQueueService."

func awaySQSCode(code string) bool {
	if _, throttled := awsretry.DefaultThrottleErrorCodes[code]; throttled || code == "RequestThrottled" {
		return true
	}
	return slices.Contains(sqsAway, code) || strings.HasPrefix(strings.ToLower(code), "kms")
}

// classifySQS marks an error of SQS, unless that is marked. A refusal whose code
// tells nothing is a plain error.
func classifySQS(ctx context.Context, err error) error {
	if err == nil || classOf(err).err != nil {
		return err
	}
	if ctx.Err() != nil {
		return Unavailable(errors.Join(context.Cause(ctx), err))
	}
	if errors.Is(err, errSQSChecksum) || ownSQSError(err) {
		return err
	}
	var refusal *sqsRefusal
	if errors.As(err, &refusal) {
		if !refusal.sender || awaySQSCode(strings.TrimPrefix(refusal.code, sqsCodePrefix)) {
			return Unavailable(err)
		}
		return Permanent(err)
	}
	var answer *smithyhttp.ResponseError
	answered := errors.As(err, &answer) && answer.HTTPStatusCode() != 0 // the SDK wraps what is no answer too
	if answered && awaySQSStatus(answer.HTTPStatusCode()) {
		return UnavailableFor(err, sqsRetryAfter(answer))
	}
	var api smithy.APIError
	switch {
	case beforeSQS(err):
		return Unavailable(err)
	case errors.As(err, &api):
		code := strings.TrimPrefix(api.ErrorCode(), sqsCodePrefix)
		switch {
		case awaySQSCode(code), api.ErrorFault() == smithy.FaultServer:
			return Unavailable(err)
		case slices.Contains(sqsPermanent, code):
			return Permanent(err)
		}
	case !answered, errors.Is(err, io.ErrUnexpectedEOF):
		return Unavailable(err) // nobody answered, or not to the end
	}
	return err
}

// beforeSQS tells whether the call never came to the queue because another one
// failed first: that for credentials.
func beforeSQS(err error) bool {
	var call, inner *smithy.OperationError
	return errors.As(err, &call) && errors.As(call.Err, &inner)
}

// ownSQSError tells whether nothing was sent because of what was to be sent.
func ownSQSError(err error) bool {
	var params smithy.InvalidParamsError
	var encode *smithy.SerializationError
	return errors.As(err, &params) || errors.As(err, &encode)
}

func awaySQSStatus(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= http.StatusInternalServerError
}

// sqsRetryAfter is what an answer says of when to come back; proxies do.
func sqsRetryAfter(answer *smithyhttp.ResponseError) time.Duration {
	const longest = time.Hour
	seconds, err := strconv.Atoi(answer.Response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longest)
}
