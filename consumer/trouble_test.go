package consumer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

func TestTroubleOf(t *testing.T) {
	t.Parallel()
	code := func(c string) error { return fmt.Errorf("op: %w", &smithy.GenericAPIError{Code: c}) }
	tests := []struct {
		name string
		err  error
		want trouble
	}{
		{"expired iterator", fmt.Errorf("op: %w", &types.ExpiredIteratorException{}), troubleExpiredIterator},
		{"throughput", &types.ProvisionedThroughputExceededException{}, troubleThrottled},
		{"kms throttling", code("KMSThrottlingException"), troubleThrottled},
		{"missing stream", &types.ResourceNotFoundException{}, troubleStreamMissing},
		{"bad argument", code("InvalidArgumentException"), troubleArgument},
		{"expired token", code("ExpiredTokenException"), troubleCredentials},
		{"unknown key", code("UnrecognizedClientException"), troubleAccess},
		{"key disabled", code("KMSDisabledException"), troubleKey},
		{"time-out", context.DeadlineExceeded, troubleUnreachable},
		{"refused", &net.OpError{Op: "dial", Err: errors.New("refused")}, troubleUnreachable},
		{"internal failure", code("InternalFailure"), troubleService},
		{"anything", errTest, troubleService},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := troubleOf(tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
