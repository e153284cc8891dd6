package webhook

import (
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Certificates are a certificate with its chain and its key, in PEM files that are
// read again when they change. They are safe for concurrent use.
type Certificates struct {
	certFile, keyFile string
	log               *zap.Logger

	mu      sync.Mutex // guards the fields below
	current *tls.Certificate
	stamps  [2]fileStamp
	checked time.Time
	failing bool
}

// OpenCertificates reads the files.
func OpenCertificates(certFile, keyFile string, log *zap.Logger) (*Certificates, error) {
	c := &Certificates{certFile: certFile, keyFile: keyFile, log: log, checked: time.Now()}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// get returns the certificate as it is now. Files that do not fit each other, as
// between the writing of the one and the other, change nothing.
func (c *Certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < recheck {
		return c.current, nil
	}
	c.checked = time.Now()
	if err := c.load(); err != nil && !c.failing {
		c.log.Error("webhook certificate not read again, the old one stays", zap.NamedError("error", err))
		c.failing = true
	} else if err == nil {
		c.failing = false
	}
	return c.current, nil
}

// load reads the files if one has changed. The caller holds the lock, or is alone.
func (c *Certificates) load() error {
	var stamps [2]fileStamp
	for i, path := range []string{c.certFile, c.keyFile} {
		var err error
		if stamps[i], err = stampOf(path); err != nil {
			return fmt.Errorf("read certificate: %w", err)
		}
	}
	if c.current != nil && stamps == c.stamps {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	c.current, c.stamps = &cert, stamps
	c.log.Info("webhook certificate read", zap.Time("not_after", cert.Leaf.NotAfter))
	return nil
}
