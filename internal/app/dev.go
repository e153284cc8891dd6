package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"

	"korestream/event/fleet"
	"korestream/internal/config"
	"korestream/localstack/embed"
)

// DevOptions are the settings of `dev`.
type DevOptions struct {
	// Count is how many records are put; 0 is without end.
	Count int
	// Rate is records a second; 0 is as fast as they are taken.
	Rate   float64
	Shards int
	Seed   uint64
	// Dir is where the archive and the dead letters go; empty makes a new
	// folder among the temporary files.
	Dir string
	// Out gets the summary, View what happens.
	Out, View io.Writer
}

const (
	devStream = "kore-events"
	// devView is how often what happens is shown.
	devViewEvery = time.Second
	// devPatience is how long nothing may move before a counted run is given up.
	devPatience = time.Minute
)

// Dev runs the daemon on an endpoint of its own and a made-up fleet, until ctx
// ends or Count records are accounted for. The error says what does not add up.
func Dev(ctx context.Context, o DevOptions, log *zap.Logger) error {
	begun := time.Now()
	w, err := newDevWorld(ctx, o, log)
	if err != nil {
		return err
	}
	defer w.close()
	fmt.Fprintf(o.View, "AWS endpoint %s (stream %s, lease table %s)\nstatus page  http://%s/\nevents       %s\ndead letters %s\n\n",
		w.server.url, devStream, w.cfg.LeaseTable(), w.daemon.admin.addr(), w.files.archive, w.files.letters)

	run, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- w.daemon.Run(run) }()
	produced := make(chan error, 1)
	go func() { produced <- w.producer.run(run) }()

	watchErr := w.watch(run, begun, stopped)
	stop()
	err = errors.Join(watchErr, <-produced)
	if !errors.Is(watchErr, errDaemonStopped) {
		err = errors.Join(err, <-stopped)
	}
	if o.Count == 0 || ctx.Err() != nil {
		return err
	}
	put, _ := w.producer.books()
	s, auditErr := audit(context.WithoutCancel(ctx), put, w.daemon.consumer.Status(), w.files, w.daemon.leases)
	s.Shards, s.ElapsedSeconds = o.Shards, seconds(time.Since(begun))
	return errors.Join(err, auditErr, s.write(o.Out))
}

// devWorld is everything that Dev runs.
type devWorld struct {
	opts     DevOptions
	files    devFiles
	cfg      *config.Config
	server   *endpointServer
	daemon   *Daemon
	producer *producer
}

func newDevWorld(ctx context.Context, o DevOptions, log *zap.Logger) (_ *devWorld, err error) {
	w := &devWorld{opts: o}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.files, err = newDevFiles(o.Dir); err != nil {
		return nil, err
	}
	if w.server, err = serveEndpoint(ctx, embed.New(), "127.0.0.1:0"); err != nil {
		return nil, err
	}
	c := localClients(w.server.url, "us-east-1")
	_, err = c.kinesis.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String(devStream), ShardCount: aws.Int32(int32(o.Shards))})
	if err != nil {
		return nil, fmt.Errorf("create stream: %w", err)
	}
	w.cfg, err = config.Load(config.Sources{Flags: map[string]string{
		"stream": devStream, "dead_letters.path": w.files.letters, "admin.listen": "127.0.0.1:0",
		"startup.shards.min": fmt.Sprint(o.Shards), "worker": "dev",
	}})
	if err != nil {
		return nil, err
	}
	w.cfg.Handlers = []config.Handler{{Name: "archive", Type: "ndjson", Match: []string{"*"}, Path: w.files.archive, Sync: "always", Retry: w.cfg.Retry}}
	if w.daemon, err = newDaemon(ctx, w.cfg, c, log); err != nil {
		return nil, err
	}
	cfg := fleet.DefaultConfig()
	cfg.Seed = o.Seed
	cfg.Start = time.Now()
	w.producer = newProducer(c.kinesis, devStream, fleet.New(cfg), o.Count, o.Rate)
	return w, nil
}

func newDevFiles(dir string) (devFiles, error) {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "korestream-dev-"); err != nil {
			return devFiles{}, fmt.Errorf("make a folder: %w", err)
		}
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return devFiles{}, fmt.Errorf("make a folder: %w", err)
	}
	f := devFiles{dir, filepath.Join(dir, "events.ndjson"), filepath.Join(dir, "dead-letters.ndjson")}
	for _, path := range []string{f.archive, f.letters} {
		if st, err := os.Stat(path); err == nil && st.Size() > 0 {
			return f, fmt.Errorf("%s is there already; choose another folder, for what is in it could not be told apart", path)
		}
	}
	return f, nil
}

func (w *devWorld) close() {
	if w.daemon != nil {
		w.daemon.Close()
	}
	if w.server != nil {
		// Ignored error: nothing is served any more.
		_ = w.server.close()
	}
}

var errDaemonStopped = errors.New("the daemon stopped by itself")

// watch shows what happens until ctx ends or a counted run has settled.
func (w *devWorld) watch(ctx context.Context, begun time.Time, stopped <-chan error) error {
	view := &devView{w: w.opts.View, begun: begun}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var shown time.Time
	moved, last := time.Now(), int64(-1)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-stopped:
			return errors.Join(errDaemonStopped, err)
		case <-tick.C:
		}
		put, all := w.producer.books()
		st := w.daemon.consumer.Status()
		done := w.opts.Count > 0 && all && settled(put, st)
		if done || time.Since(shown) >= devViewEvery {
			view.show(put, st)
			shown = time.Now()
		}
		if done {
			return nil
		}
		if n := put.total() + st.Totals.Handled + st.Totals.Duplicates + st.Totals.DeadLettered; n != last {
			moved, last = time.Now(), n
		} else if w.opts.Count > 0 && time.Since(moved) > devPatience {
			return fmt.Errorf("nothing has moved for %s", devPatience)
		}
	}
}
