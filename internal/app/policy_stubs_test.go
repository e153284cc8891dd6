package app

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"korestream/consumer"
	"korestream/handlers"
	"korestream/internal/config"
	"korestream/internal/iam"
	"korestream/localstack/embed"
)

// account is an AWS in this process: streams and tables of the endpoint, buckets
// of a server that is not ours, and as much of a queue as a sender and a reader
// see. It notes every call.
type account struct {
	t       *testing.T
	ep      *embed.Endpoint
	buckets http.Handler
	clients clients

	mu    sync.Mutex // guards all below
	calls map[string]bool
	sent  map[string][]string // the bodies in each queue, by its URL
}

var _ aws.HTTPClient = (*account)(nil)

const policyBucket = "kore-bucket"

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, ep: embed.New(), buckets: gofakes3.New(s3mem.New(), gofakes3.WithTimeSkewLimit(0)).Server(), calls: make(map[string]bool), sent: make(map[string][]string)}
	cfg := a.ep.Config()
	cfg.HTTPClient = a
	cfg.APIOptions = append(cfg.APIOptions, a.watch)
	a.clients = newClients(cfg)
	for name, shards := range map[string]int32{"kore-events": 2, "letters": 1} {
		_, err := a.clients.kinesis.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(shards)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.clients.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(policyBucket)}); err != nil {
		t.Fatal(err)
	}
	a.forget()
	return a
}

// watch notes each call that is made with a client.
func (a *account) watch(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("note", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		a.note(strings.ToLower(awsmiddleware.GetServiceID(ctx)), awsmiddleware.GetOperationName(ctx), in.Parameters)
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}

// note keeps a call as "service Operation name".
func (a *account) note(service, operation string, in any) {
	fields := []string{"TableName", "QueueUrl", "Bucket", "ConsumerName", "ConsumerARN", "StreamARN", "StreamName"}
	if operation == "RegisterStreamConsumer" { // granted on the stream
		fields = []string{"StreamARN"}
	}
	name := "?"
	for _, f := range fields {
		field := reflect.ValueOf(in).Elem().FieldByName(f)
		if !field.IsValid() {
			continue
		}
		if v, ok := reflect.TypeAssert[*string](field); ok && v != nil {
			name = *v
			break
		}
	}
	if _, consumer, ok := strings.Cut(name, "/consumer/"); ok {
		name, _, _ = strings.Cut(consumer, ":")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls[service+" "+operation+" "+name] = true
}

func (a *account) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.calls)
}

func (a *account) called() map[string]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}

// Do implements aws.HTTPClient.
func (a *account) Do(r *http.Request) (*http.Response, error) {
	target := r.Header.Get("X-Amz-Target")
	if target != "" && !strings.HasPrefix(target, "AmazonSQS.") {
		return a.ep.HTTPClient().Do(r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	if target == "" {
		if r.Body == nil {
			r.Body = http.NoBody
		}
		r = r.Clone(r.Context())
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10)) // as on the wire
		a.buckets.ServeHTTP(w, r)
	} else {
		a.queue(w, r, strings.TrimPrefix(target, "AmazonSQS."))
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// queue answers as SQS does where all goes well.
func (a *account) queue(w http.ResponseWriter, r *http.Request, operation string) {
	var in struct {
		QueueURL    string `json:"QueueUrl"`
		MessageBody string
		Entries     []struct {
			ID          string `json:"Id"`
			MessageBody string
		}
	}
	if body, err := io.ReadAll(r.Body); err != nil || json.Unmarshal(body, &in) != nil {
		a.t.Errorf("%s: unreadable request", operation)
	}
	out := map[string]any{}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch operation {
	case "SendMessage":
		a.sent[in.QueueURL] = append(a.sent[in.QueueURL], in.MessageBody)
		out = map[string]any{"MessageId": "m", "MD5OfMessageBody": digest(in.MessageBody)}
	case "SendMessageBatch":
		var done []map[string]any
		for _, e := range in.Entries {
			done = append(done, map[string]any{"Id": e.ID, "MessageId": "m", "MD5OfMessageBody": digest(e.MessageBody)})
		}
		out["Successful"] = done
	case "ReceiveMessage":
		var got []map[string]any
		for i, body := range a.sent[in.QueueURL] {
			got = append(got, map[string]any{"MessageId": fmt.Sprint("m", i), "ReceiptHandle": fmt.Sprint("r", i), "Body": body, "MD5OfBody": digest(body)})
		}
		delete(a.sent, in.QueueURL)
		out["Messages"] = got
	case "GetQueueAttributes":
		out["Attributes"] = map[string]string{"MessageRetentionPeriod": "1209600", "MaximumMessageSize": "1048576"}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(out)
}

// put puts a record on the stream, past the notes.
func (a *account) put(data string) {
	a.t.Helper()
	kc := kinesis.NewFromConfig(a.ep.Config())
	_, err := kc.PutRecord(a.t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("kore-events"), PartitionKey: aws.String("k"), Data: []byte(data)})
	if err != nil {
		a.t.Fatal(err)
	}
}

// blocks is a handler that never comes to an end by itself with one event.
type blocks struct{}

func (blocks) Handle(ctx context.Context, d *consumer.Delivery) error {
	if d.Event.ID != "blocks" {
		return nil
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func init() {
	handlers.Register("blocks", func(handlers.Options) (handlers.Handler, error) { return blocks{}, nil })
}

// load reads a configuration from flags.
func (a *account) load(flags map[string]string) *config.Config {
	a.t.Helper()
	all := map[string]string{
		"stream": a.ep.StreamARN("kore-events"), "admin.listen": "", "drain.timeout": "2s", "dead_letters.path": a.t.TempDir() + "/letters",
		"handlers": "[{name: own, type: blocks}]",
	}
	for k, v := range flags {
		all[k] = v
	}
	env := []string{"KORESTREAM_HANDLERS=" + all["handlers"]}
	delete(all, "handlers")
	cfg, err := config.Load(config.Sources{Env: env, Flags: all})
	if err != nil {
		a.t.Fatal(err)
	}
	return cfg
}

// needed returns the calls of the table, as they are noted.
func (a *account) needed(cfg *config.Config, operator bool) map[string]bool {
	out := make(map[string]bool)
	for _, n := range iam.Needs(cfg, iam.PlaceOf(cfg, "", "")) {
		if n.Operator == operator {
			out[n.Service+" "+n.Operation+" "+n.Name] = true
		}
	}
	return out
}

// without returns what is in one set and not in another, in order.
func without(set, other map[string]bool) []string {
	var out []string
	for k := range set {
		if !other[k] {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// runFor runs a daemon for a while and drains it.
func (a *account) runFor(cfg *config.Config, d time.Duration) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	daemon, err := newDaemon(ctx, cfg, a.clients, discard)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := daemon.Run(ctx); err != nil && ExitCode(err) != ExitDrainTimeout {
		a.t.Fatal(err)
	}
}

// redrive removes each letter but the last, and gives that back.
func (a *account) redrive(cfg *config.Config) {
	a.t.Helper()
	s, err := awsLetters(a.clients, &cfg.DeadLetters)
	if err != nil {
		a.t.Fatal(err)
	}
	var all []*handlers.Letter
	for l, err := range s.Letters(a.t.Context()) {
		if err != nil {
			a.t.Fatal(err)
		}
		all = append(all, l)
	}
	if len(all) != 2 {
		a.t.Fatalf("got %d letters, want 2", len(all))
	}
	slices.SortFunc(all, func(x, y *handlers.Letter) int { return len(y.Bytes()) - len(x.Bytes()) })
	if err := s.Remove(a.t.Context(), all[0]); err != nil {
		a.t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		a.t.Fatal(err)
	}
}
