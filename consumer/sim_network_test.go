package consumer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"korestream/localstack/embed"
)

var errLinkDead = errors.New("the process is dead")

// link is one worker's way to AWS. It can be cut, slowed and frozen; what was
// sent into a cut may still arrive when the way is open again, as packets do.
type link struct {
	to  aws.HTTPClient
	sim *sim

	mu sync.Mutex // guards all below; never held while waiting
	// cut holds, by service, what is closed when the way is open again.
	cut map[string]chan struct{}
	// frozen is closed when the process goes on; nil while it runs.
	frozen chan struct{}
	dead   bool
	// latency is what each way takes, skew how far the answers' clock is off.
	latency, skew time.Duration
}

func newLink(s *sim) *link {
	return &link{to: s.ep.HTTPClient(), sim: s, cut: make(map[string]chan struct{})}
}

// Do implements aws.HTTPClient.
func (l *link) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	service, op := targetOf(r)
	if err := l.pass(r.Context(), service); err != nil {
		if errors.Is(err, errLinkDead) {
			return nil, err
		}
		// It is on the wire: it arrives once the way is open, whoever waits.
		l.sim.background.Go(func() {
			late := r.WithContext(context.WithoutCancel(r.Context()))
			if l.pass(late.Context(), service) == nil {
				if resp, err := l.deliver(late, service, op, body); err == nil {
					resp.Body.Close()
				}
			}
		})
		return nil, err
	}
	resp, err := l.deliver(r, service, op, body)
	if err != nil {
		return nil, err
	}
	if err := l.pass(r.Context(), service); err != nil { // the answer's way
		resp.Body.Close()
		return nil, err
	}
	l.mu.Lock()
	skew := l.skew
	l.mu.Unlock()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil && skew != 0 {
		resp.Header.Set("Date", at.Add(skew).UTC().Format(http.TimeFormat))
	}
	return resp, nil
}

func (l *link) deliver(r *http.Request, service, op string, body []byte) (*http.Response, error) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	if service == embed.DynamoDB && strings.HasSuffix(op, "Item") && op != "GetItem" {
		return l.sim.table.write(r.Context(), l.to, r, body)
	}
	return l.to.Do(r)
}

// pass waits until one way of a request is done.
func (l *link) pass(ctx context.Context, service string) error {
	l.mu.Lock()
	latency := l.latency
	l.mu.Unlock()
	if err := wait(ctx, latency); err != nil {
		return ctx.Err()
	}
	for {
		l.mu.Lock()
		blocked, dead := l.cut[service], l.dead
		if l.frozen != nil {
			blocked = l.frozen
		}
		l.mu.Unlock()
		switch {
		case dead:
			return errLinkDead
		case blocked == nil:
			return ctx.Err()
		}
		select {
		case <-blocked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sever cuts the way to a service for a while.
func (l *link) sever(service string) (mend func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut[service] != nil {
		return func() {}
	}
	open := make(chan struct{})
	l.cut[service] = open
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.cut[service] == open { // not killed meanwhile
			delete(l.cut, service)
			close(open)
		}
	}
}

// freeze stops the process as a long collection of garbage or SIGSTOP does.
func (l *link) freeze() (thaw func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen != nil {
		return func() {}
	}
	l.frozen = make(chan struct{})
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.frozen != nil {
			close(l.frozen)
			l.frozen = nil
		}
	}
}

// awaitThaw returns once the process runs; false if it never will.
func (l *link) awaitThaw() bool {
	for {
		l.mu.Lock()
		frozen, dead := l.frozen, l.dead
		l.mu.Unlock()
		if dead || frozen == nil {
			return !dead
		}
		<-frozen
	}
}

func (l *link) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	if l.frozen != nil {
		close(l.frozen)
		l.frozen = nil
	}
	for service, open := range l.cut {
		close(open)
		delete(l.cut, service)
	}
}

func (l *link) set(latency, skew time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latency, l.skew = latency, skew
}

// targetOf names the service and the operation of a request.
func targetOf(r *http.Request) (service, op string) {
	prefix, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if strings.HasPrefix(prefix, "DynamoDB") {
		return embed.DynamoDB, op
	}
	return embed.Kinesis, op
}
