package handlers

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// dynamoOnce leaves retries to the caller, who counts them and knows when to stop.
func dynamoOnce(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// dynamoAway are the codes that say something of the table, of DynamoDB or of who
// we are, and nothing of the item; throttling is told apart by the SDK's list.
// See https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html.
var dynamoAway = []string{
	"ResourceNotFoundException", "ResourceInUseException", "LimitExceededException", "TransactionConflictException",
	"ReplicatedWriteConflictException", "AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException",
	"MissingAuthenticationTokenException", "IncompleteSignatureException", "InvalidSignatureException", "InvalidClientTokenId",
	"InternalServerError", "ServiceUnavailable",
}

// dynamoPermanent are those of what is wrong with the item.
var dynamoPermanent = []string{"ValidationException", "ItemCollectionSizeLimitExceededException", "SerializationException"}

// classifyDynamo marks an error of DynamoDB, unless that is marked. A refusal
// whose code tells nothing is a plain error.
func classifyDynamo(ctx context.Context, err error) error {
	if err, settled := classifyUnsent(ctx, err); settled {
		return err
	}
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() == 0 || beforeSQS(err) {
		return Unavailable(err) // nobody answered, or nobody was asked
	}
	if awaySQSStatus(answer.HTTPStatusCode()) {
		return UnavailableFor(err, sqsRetryAfter(answer))
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return Unavailable(err) // an answer that was cut
	}
	code := api.ErrorCode()
	_, throttled := awsretry.DefaultThrottleErrorCodes[code]
	switch {
	case throttled, slices.Contains(dynamoAway, code), strings.HasPrefix(code, "KMS"):
		return Unavailable(err)
	case slices.Contains(dynamoPermanent, code):
		return Permanent(err)
	}
	return err
}
