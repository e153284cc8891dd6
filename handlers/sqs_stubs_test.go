package handlers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"korestream/internal/awsclient"
	"korestream/localstack/emulators"
)

// fauxqs is the SQS server that the tests run against, an npm package. It is the
// last version for Node 20. It has FIFO queues with groups and deduplication,
// batches, visibility and the limits of size; unlike SQS it refuses characters
// above U+FFFF.
const (
	fauxqs        = "fauxqs"
	fauxqsVersion = "1.9.2"
)

// installFauxqs installs it once for all processes: the directory appears by a
// rename when it is complete.
var installFauxqs = sync.OnceValues(func() (string, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "korestream", "sqs")
	dir := filepath.Join(parent, fauxqs+"-"+fauxqsVersion)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(parent, "part-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, emulators.Files); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := os.Remove(filepath.Join(work, name)); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("npm", "install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", fauxqs+"@"+fauxqsVersion)
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install %s: %w: %s", fauxqs, err, out)
	}
	if err := os.Rename(work, dir); err != nil && !os.IsExist(err) {
		if _, there := os.Stat(dir); there != nil {
			return "", err
		}
	}
	return dir, nil
})

// sqsServer is a running server. The tests that run at one time share one: it
// is started by the first and ended by the last.
type sqsServer struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan struct{}
}

var sqsShared struct {
	sync.Mutex
	server *sqsServer
	users  int
}

// sqsQueues numbers the queues of all tests.
var sqsQueues atomic.Int64

func startSQS(t testing.TB) *sqsServer {
	t.Helper()
	dir, err := installFauxqs()
	if err != nil {
		t.Skipf("no SQS server to test against (%s of npm): %v", fauxqs, err)
	}
	sqsShared.Lock()
	defer sqsShared.Unlock()
	if sqsShared.users == 0 {
		sqsShared.server = runFauxqs(t, dir)
	}
	sqsShared.users++
	t.Cleanup(func() {
		sqsShared.Lock()
		defer sqsShared.Unlock()
		if sqsShared.users--; sqsShared.users == 0 {
			sqsShared.server.stdin.Close() // which ends it
			<-sqsShared.server.done
			_ = sqsShared.server.cmd.Wait()
		}
	})
	return sqsShared.server
}

// runFauxqs starts the server on a free port of loopback: see loopback.cjs.
func runFauxqs(t testing.TB, dir string) *sqsServer {
	t.Helper()
	cmd := exec.Command("node", "--require", "./loopback.cjs", filepath.Join("node_modules", fauxqs, "dist", "server.js"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "FAUXQS_LOGGER=false")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &sqsServer{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	ports := make(chan string, 1)
	go func() {
		defer close(s.done)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if _, port, ok := strings.Cut(lines.Text(), " got "); ok && strings.HasPrefix(lines.Text(), "asked-for ") {
				ports <- port
			}
		}
	}()
	select {
	case port := <-ports:
		s.url = "http://127.0.0.1:" + port
	case <-s.done:
		t.Fatalf("%s ended before it listened", fauxqs)
	case <-time.After(time.Minute):
		t.Fatalf("%s does not listen after a minute", fauxqs)
	}
	return s
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
	server := startSQS(t)
	front := newSQSFront(t, server.url)
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
