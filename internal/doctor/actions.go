package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"korestream/internal/iam"
)

// Action is what came of exercising one action.
type Action struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	For      string `json:"for"`
	// Result is allowed, denied or not exercised.
	Result string `json:"result"`
	Why    string `json:"why,omitempty"`
}

// The results of Action.
const (
	allowed      = "allowed"
	refused      = "denied"
	notExercised = "not exercised"
)

// putPolicy gives a role what it lacks; ROLE is for the reader to put in.
const putPolicy = "aws iam put-role-policy --role-name ROLE --policy-name korestream --policy-document file://policy.json"

// unexercised is why there is no call that has no effect.
type unexercised string

func (u unexercised) Error() string { return string(u) }

// exercise makes each call of a daemon once, without an effect.
func (e *exam) exercise(ctx context.Context) {
	seen := make(map[string]bool)
	for _, n := range iam.Needs(e.cfg, e.place()) {
		if n.Operator || seen[n.Action+n.Resource] {
			continue
		}
		seen[n.Action+n.Resource] = true
		a := Action{Action: n.Action, Resource: n.Resource, For: string(n.Part), Result: allowed}
		err := e.try(ctx, n)
		var none unexercised
		switch {
		case errors.As(err, &none):
			a.Result, a.Why = notExercised, none.Error()
		case denied(err):
			a.Result, a.Why = refused, code(err)
		case err != nil && !harmless[code(err)]:
			a.Result, a.Why = notExercised, err.Error()
		}
		e.report.Actions = append(e.report.Actions, a)
		if a.Result == refused {
			e.fault("permission", n.Action+" is denied", "allowed on "+n.Resource, fmt.Sprintf("the %s needs it (%s)", n.Part, n.Operation),
				"korestream iam-policy > policy.json && "+putPolicy)
		}
	}
	e.summarise()
}

// summarise adds one finding for all that is well.
func (e *exam) summarise() {
	n := make(map[string]int)
	for _, a := range e.report.Actions {
		n[a.Result]++
	}
	if n[refused] == 0 {
		e.ok("permissions", fmt.Sprintf("%d allowed, %d not exercised", n[allowed], n[notExercised]), "none denied")
	}
}

// harmless are the refusals that come after a permission was granted.
var harmless = map[string]bool{
	"ConditionalCheckFailedException": true, "ResourceNotFoundException": true, "ResourceInUseException": true,
	"DryRunOperationException": true, "ValidationException": true, "PreconditionFailed": true, "NoSuchKey": true,
}

// code returns the error code of a service; empty if it is no answer of one.
func code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return api.ErrorCode()
}

// denied tells whether an error says that a permission is missing.
func denied(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied", "AuthorizationErrorException", "NotAuthorized":
		return true
	case "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken", "InvalidSignatureException":
		return false // nobody is known to ask
	}
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden
}

// try makes the call of a need so that it has no effect.
func (e *exam) try(ctx context.Context, n iam.Need) error {
	switch n.Service {
	case iam.DynamoDB:
		return e.tryTable(ctx, n)
	case iam.Kinesis:
		return e.tryStream(ctx, n)
	case iam.S3:
		return e.tryBucket(ctx, n)
	}
	return unexercised("a message that is sent is there")
}

// doctorKey is the key of a row or an object that never is.
const doctorKey = "korestream-doctor-looks-for-this"
