package webhook

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// Virtual time is not the file's.
	if err := os.Chtimes(path, time.Time{}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestSecrets_AChangedFileIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "secrets")
		write(t, path, "old\n")
		w := newWorld(t, nil)
		s, err := OpenSecrets(path, "", zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		w.h.secrets = s
		signedBy := func(secret string) int {
			time.Sleep(recheck)
			return w.send(signedRequest(http.MethodPost, batch(0, 1), header{HeaderSignature, Sign(secret, "POST", testURL, []byte(batch(0, 1)))})).Code
		}
		for _, step := range []struct {
			name, text string
			old, new   int
		}{
			{"the old one", "old\n", 200, 401},
			{"both around the change", "new\nold\n", 200, 200},
			{"half-written", "", 200, 200},
			{"the new one", " new \n\n", 401, 200},
		} {
			write(t, path, step.text)
			if a, b := signedBy("old"), signedBy("new"); a != step.old || b != step.new {
				t.Errorf("%s: old secret %d, new secret %d, want %d and %d", step.name, a, b, step.old, step.new)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got := signedBy("new"); got != 200 {
			t.Errorf("without the file: got %d, want 200 by what it last said", got)
		}
	})
}

func TestSecrets_AreWantedInAFileAtTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	if _, err := OpenSecrets(path, "", zap.NewNop()); err == nil {
		t.Error("no file: no error")
	}
	write(t, path, "\n")
	if _, err := OpenSecrets(path, "", zap.NewNop()); err == nil {
		t.Error("no secret in it: no error")
	}
	s, err := OpenSecrets("", "one, two", zap.NewNop())
	if err != nil || len(s.current()) != 2 || s.current()[1] != "two" {
		t.Errorf("got %v, %v, want two secrets of the text", s, err)
	}
}

// certify writes a certificate for the name and its key.
func certify(t *testing.T, cert, key, name string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

func TestCertificates_ChangedFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		certify(t, cert, key, "one.example.com")
		c, err := OpenCertificates(cert, key, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		name := func() string {
			time.Sleep(recheck)
			got, err := c.get(nil)
			if err != nil {
				t.Fatal(err)
			}
			return got.Leaf.Subject.CommonName
		}
		time.Sleep(time.Second)
		certify(t, cert, key, "two.example.com")
		if got := name(); got != "two.example.com" {
			t.Errorf("got %s, want two.example.com", got)
		}
		write(t, key, "half")
		if got := name(); got != "two.example.com" {
			t.Errorf("with a broken key: got %s, want the last good one", got)
		}
		if _, err := OpenCertificates(cert, key, zap.NewNop()); err == nil {
			t.Error("opened with a broken key")
		}
	})
}

func TestConfig_EveryBoundIsChecked(t *testing.T) {
	t.Parallel()
	good := DefaultConfig()
	good.Stream, good.URL = testStream, testURL
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no stream":        func(c *Config) { c.Stream = "" },
		"no URL":           func(c *Config) { c.URL = "" },
		"no host":          func(c *Config) { c.URL = "https:///kore" },
		"relative path":    func(c *Config) { c.Path = "kore" },
		"lane key":         func(c *Config) { c.LaneKey = "imei" },
		"body":             func(c *Config) { c.MaxBodyBytes = mostBody + 1 },
		"concurrency":      func(c *Config) { c.Concurrency = 0 },
		"connections":      func(c *Config) { c.MaxConns = 0 },
		"refusals":         func(c *Config) { c.RefusalRate = 0 },
		"longer than KORE": func(c *Config) { c.Timeout = MaxAnswer },
		"reading":          func(c *Config) { c.ReadTimeout = c.Timeout },
	} {
		c := good
		if change(&c); c.Validate() == nil {
			t.Errorf("%s: valid", name)
		}
	}
}
