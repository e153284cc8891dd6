package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"korestream/internal/awsclient"
	"korestream/localstack/engines"
)

// sqsShared is fauxqs. The tests that run at one time share it: it is started by
// the first and ended by the last.
var sqsShared struct {
	sync.Mutex
	server *engines.Engine
	users  int
}

// sqsQueues numbers the queues of all tests.
var sqsQueues atomic.Int64

// startSQS returns the URL of the server.
func startSQS(t testing.TB) string {
	t.Helper()
	sqsShared.Lock()
	defer sqsShared.Unlock()
	if sqsShared.users == 0 {
		engine, err := engines.StartSQS(t.Context())
		if errors.Is(err, engines.ErrNoNode) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		sqsShared.server = engine
	}
	sqsShared.users++
	t.Cleanup(func() {
		sqsShared.Lock()
		defer sqsShared.Unlock()
		if sqsShared.users--; sqsShared.users == 0 {
			if err := sqsShared.server.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return sqsShared.server.URL
}

// sqsWorld is a queue of a test's own and a client that reaches it through a
// front, which can be told to fail.
type sqsWorld struct {
	t      testing.TB
	front  *sqsFront
	client *sqs.Client
	queue  string
}

func newSQSWorld(t testing.TB, fifo bool, attributes map[string]string) *sqsWorld {
	t.Helper()
	front := newSQSFront(t, startSQS(t))
	w := &sqsWorld{t: t, front: front, client: sqsClient(t, front.url())}
	name := fmt.Sprintf("queue%d", sqsQueues.Add(1))
	if fifo {
		name += ".fifo"
	}
	out, err := w.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	w.queue = *out.QueueUrl
	return w
}

func sqsClient(t testing.TB, endpoint string) *sqs.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: awsclient.PlainBodies(&http.Client{Transport: transport}),
	})
}

func (w *sqsWorld) open() *SQS {
	w.t.Helper()
	cfg := DefaultSQSConfig()
	cfg.QueueURL = w.queue
	s, err := OpenSQS(w.client, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// receive takes all messages out of the queue.
func (w *sqsWorld) receive() []types.Message {
	w.t.Helper()
	var all []types.Message
	for {
		out, err := w.client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
			QueueUrl: &w.queue, MaxNumberOfMessages: 10,
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		all = append(all, out.Messages...)
		for _, m := range out.Messages {
			if _, err := w.client.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// attributesOf are the String attributes of a message.
func attributesOf(m types.Message) map[string]string {
	all := make(map[string]string)
	for name, a := range m.MessageAttributes {
		if aws.ToString(a.DataType) == sqsString {
			all[name] = aws.ToString(a.StringValue)
		}
	}
	return all
}
