package app

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/checkpoint"
	"korestream/internal/config"
	"korestream/localstack/embed"
)

// TestCheck_WaitsForASlowTableAsLongAsAStartMayTake: a table whose answer takes a few
// seconds, once, is no reason to end.
func TestCheck_WaitsForASlowTableAsLongAsAStartMayTake(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		slow int // answers; 0 is all
		want string
	}{"two slow answers": {2, ""}, "no answer in time": {0, "lease table korestream"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ep := embed.New()
				c := newClients(ep.Config())
				if _, err := c.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // until it is active
				cfg, err := config.Load(config.Sources{NoFiles: true, Flags: map[string]string{"stream": "s", "worker": "w"}})
				if err != nil {
					t.Fatal(err)
				}
				leases := checkpoint.New(c.dynamo, leaseConfig(cfg, ""))
				if err := leases.Init(t.Context()); err != nil {
					t.Fatal(err)
				}
				ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: "Scan", Kind: embed.Slow, Delay: 4 * time.Second, Count: tt.slow})
				ctx, cancel := context.WithTimeout(t.Context(), startupTimeout)
				defer cancel()
				begun := time.Now()
				report, err := check(ctx, cfg, c, leases)
				if took := time.Since(begun); took > startupTimeout {
					t.Errorf("took %s, want no more than %s", took, startupTimeout)
				}
				switch {
				case tt.want == "" && (err != nil || report.OpenShards != 1):
					t.Errorf("got %+v, %v, want a report of one shard", report, err)
				case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
					t.Errorf("got %v, want an error that names the %s", err, tt.want)
				}
			})
		})
	}
}
