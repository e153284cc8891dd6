package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/klauspost/compress/gzip"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protowire"

	"korestream/internal/episode"
)

// Keys of the log.
const (
	keySignal = "signal"
	keyReason = "reason"
	keyError  = "error"
)

// sender posts one signal to a collector. It is safe for concurrent use.
type sender struct {
	to     *OTLP
	signal string
	client *http.Client
	log    *zap.Logger

	mu      sync.Mutex // guards trouble
	trouble episode.Episode
}

// connectTimeout bounds the making of a connection.
const connectTimeout = 5 * time.Second

func newSender(to *OTLP, signal string, log *zap.Logger) *sender {
	return &sender{to: to, signal: signal, log: log, client: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: to.TLS, ForceAttemptHTTP2: true,
			DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout: connectTimeout, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 1,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send posts a message, several times if need be, within the time-out, and once if the
// collector was away before. What goes wrong it tells the log, and nobody else. An
// export that a stop cuts short is nothing wrong: the last one, which comes behind it,
// has what it had.
func (s *sender) send(ctx context.Context, message []byte) {
	bounded, cancel := context.WithTimeout(ctx, s.to.Timeout)
	defer cancel()
	body, err := s.encode(message)
	if err == nil {
		_, err = backoff.Retry(bounded, func() (struct{}, error) { return struct{}{}, s.post(bounded, body) },
			backoff.WithMaxElapsedTime(s.to.Timeout), backoff.WithMaxTries(s.tries()))
	}
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	s.tell(err)
}

// tries bounds the tries of an export; 0 is no bound.
func (s *sender) tries() uint {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble.Failing() {
		return 1
	}
	return 0
}

func (s *sender) encode(message []byte) ([]byte, error) {
	if !s.to.Gzip {
		return message, nil
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(message)
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return b.Bytes(), nil
}

// refusedError is an answer that is no 2xx, or one that takes only a part.
type refusedError struct {
	status  string
	rejects int64
	says    string
}

func (e *refusedError) Error() string {
	if e.status == "" {
		return fmt.Sprintf("collector rejected %d: %q", e.rejects, e.says)
	}
	return "collector answered " + e.status
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// post tries once. Its error is a permanent one of package backoff if another try is
// of no use.
func (s *sender) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.URL, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(fmt.Errorf("make request: %w", err))
	}
	for name, values := range s.to.Headers {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "korestream")
	req.Header.Set("Content-Type", "application/x-protobuf")
	if s.to.Gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the URL may hold a password
		}
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && after > 0 {
			return fmt.Errorf("collector answered %s: %w", resp.Status, backoff.RetryAfter(after))
		}
		return &refusedError{status: resp.Status}
	}
	if resp.StatusCode/100 != 2 {
		return backoff.Permanent(&refusedError{status: resp.Status})
	}
	if rejects, says := partialSuccess(answer); err == nil && (rejects != 0 || says != "") {
		return backoff.Permanent(&refusedError{rejects: rejects, says: says})
	}
	return nil
}

// partialSuccess reads what a collector has not taken out of its answer, an
// ExportTraceServiceResponse or its like for metrics: both have a message with the
// number of what was rejected and a text as their first member.
func partialSuccess(answer []byte) (rejects int64, says string) {
	fields(answer, func(n protowire.Number, _ uint64, inner []byte) {
		if n != 1 {
			return
		}
		fields(inner, func(n protowire.Number, number uint64, text []byte) {
			switch n {
			case 1:
				rejects = int64(number)
			case 2:
				says = string(text)
			}
		})
	})
	return rejects, says
}

// fields calls f for each field that is a varint or has a length.
func fields(message []byte, f func(n protowire.Number, number uint64, text []byte)) {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeField(message)
		if size < 0 {
			return
		}
		_, _, tag := protowire.ConsumeTag(message)
		switch value := message[tag:size]; kind {
		case protowire.VarintType:
			number, _ := protowire.ConsumeVarint(value)
			f(n, number, nil)
		case protowire.BytesType:
			text, _ := protowire.ConsumeBytes(value)
			f(n, 0, text)
		}
		message = message[size:]
	}
}

// tell keeps the log short: one line when exports begin to fail, or fail for another
// reason, one when they work again.
func (s *sender) tell(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		if n, over := s.trouble.Succeeded(); over {
			s.log.Info("telemetry is exported again", zap.String(keySignal, s.signal), zap.Int("failures", n))
		}
		return
	}
	reason := reasonOf(err)
	if s.trouble.Failed(reason) {
		s.log.Warn("telemetry not exported; what does not fit into its queue is dropped",
			zap.String(keySignal, s.signal), zap.String(keyReason, reason), zap.NamedError(keyError, err))
	}
}

// reasonOf is an error's kind in one word.
func reasonOf(err error) string {
	var refused *refusedError
	var later *backoff.RetryAfterError
	switch {
	case errors.As(err, &refused) && refused.status == "":
		return "rejected"
	case errors.As(err, &refused), errors.As(err, &later):
		return "refused"
	}
	return "unreachable"
}

func (s *sender) close() { s.client.CloseIdleConnections() }
