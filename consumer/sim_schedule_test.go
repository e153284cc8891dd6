package consumer

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"korestream/checkpoint"
	"korestream/localstack/embed"
)

// sim is one simulated life of an application: a stream, its workers, and what
// goes wrong, all decided by a seed.
type sim struct {
	*world
	seed    uint64
	rng     *rand.Rand
	ledger  *ledger
	table   *simTable
	reader  *checkpoint.Store // reads the lease table undisturbed
	workers []*simWorker      // every one there ever was
	// background are troubles that will end and requests that are on their way.
	background sync.WaitGroup

	calm      bool // nothing happens that may cause a repeat
	shards    int  // at the start
	most      int  // workers at once
	length    time.Duration
	poll      time.Duration
	begun     time.Time
	history   []string
	scalings  int
	lastBlip  time.Time // until when a short trouble is felt
	lossy     time.Time // until when answers are lost
	verbose   bool
	launched  int
	keyNumber int
}

// plan draws the outline of a schedule.
func (s *sim) plan() {
	seed := s.seed
	s.rng = rand.New(rand.NewPCG(seed, 0))
	s.calm = seed%3 == 0
	s.most = 1 + s.rng.IntN(8)
	s.shards = 1 + s.rng.IntN(6)
	s.length = time.Duration(30+s.rng.IntN(60)) * time.Second
	s.poll = 250 * time.Millisecond
	s.keyNumber = 5 + s.rng.IntN(40)
	if seed%16 == 15 { // a large one
		s.shards = 16 + s.rng.IntN(49)
		s.poll, s.length, s.keyNumber = 2*time.Second, 40*time.Second, 200
	}
}

func (s *sim) note(format string, args ...any) {
	s.history = append(s.history, fmt.Sprintf("%8s  ", time.Since(s.begun).Round(time.Millisecond))+fmt.Sprintf(format, args...))
}

func (s *sim) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Int64N(int64(to-from)))
}

// play runs the schedule.
func (s *sim) play() {
	for range 1 + s.rng.IntN(s.most) {
		s.join()
	}
	for time.Since(s.begun) < s.length {
		s.putSome()
		time.Sleep(s.between(100*time.Millisecond, 3*time.Second))
		s.happen()
	}
	s.background.Wait()
}

// happen makes one thing happen, or nothing.
func (s *sim) happen() {
	actions := []func(){s.join, s.leave, s.deploy, s.splitSome, s.mergeSome, s.scale, s.slow, s.skew, s.kinesisFails, s.answersLost, s.blip, s.blip, func() {}}
	if !s.calm {
		actions = append(actions, s.crash, s.crash, s.pause, s.partition, s.partition, s.throttleTable)
	}
	actions[s.rng.IntN(len(actions))]()
}

func (s *sim) putSome() {
	for range s.rng.IntN(60) {
		e := s.ledger.intend(fmt.Sprintf("HS%03d", s.rng.IntN(s.keyNumber)))
		out, err := s.kc.PutRecord(s.t.Context(), &kinesis.PutRecordInput{
			StreamName: aws.String(testStream), PartitionKey: aws.String(e.key), Data: []byte(eventJSON(e.id, e.key)),
		})
		s.must(err)
		s.ledger.put(e, *out.ShardId, *out.SequenceNumber)
	}
}

// live returns the workers that run.
func (s *sim) live() []*simWorker {
	var live []*simWorker
	for _, w := range s.workers {
		select {
		case <-w.done:
		default:
			if !w.killed && w.cancel != nil {
				live = append(live, w)
			}
		}
	}
	return live
}

func (s *sim) any() *simWorker {
	live := s.live()
	if len(live) == 0 {
		return nil
	}
	return live[s.rng.IntN(len(live))]
}

func (s *sim) join() {
	if len(s.live()) >= s.most {
		return
	}
	s.launched++
	w := s.launch(fmt.Sprintf("w%d", s.launched))
	s.workers = append(s.workers, w)
	s.note("%s starts", w.name)
}

func (s *sim) leave() {
	w := s.any()
	if w == nil || len(s.live()) == 1 {
		return
	}
	s.stop(w)
}

// stop stops a worker in an orderly way; it must succeed unless disturbed.
func (s *sim) stop(w *simWorker) {
	s.note("%s is stopped", w.name)
	from := time.Now()
	w.cancel()
	<-w.done
	if w.err != nil && !w.disturbed(from, time.Now()) {
		s.ledger.mu.Lock()
		s.ledger.violated("%s stopped with %v", w.name, w.err)
		s.ledger.mu.Unlock()
	}
	s.note("%s has stopped", w.name)
}

// deploy replaces all workers, one after another.
func (s *sim) deploy() {
	s.note("deploy")
	for _, w := range s.live() {
		s.stop(w)
		s.join()
		time.Sleep(s.between(0, 3*time.Second))
	}
}

func (s *sim) splitSome() {
	if open := s.openShards(); len(open) < 64 {
		s.note("split")
		s.split(s.rng.IntN(len(open)))
		s.ledger.listed(s.world.shards())
	}
}

func (s *sim) mergeSome() {
	if len(s.openShards()) > 1 {
		s.note("merge")
		s.merge()
		s.ledger.listed(s.world.shards())
	}
}

func (s *sim) scale() {
	open := len(s.openShards())
	if s.scalings++; s.scalings > 2 || open > 16 {
		return
	}
	target := (open+1)/2 + s.rng.IntN(open+1)
	s.note("scale from %d to %d shards", open, target)
	_, err := s.kc.UpdateShardCount(s.t.Context(), &kinesis.UpdateShardCountInput{
		StreamName: aws.String(testStream), TargetShardCount: aws.Int32(int32(target)), ScalingType: types.ScalingTypeUniformScaling,
	})
	s.must(err)
	s.awaitActive()
	s.ledger.listed(s.world.shards())
}

// later does something after a time, in the background.
func (s *sim) later(d time.Duration, do func()) {
	s.background.Go(func() {
		time.Sleep(d)
		do()
	})
}

func (s *sim) slow() {
	if w := s.any(); w != nil {
		d := s.between(0, 300*time.Millisecond)
		s.note("%s is %s away", w.name, d)
		w.link.set(d, 0)
	}
}

func (s *sim) skew() {
	if w := s.any(); w != nil {
		d := s.between(-time.Hour, time.Hour)
		s.note("%s sees a clock that is off by %s", w.name, d)
		w.link.set(s.between(0, 50*time.Millisecond), d)
	}
}

func (s *sim) kinesisFails() {
	d := s.between(time.Second, 20*time.Second)
	kind := []embed.Kind{embed.Throttle, embed.ServerError, embed.Unavailable, embed.ExpireIterator, embed.CutConnection, embed.KMSError}[s.rng.IntN(6)]
	f := embed.Fault{Service: embed.Kinesis, Kind: kind, Rate: 0.2 + 0.8*s.rng.Float64()}
	s.note("reading fails for %s: %s, %.0f %%", d, kind, f.Rate*100)
	for _, op := range []string{"GetRecords", "GetShardIterator", "ListShards"} {
		f.Operation = op
		in := s.ep.Faults().Add(f)
		s.later(d, in.Remove)
	}
}

// answersLost makes writes to the table take effect and look failed.
func (s *sim) answersLost() {
	if time.Now().Before(s.lossy) { // two at once would be an outage
		return
	}
	d := s.between(time.Second, 20*time.Second)
	s.lossy = time.Now().Add(d)
	s.note("a third of the table's answers is lost for %s", d)
	in := s.ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: "UpdateItem", Kind: embed.ServerError, Rate: 0.3, Applied: true})
	s.later(d, in.Remove)
}

// blip is a trouble with the table that is too short to lose a lease.
func (s *sim) blip() {
	w := s.any()
	if w == nil || time.Now().Before(s.lastBlip) {
		return
	}
	d := s.between(100*time.Millisecond, simFailover*3/10)
	s.lastBlip = time.Now().Add(d + simFailover) // two in a row are no blip
	s.note("%s loses the table for %s", w.name, d)
	s.later(d, w.link.sever(embed.DynamoDB))
}

func (s *sim) crash() {
	if w := s.any(); w != nil {
		s.note("%s is killed", w.name)
		w.kill()
	}
	if len(s.live()) == 0 {
		s.join()
	}
}

func (s *sim) pause() {
	if w := s.any(); w != nil {
		d := s.between(time.Second, 3*simFailover)
		s.note("%s is paused for %s", w.name, d)
		w.disturb(d)
		s.later(d, w.link.freeze())
	}
}

func (s *sim) partition() {
	w := s.any()
	if w == nil {
		return
	}
	d := s.between(time.Second, 3*simFailover)
	services := [][]string{{embed.Kinesis}, {embed.DynamoDB}, {embed.Kinesis, embed.DynamoDB}}[s.rng.IntN(3)]
	s.note("%s is cut off from %v for %s", w.name, services, d)
	for _, service := range services {
		if service == embed.DynamoDB {
			w.disturb(d)
		}
		s.later(d, w.link.sever(service))
	}
}

// throttleTable refuses all of the table to everybody.
func (s *sim) throttleTable() {
	d := s.between(time.Second, 2*simFailover)
	s.note("the table is throttled for %s", d)
	for _, op := range []string{"UpdateItem", "PutItem", "DeleteItem", "Scan"} {
		in := s.ep.Faults().Add(embed.Fault{Service: embed.DynamoDB, Operation: op, Kind: embed.Throttle})
		s.later(d, in.Remove)
	}
	for _, w := range s.live() {
		w.disturb(d)
	}
}
