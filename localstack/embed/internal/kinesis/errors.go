package kinesis

import "korestream/localstack/embed/internal/awsjson"

// The exceptions that Kinesis answers.
const (
	codeExpiredIterator  = "ExpiredIteratorException"
	codeExpiredNextToken = "ExpiredNextTokenException"
	codeInvalidArgument  = "InvalidArgumentException"
	codeLimitExceeded    = "LimitExceededException"
	codeResourceInUse    = "ResourceInUseException"
	codeResourceNotFound = "ResourceNotFoundException"
	codeThroughput       = "ProvisionedThroughputExceededException"
	codeValidation       = "ValidationException"
	codeDryRun           = "DryRunOperationException"
)

func invalidArgument(format string, args ...any) error {
	return awsjson.Errorf(codeInvalidArgument, format, args...)
}

func inUse(format string, args ...any) error {
	return awsjson.Errorf(codeResourceInUse, format, args...)
}

func notFound(format string, args ...any) error {
	return awsjson.Errorf(codeResourceNotFound, format, args...)
}

func limitExceeded(format string, args ...any) error {
	return awsjson.Errorf(codeLimitExceeded, format, args...)
}

func (s *Service) streamNotFound(name string) error {
	return notFound("Stream %s under account %s not found.", name, s.opts.Account)
}

func (s *Service) shardNotFound(shard, stream string) error {
	return notFound("Could not find shard %s in stream %s under account %s.", shard, stream, s.opts.Account)
}

// shardMissing is what reads are told; other operations say shardNotFound.
func (s *Service) shardMissing(shard, stream string) error {
	return notFound("Shard %s in stream %s under account %s does not exist", shard, stream, s.opts.Account)
}

func (s *Service) rateExceeded(shard, stream string) *awsjson.Error {
	return awsjson.Errorf(codeThroughput, "Rate exceeded for shard %s in stream %s under account %s.",
		shard, stream, s.opts.Account)
}

// dryRun is the answer to a request that would have succeeded and asked not to
// be run.
func dryRun() error {
	return awsjson.Errorf(codeDryRun, "Request would have succeeded, but DryRun flag is set.")
}

func expiredToken() error {
	return awsjson.Errorf(codeExpiredNextToken, "The NextToken has expired.")
}

func validation(format string, args ...any) error {
	return awsjson.Errorf(codeValidation, format, args...)
}
