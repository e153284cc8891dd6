package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// OTLP is where a signal goes to and how, as
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/ has it.
type OTLP struct {
	URL     string
	Headers http.Header
	// Timeout bounds an export, with all its tries.
	Timeout time.Duration
	Gzip    bool
	// TLS is nil for what the system trusts.
	TLS *tls.Config
}

const (
	otlpDefault = "http://localhost:4318"
	otlpTimeout = 10 * time.Second
)

// otlp reads the settings of a signal.
func (e Environment) otlp(signal string) (*OTLP, error) {
	o := &OTLP{Timeout: otlpTimeout}
	steps := []func(*OTLP, string) error{e.protocol, e.endpoint, e.headers, e.timeout, e.compression, e.trust}
	for _, step := range steps {
		if err := step(o, signal); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// first returns the value of a setting and the variable that it is from.
func (e Environment) first(signal, setting string) (value, variable string) {
	for _, v := range otlpVariables(signal, setting) {
		if value := e.get(v); value != "" {
			return value, v
		}
	}
	return "", ""
}

func (e Environment) protocol(_ *OTLP, signal string) error {
	switch v, variable := e.first(signal, "PROTOCOL"); v {
	case "", "http/protobuf":
		return nil
	case "grpc":
		return fmt.Errorf("%s is grpc, which korestream does not speak: set it to http/protobuf, and the endpoint to the collector's port for that, mostly 4318", variable)
	default:
		return fmt.Errorf("%s is %q: want http/protobuf", variable, v)
	}
}

// endpoint finds the URL. That of a signal is taken as it is, the common one gets the
// signal's path.
func (e Environment) endpoint(o *OTLP, signal string) error {
	v, variable := e.first(signal, "ENDPOINT")
	if v == "" {
		v = otlpDefault
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s must be a URL such as %s", variable, otlpDefault) // it may hold a password
	}
	if variable != otlpVariables(signal, "ENDPOINT")[0] {
		u = u.JoinPath("v1", signal)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	o.URL = u.String()
	return nil
}

// headers are key=value, with commas between them, each encoded as in a URL.
func (e Environment) headers(o *OTLP, signal string) error {
	o.Headers = http.Header{}
	v, variable := e.first(signal, "HEADERS")
	for pair := range strings.SplitSeq(v, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name, err := url.PathUnescape(strings.TrimSpace(name))
		value, valueErr := url.PathUnescape(strings.TrimSpace(value))
		if !ok || name == "" || err != nil || valueErr != nil {
			return fmt.Errorf("%s must be like name=value,name=value", variable) // it may hold a secret
		}
		o.Headers.Set(name, value)
	}
	return nil
}

func (e Environment) timeout(o *OTLP, signal string) error {
	v, variable := e.first(signal, "TIMEOUT")
	if v == "" {
		return nil
	}
	ms, err := strconv.Atoi(v)
	if err != nil || ms < 1 {
		return fmt.Errorf("%s is %q: want milliseconds, above 0", variable, v)
	}
	o.Timeout = time.Duration(ms) * time.Millisecond
	return nil
}

func (e Environment) compression(o *OTLP, signal string) error {
	switch v, variable := e.first(signal, "COMPRESSION"); v {
	case "", "none":
	case "gzip":
		o.Gzip = true
	default:
		return fmt.Errorf("%s is %q: want gzip or none", variable, v)
	}
	return nil
}

// trust reads whom the collector's certificate may be from, and our own.
func (e Environment) trust(o *OTLP, signal string) error {
	ca, caVariable := e.first(signal, "CERTIFICATE")
	cert, certVariable := e.first(signal, "CLIENT_CERTIFICATE")
	key, _ := e.first(signal, "CLIENT_KEY")
	if ca == "" && cert == "" && key == "" {
		return nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return fmt.Errorf("%s: %w", caVariable, err)
		}
		if o.TLS.RootCAs = x509.NewCertPool(); !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s: no PEM certificate in %s", caVariable, ca)
		}
	}
	if cert == "" && key == "" {
		return nil
	}
	if cert == "" || key == "" {
		return errors.New("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY must be set together")
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s: %w", certVariable, err)
	}
	o.TLS.Certificates = []tls.Certificate{pair}
	return nil
}
