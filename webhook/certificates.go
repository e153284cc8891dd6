package webhook

import (
	"crypto/tls"
	"fmt"

	"go.uber.org/zap"
)

// Certificates are a certificate with its chain and its key, in PEM files that are
// read again when they change. They are safe for concurrent use.
type Certificates struct {
	files   watched
	current *tls.Certificate // guarded by files.mu
}

// OpenCertificates reads the files.
func OpenCertificates(certFile, keyFile string, log *zap.Logger) (*Certificates, error) {
	c := &Certificates{}
	c.files = watched{
		paths: []string{certFile, keyFile}, log: log, failed: "webhook certificate not read again, the old one stays",
		read: func() error {
			cert, err := tls.LoadX509KeyPair(certFile, keyFile)
			if err != nil {
				return err
			}
			c.current = &cert
			log.Info("webhook certificate read", zap.Time("not_after", cert.Leaf.NotAfter))
			return nil
		},
	}
	if err := c.files.load(); err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return c, nil
}

// get returns the certificate as it is now.
func (c *Certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.files.mu.Lock()
	defer c.files.mu.Unlock()
	c.files.refresh()
	return c.current, nil
}
