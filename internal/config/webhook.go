package config

import (
	"net"
	"net/netip"
	"time"

	"korestream/consumer"
	"korestream/webhook"
)

// Webhook is where KORE's webhooks are received.
type Webhook struct {
	Listen         string        `key:"listen" doc:"address where KORE's webhooks are taken, such as 0.0.0.0:8443; their events are put on the stream; empty is none"`
	URL            string        `key:"url" doc:"the callback's URL exactly as it is in KORE's portal; it is part of the signature"`
	Path           string        `key:"path" doc:"where requests arrive if a proxy changes their path; empty is the URL's"`
	SecretFile     string        `key:"secret_file" doc:"a file with KORE's secrets, one a line (the old and the new one around a change), read again when it changes; empty is the variable"`
	SecretVariable string        `key:"secret_variable" default:"KORE_WEBHOOK_SECRETS" doc:"name of an environment variable with the secrets, with commas between them"`
	AllowUnsigned  bool          `key:"allow_unsigned" default:"false" doc:"run without a secret and take every request for KORE's"`
	CertFile       string        `key:"tls_cert_file" doc:"a PEM file with certificate and chain, read again when it changes; empty is plain HTTP, for behind a load balancer that has the certificate"`
	KeyFile        string        `key:"tls_key_file" doc:"the PEM file with its key"`
	TrustedProxies []string      `key:"trusted_proxies" doc:"networks of load balancers, such as 10.0.0.0/8, whose X-Forwarded-For says where a request came from; without them all that comes through one is from one source"`
	MaxBody        int           `key:"max_body_bytes" default:"1000000" doc:"most bytes of a request's body; more than 1 MiB wants a stream whose records may be larger"`
	Concurrency    int           `key:"concurrency" default:"128" doc:"requests that are put on the stream at once; others wait half of webhook.timeout and then get a 503, after which KORE sends them again"`
	MaxConns       int           `key:"max_conns" default:"512" doc:"connections at once"`
	RefusalRate    int           `key:"refusals_per_second" default:"5" doc:"refused requests a second that one source may send, ten times as many at once, before it gets a 429; what verifies does not count"`
	Timeout        time.Duration `key:"timeout" default:"4s" doc:"time to the answer, 503 if the stream does not take everything by then; KORE waits 5s"`
	ReadTimeout    time.Duration `key:"read_timeout" default:"2s" doc:"part of it that a request may take to arrive"`
}

// ReceiverConfig returns the settings of the receiver of webhooks.
func (c *Config) ReceiverConfig() webhook.Config {
	w := &c.Webhook
	out := webhook.Config{
		Stream: c.Stream, URL: w.URL, Path: w.Path, LaneKey: consumer.LaneKey(c.Lanes.Key), AllowUnsigned: w.AllowUnsigned,
		MaxBodyBytes: w.MaxBody, Concurrency: w.Concurrency, MaxConns: w.MaxConns, RefusalRate: w.RefusalRate,
		Timeout: w.Timeout, ReadTimeout: w.ReadTimeout,
	}
	for _, text := range w.TrustedProxies {
		if p, err := netip.ParsePrefix(text); err == nil {
			out.TrustedProxies = append(out.TrustedProxies, p)
		}
	}
	return out
}

// checkWebhook looks at the receiver's settings, if there is to be one.
func (c *Config) checkWebhook(l *loader) {
	w := &c.Webhook
	add := func(key, format string, args ...any) {
		l.add("webhook."+key, l.sources["webhook."+key], format, args...)
	}
	if w.Listen == "" {
		return
	}
	if _, _, err := net.SplitHostPort(w.Listen); err != nil {
		add("listen", "%q is no address: want host:port, such as 0.0.0.0:8443", w.Listen)
	}
	if (w.CertFile == "") != (w.KeyFile == "") {
		add("tls_key_file", "a certificate and its key go together: set both or none")
	}
	for _, text := range w.TrustedProxies {
		if _, err := netip.ParsePrefix(text); err != nil {
			add("trusted_proxies", "%q is no network: want one such as 10.0.0.0/8", text)
		}
	}
	if l.failed("stream") || l.failed("lanes.key") {
		return // said already
	}
	if err := c.ReceiverConfig().Validate(); err != nil {
		l.add("webhook", "", "%v", err)
	}
}
