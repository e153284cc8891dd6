package embed

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"korestream/localstack/embed/internal/awsjson"
	"korestream/localstack/embed/internal/kinesis"
)

// failure returns the error that a fault answers a request with.
func (e *Endpoint) failure(f *Fault, r request) *awsjson.Error {
	out := e.kindFailure(f.Kind, r)
	out.Status = cmp.Or(f.Status, out.Status)
	out.Code = cmp.Or(f.Code, out.Code)
	out.Message = cmp.Or(f.Message, out.Message)
	return out
}

func (e *Endpoint) kindFailure(k Kind, r request) *awsjson.Error {
	switch k {
	case Throttle, FailRecord:
		return e.throttled(r)
	case Unavailable:
		return &awsjson.Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server."}
	case ExpireIterator:
		now := e.Now()
		return kinesis.ExpiredIterator(now.Add(-5*time.Minute-time.Second), now)
	case KMSError:
		return awsjson.Errorf("KMSAccessDeniedException", "The ciphertext refers to a customer master key that does not exist, "+
			"does not exist in this region, or you are not allowed to access.")
	case AccessDenied:
		return awsjson.Errorf("AccessDeniedException", "User: arn:aws:iam::%s:user/embed is not authorized to perform: %s:%s on resource: %s",
			e.account, r.service, r.operation, e.resourceARN(r))
	case Custom:
		return &awsjson.Error{Status: http.StatusBadRequest}
	}
	code := "InternalFailure"
	if r.service == DynamoDB {
		code = "InternalServerError"
	}
	return &awsjson.Error{Status: http.StatusInternalServerError, Code: code, Message: "Internal server error"}
}

// throttled returns what the operation is throttled with.
func (e *Endpoint) throttled(r request) *awsjson.Error {
	switch r.operation {
	case "GetRecords", "GetShardIterator", "PutRecord", "PutRecords":
		return awsjson.Errorf("ProvisionedThroughputExceededException", "Rate exceeded for shard %s in stream %s under account %s.",
			cmp.Or(r.shard, "shardId-000000000000"), r.resource, e.account)
	}
	switch {
	case r.service == Kinesis:
		return awsjson.Errorf("LimitExceededException", "Rate exceeded for stream %s under account %s.", r.resource, e.account)
	case strings.HasSuffix(r.operation, "Table") || strings.HasSuffix(r.operation, "Tables") || strings.HasSuffix(r.operation, "TimeToLive"):
		return awsjson.Errorf("ThrottlingException", "Rate of requests exceeds the allowed throughput.")
	}
	return awsjson.Errorf("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table "+
		"was exceeded. Consider increasing your provisioning level with the UpdateTable API.")
}

func (e *Endpoint) resourceARN(r request) string {
	switch {
	case r.resource == "":
		return "*"
	case r.service == Kinesis:
		return e.StreamARN(r.resource)
	}
	return "arn:aws:dynamodb:" + e.region + ":" + e.account + ":table/" + r.resource
}

// locateTable returns the table that a request to DynamoDB names; batches and
// transactions name several and have none.
func locateTable(_ string, body []byte) (table, shard string) {
	var in struct{ TableName string }
	if json.Unmarshal(body, &in) != nil {
		return "", ""
	}
	// TableName may also be the table's ARN.
	if _, name, ok := strings.Cut(in.TableName, ":table/"); ok {
		return name, ""
	}
	return in.TableName, ""
}
