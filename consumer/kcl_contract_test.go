package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"
	chk "github.com/vmware/vmware-go-kcl-v2/clientlibrary/checkpoint"
	kclconfig "github.com/vmware/vmware-go-kcl-v2/clientlibrary/config"
	kcl "github.com/vmware/vmware-go-kcl-v2/clientlibrary/interfaces"
	par "github.com/vmware/vmware-go-kcl-v2/clientlibrary/partition"
	"github.com/vmware/vmware-go-kcl-v2/clientlibrary/worker"
	"go.uber.org/zap"
)

// What our seams rely on of vmware-go-kcl-v2 v1.0.0. Should another version
// ever be tried, these tests say what it changed.

// kclTrace is a KCL Worker with every seam replaced by one that notes its calls.
type kclTrace struct {
	mu    sync.Mutex
	calls []string

	renewErr error // what GetLease answers to a renewal
	held     bool
	// next answers GetRecords after the first claim check.
	next    func() (*kinesis.GetRecordsOutput, error)
	process func()
	offered bool
}

func (k *kclTrace) note(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, fmt.Sprintf(format, args...))
}

func (k *kclTrace) Init() error { k.note("Init"); return nil }

func (k *kclTrace) FetchCheckpoint(s *par.ShardStatus) error {
	k.note("FetchCheckpoint")
	return chk.ErrSequenceIDNotFound
}

func (k *kclTrace) GetLease(s *par.ShardStatus, owner string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held {
		k.calls = append(k.calls, "GetLease renew")
		return k.renewErr
	}
	if len(k.calls) == 0 || k.calls[len(k.calls)-1] != "FetchCheckpoint" {
		return errors.New("acquiring without FetchCheckpoint right before")
	}
	if slices.Contains(k.calls, "RemoveLeaseOwner") {
		return chk.ErrLeaseNotAcquired{} // one lease per test
	}
	k.calls, k.held = append(k.calls, "GetLease acquire"), true
	s.SetLeaseOwner(owner)
	return nil
}

func (k *kclTrace) CheckpointSequence(s *par.ShardStatus) error {
	k.note("CheckpointSequence %s", s.GetCheckpoint())
	return nil
}

func (k *kclTrace) RemoveLeaseOwner(string) error {
	k.note("RemoveLeaseOwner")
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = false
	return nil
}

func (k *kclTrace) RemoveLeaseInfo(string) error              { return nil }
func (k *kclTrace) GetLeaseOwner(string) (string, error)      { return "", nil }
func (k *kclTrace) ClaimShard(*par.ShardStatus, string) error { return nil }
func (k *kclTrace) CreateProcessor() kcl.IRecordProcessor     { return k }
func (k *kclTrace) Initialize(*kcl.InitializationInput)       { k.note("Initialize") }

func (k *kclTrace) ProcessRecords(*kcl.ProcessRecordsInput) {
	k.note("ProcessRecords")
	k.process()
}

func (k *kclTrace) ListActiveWorkers(map[string]*par.ShardStatus) (map[string][]*par.ShardStatus, error) {
	return nil, nil
}

func (k *kclTrace) Shutdown(in *kcl.ShutdownInput) {
	k.note("Shutdown %s", *kcl.ShutdownReasonMessage(in.ShutdownReason))
	if in.ShutdownReason == kcl.TERMINATE {
		time.Sleep(3500 * time.Millisecond) // renewals must go on meanwhile
		_ = in.Checkpointer.Checkpoint(nil)
	}
}

func (k *kclTrace) answer(params any) (any, error) {
	switch in := params.(type) {
	case *kinesis.ListShardsInput:
		return &kinesis.ListShardsOutput{Shards: []types.Shard{{ShardId: aws.String("s0"), SequenceNumberRange: &types.SequenceNumberRange{}}}}, nil
	case *kinesis.GetShardIteratorInput:
		return &kinesis.GetShardIteratorOutput{ShardIterator: in.ShardId}, nil
	}
	k.note("GetRecords")
	if k.offered {
		return k.next()
	}
	k.offered = true
	return &kinesis.GetRecordsOutput{
		MillisBehindLatest: aws.Int64(0), NextShardIterator: aws.String("s0"),
		Records: []types.Record{{Data: []byte("claim"), SequenceNumber: aws.String("0"), PartitionKey: aws.String("s0"), ApproximateArrivalTimestamp: aws.Time(time.Now())}},
	}, nil
}

func (k *kclTrace) start() *worker.Worker {
	client := kinesis.New(kinesis.Options{Region: "local", APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("trace", func(_ context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, err := k.answer(in.Parameters)
			return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, err
		}), middleware.Before)
	}}})
	cfg := kclconfig.NewKinesisClientLibConfigWithCredentials("app", "stream", "local", "me", aws.AnonymousCredentials{}, aws.AnonymousCredentials{}).
		WithShardSyncIntervalMillis(100).WithLeaseRefreshWaitTime(1000).WithIdleTimeBetweenReadsInMillis(1).WithLogger(newKCLLogger(zap.NewNop()))
	w := worker.NewWorker(k, cfg).WithKinesis(client).WithCheckpointer(k)
	if err := w.Start(); err != nil {
		panic(err)
	}
	return w
}

// story returns the calls without those that only repeat: renewals, and what
// the event loop asks after the lease has ended.
func (k *kclTrace) story() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	end := slices.Index(k.calls, "RemoveLeaseOwner")
	return strings.Join(slices.Compact(slices.Clone(k.calls[:end+1])), ", ")
}

const kclBeginning = "Init, FetchCheckpoint, GetLease acquire, FetchCheckpoint, Initialize, GetRecords, ProcessRecords, "

func TestKCL_RunsOneClaimPerLeaseAndRenewsBesideIt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		next func() (*kinesis.GetRecordsOutput, error)
		lose bool
		want string
	}{
		{
			"shard end", func() (*kinesis.GetRecordsOutput, error) {
				return &kinesis.GetRecordsOutput{MillisBehindLatest: aws.Int64(0)}, nil
			}, false,
			kclBeginning + "GetLease renew, GetRecords, Shutdown TERMINATE, GetLease renew, CheckpointSequence SHARD_END, RemoveLeaseOwner",
		},
		{
			"GetRecords fails", func() (*kinesis.GetRecordsOutput, error) { return nil, errLeaseOver }, false,
			kclBeginning + "GetLease renew, GetRecords, RemoveLeaseOwner",
		},
		{
			"renewal fails", func() (*kinesis.GetRecordsOutput, error) { return nil, errLeaseOver }, true,
			kclBeginning + "GetLease renew, RemoveLeaseOwner",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &kclTrace{next: tt.next, process: func() { time.Sleep(3500 * time.Millisecond) }}
				if tt.lose {
					k.renewErr = errTest
				}
				w := k.start()
				time.Sleep(time.Minute)
				w.Shutdown()
				if got := k.story(); got != tt.want {
					t.Errorf("calls\n got %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

func TestKCL_ShutdownWhileRunningDeliversRequestedOnceAndReleases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		k := &kclTrace{process: func() { <-stop }}
		w := k.start()
		time.Sleep(10 * time.Second)
		begun := time.Now()
		go func() { time.Sleep(time.Millisecond); close(stop) }()
		w.Shutdown()
		if took := time.Since(begun); took > 10*time.Millisecond {
			t.Errorf("Shutdown took %s after ProcessRecords returned", took)
		}
		if got, want := k.story(), kclBeginning+"GetLease renew, Shutdown REQUESTED, RemoveLeaseOwner"; got != want {
			t.Errorf("calls\n got %s\nwant %s", got, want)
		}
	})
}
