package handlers

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"korestream/consumer"
)

// HTTPMode is one of the three forms that CloudEvents have over HTTP. See
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md.
type HTTPMode string

// The modes.
const (
	// HTTPStructured sends the event as received, one a request.
	HTTPStructured HTTPMode = "structured"
	// HTTPBinary sends the data as the body and everything else as headers.
	HTTPBinary HTTPMode = "binary"
	// HTTPBatched sends events as received, several a request. A 2xx is taken as
	// said of all of them.
	HTTPBatched HTTPMode = "batched"
)

// HTTPConfig says where events are posted, and how.
type HTTPConfig struct {
	// URL is where to. It must be https, but for a loopback address or with
	// AllowPlaintext. Nothing of it is logged but the host.
	URL            string
	AllowPlaintext bool
	Mode           HTTPMode
	// BearerFile names a file with a token for the Authorization header. HMACFile
	// names one with a secret for the header Korestream-Signature (see [HTTP]).
	// Both are read again when they change.
	BearerFile, HMACFile string
	// CAFile names a file of PEM certificates to trust in place of the system's.
	CAFile string
	// MaxConns bounds the connections to the host, 1 to 1000.
	MaxConns int
	// ConnectTimeout bounds the making of one connection, its TLS included. The
	// whole request is bounded by the context of Handle.
	ConnectTimeout time.Duration
}

// DefaultHTTPConfig returns a configuration of structured events over at most 64
// connections, each made within 5 s, without a URL.
func DefaultHTTPConfig() HTTPConfig {
	return HTTPConfig{Mode: HTTPStructured, MaxConns: 64, ConnectTimeout: 5 * time.Second}
}

// Validate names the first field that is out of bounds. It looks at no file.
func (c HTTPConfig) Validate() error {
	const mostConns = 1000
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return errors.New("field URL must be one such as https://example.com/events")
	case u.User != nil:
		return errors.New("field URL must hold no password; use BearerFile")
	case u.Scheme == "http" && !c.AllowPlaintext && !isLoopback(u.Hostname()):
		return fmt.Errorf("field URL must be https, for events go to %s in the open; set AllowPlaintext if that is meant", u.Host)
	case c.Mode != HTTPStructured && c.Mode != HTTPBinary && c.Mode != HTTPBatched:
		return fmt.Errorf("field Mode must be structured, binary or batched (%q)", c.Mode)
	case c.Mode == HTTPBinary && c.HMACFile != "":
		return errors.New("field HMACFile must be empty in binary mode, where the signature would not cover the headers; use structured")
	case c.MaxConns < 1 || c.MaxConns > mostConns:
		return fmt.Errorf("field MaxConns must be 1 to %d (%d)", mostConns, c.MaxConns)
	case c.ConnectTimeout <= 0:
		return fmt.Errorf("field ConnectTimeout must be above 0 (%s)", c.ConnectTimeout)
	}
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// HTTP is the handler that posts events to a URL as CloudEvents. A 2xx answer
// says that an event is handled. What else an answer means:
//
//   - 408, 425, 429, 502, 503 and 504, no answer, or no connection: the receiver
//     is away. The event is tried until it is back, and not before its Retry-After.
//   - 401 and 403: likewise, for it is our credential that is wrong.
//   - 500 and other 5xx: an attempt that failed.
//   - all else, redirects included: a permanent error.
//
// Events that lack what CloudEvents must have get it: a specversion of 1.0, and
// the stream as their source. With a secret, requests carry
//
//	Korestream-Signature: t=1767225600,v1=<hex>
//
// where t is the time in seconds and v1 the HMAC-SHA256 of t, a dot and the body.
// It is safe for concurrent use.
type HTTP struct {
	cfg    HTTPConfig
	client *http.Client
	bearer *secretFile
	hmac   *secretFile
	trace  Propagator // nil if nobody traces here
}

var (
	_ Handler      = (*HTTP)(nil)
	_ BatchHandler = (*HTTP)(nil)
)

// HTTPOption changes an HTTP handler under construction.
type HTTPOption func(*HTTP)

// WithHTTPPropagator has requests carry the headers traceparent and tracestate: an
// event's own or, where it has none and for several events in one request, those of
// the context that it is handled under. The default is neither.
func WithHTTPPropagator(p Propagator) HTTPOption { return func(h *HTTP) { h.trace = p } }

// OpenHTTP reads the files that the configuration names and returns a handler
// that connects when the first event comes.
func OpenHTTP(cfg HTTPConfig, opts ...HTTPOption) (*HTTP, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	h := &HTTP{cfg: cfg, bearer: newSecretFile(cfg.BearerFile), hmac: newSecretFile(cfg.HMACFile)}
	for _, o := range opts {
		o(h)
	}
	for _, s := range []*secretFile{h.bearer, h.hmac} {
		if _, err := s.read(); err != nil {
			return nil, fmt.Errorf("http: %w", err)
		}
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("http: read CAFile: %w", err)
		}
		if trust.RootCAs = x509.NewCertPool(); !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("http: no PEM certificate in %s", cfg.CAFile)
		}
	}
	h.client = &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: cfg.ConnectTimeout}).DialContext,
			TLSClientConfig:     trust,
			TLSHandshakeTimeout: cfg.ConnectTimeout,
			MaxConnsPerHost:     cfg.MaxConns,
			MaxIdleConnsPerHost: cfg.MaxConns,
			IdleConnTimeout:     time.Minute,
			ForceAttemptHTTP2:   true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return h, nil
}

// Handle implements [Handler].
func (h *HTTP) Handle(ctx context.Context, d *consumer.Delivery) error {
	switch h.cfg.Mode {
	case HTTPBinary:
		return h.post(ctx, binaryMessage(d), d)
	case HTTPBatched:
		return h.post(ctx, batchMessage([]*consumer.Delivery{d}), d)
	}
	return h.post(ctx, structuredMessage(d), d)
}

// HandleBatch posts the events in one request in batched mode, and one by one in
// the others. A batch that is refused for good is tried one by one, so that only
// those to blame fail.
func (h *HTTP) HandleBatch(ctx context.Context, ds []*consumer.Delivery) []error {
	var err error
	if h.cfg.Mode == HTTPBatched {
		if err = h.post(ctx, batchMessage(ds), nil); err == nil {
			return nil
		}
		if !IsPermanent(err) || len(ds) == 1 {
			return alike(err, len(ds))
		}
	}
	errs := make([]error, len(ds))
	for i, d := range ds {
		if errs[i] = h.Handle(ctx, d); IsUnavailable(errs[i]) {
			copy(errs[i:], alike(errs[i], len(ds)-i)) // it is away for the rest, too
			break
		}
	}
	return errs
}

// httpMessage is one request's headers and body.
type httpMessage struct {
	header http.Header
	// body is no part of an event: an endpoint may accept before it has read all, and
	// the transport then still sends what is another event's memory by that time.
	body []byte
}

// maxHTTPAnswer is how much of an answer is read: what is more than that costs
// the connection.
const maxHTTPAnswer = 64 << 10

// post sends a message, of one event or of several, for which there is no delivery.
func (h *HTTP) post(ctx context.Context, m httpMessage, d *consumer.Delivery) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.cfg.URL, bytes.NewReader(m.body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header = m.header
	req.Header.Set("User-Agent", "korestream")
	if parent, state := h.trace.outgoing(ctx, d); parent != "" {
		req.Header.Set("traceparent", parent)
		if state != "" {
			req.Header.Set("tracestate", state)
		}
	}
	if err := h.sign(req, m.body); err != nil {
		return Unavailable(err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return Unavailable(fmt.Errorf("post to %s: %w", req.URL.Host, withoutURL(ctx, err)))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxHTTPAnswer))
	if resp.StatusCode/100 == 2 {
		return nil // whatever it says, and wherever it ends
	}
	if err != nil {
		text = nil
	}
	return classifyHTTP(resp, text)
}

// withoutURL is an error of the client without the URL, which may hold a key.
func withoutURL(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// sign adds what tells the receiver who we are.
func (h *HTTP) sign(req *http.Request, body []byte) error {
	token, err := h.bearer.read()
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	secret, err := h.hmac.read()
	if err != nil {
		return err
	}
	if secret != "" {
		req.Header.Set("Korestream-Signature", signature(secret, time.Now(), body))
	}
	return nil
}

// Close closes the connections that are idle; those in use end with their
// requests.
func (h *HTTP) Close() error {
	h.client.CloseIdleConnections()
	return nil
}
