package config

import (
	"strings"
	"testing"
)

func TestWebhook_MistakesAreNamedByTheirKeys(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"stream": "kore-events", "dead_letters.path": t.TempDir() + "/letters", "webhook.listen": "127.0.0.1:0", "webhook.url": "https://hooks.example.com/kore?x=1",
		"webhook.trusted_proxies": "10.0.0.0/8, fd00::/8", "lanes.key": "subject",
	}
	load := func(key, value string) (*Config, error) {
		flags := map[string]string{key: value}
		for k, v := range good {
			if k != key {
				flags[k] = v
			}
		}
		return Load(Sources{Flags: flags})
	}
	c, err := load("webhook.timeout", "3s")
	if err != nil {
		t.Fatal(err)
	}
	if r := c.ReceiverConfig(); r.Stream != "kore-events" || r.LaneKey != "subject" || len(r.TrustedProxies) != 2 || r.Timeout.String() != "3s" {
		t.Errorf("got %+v, want what was set", r)
	}
	for _, tt := range []struct{ key, value, want string }{
		{"webhook.listen", "8080", "webhook.listen"},
		{"webhook.url", "", "URL"},
		{"webhook.timeout", "5s", "Timeout"},
		{"webhook.read_timeout", "10s", "ReadTimeout"},
		{"webhook.tls_cert_file", "tls.crt", "webhook.tls_key_file"},
		{"webhook.trusted_proxies", "10.0.0.1", "webhook.trusted_proxies"},
		{"webhook.max_body_bytes", "0", "MaxBodyBytes"},
	} {
		if _, err := load(tt.key, tt.value); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s=%s: got %v, want it to say %s", tt.key, tt.value, err, tt.want)
		}
	}
	if _, err := Load(Sources{Flags: map[string]string{"stream": "s", "dead_letters.path": good["dead_letters.path"], "webhook.url": "nonsense"}}); err != nil {
		t.Errorf("without webhook.listen: got %v, want nothing to be asked", err)
	}
}
