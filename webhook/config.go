package webhook

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"korestream/consumer"
)

// MaxAnswer is the longest that KORE waits for an answer, see
// https://docs.korewireless.com/en-us/v/developers/event-streams.
const MaxAnswer = 5 * time.Second

// Config says what is received, and what may be asked of the receiver.
type Config struct {
	// Stream is where events are put: a stream's name or its ARN.
	Stream string
	// URL is the callback's URL exactly as it was typed into KORE's portal.
	URL string
	// Path is where requests arrive, if something before this server changes it;
	// empty is the path of URL.
	Path string
	// LaneKey gives the records' partition keys.
	LaneKey consumer.LaneKey
	// AllowUnsigned takes every request for KORE's while there is no secret.
	AllowUnsigned bool
	// TrustedProxies are networks whose word counts on where a request came from,
	// in X-Forwarded-For.
	TrustedProxies []netip.Prefix
	// MaxBodyBytes bounds a request's body.
	MaxBodyBytes int
	// Concurrency is how many requests are at the stream at once.
	Concurrency int
	// MaxConns bounds the connections.
	MaxConns int
	// RefusalRate is how many refused requests a second one source may send.
	RefusalRate int
	// Timeout is from a request's arrival to its answer.
	Timeout time.Duration
	// ReadTimeout is the part of Timeout that the request may take to arrive.
	ReadTimeout time.Duration
}

// DefaultConfig returns a configuration without a stream and a URL that answers
// within 4 s.
func DefaultConfig() Config {
	return Config{
		LaneKey: consumer.LaneKeySIM, MaxBodyBytes: 1_000_000, Concurrency: 128, MaxConns: 512, RefusalRate: 5,
		Timeout: 4 * time.Second, ReadTimeout: 2 * time.Second,
	}
}

// mostBody leaves room in the largest record for its key.
const mostBody = 10<<20 - 4*maxKey

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	u, err := url.Parse(c.URL)
	switch {
	case c.Stream == "":
		return errors.New("field Stream must not be empty")
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return errors.New("field URL must be the callback's URL, such as https://example.com/kore, as it is in KORE's portal")
	case c.Path != "" && c.Path[0] != '/':
		return fmt.Errorf("field Path must begin with a slash (%q)", c.Path)
	case !c.LaneKey.Valid():
		return fmt.Errorf("field LaneKey must be one of %v or a dotted path (%q)", consumer.LaneKeys(), c.LaneKey)
	case c.MaxBodyBytes < 1 || c.MaxBodyBytes > mostBody:
		return fmt.Errorf("field MaxBodyBytes must be 1 to %d (%d)", mostBody, c.MaxBodyBytes)
	case c.Concurrency < 1:
		return fmt.Errorf("field Concurrency must be 1 or more (%d)", c.Concurrency)
	case c.MaxConns < 1:
		return fmt.Errorf("field MaxConns must be 1 or more (%d)", c.MaxConns)
	case c.RefusalRate < 1:
		return fmt.Errorf("field RefusalRate must be 1 or more (%d)", c.RefusalRate)
	case c.Timeout <= 0 || c.Timeout >= MaxAnswer:
		return fmt.Errorf("field Timeout must be above 0 and below %s, which is how long KORE waits (%s)", MaxAnswer, c.Timeout)
	case c.ReadTimeout <= 0 || c.ReadTimeout >= c.Timeout:
		return fmt.Errorf("field ReadTimeout must be above 0 and below Timeout, %s (%s)", c.Timeout, c.ReadTimeout)
	}
	return nil
}

// target is what a request asks for.
func (c Config) target() (path, query string) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "/", "" // Validate refuses it
	}
	return cmp.Or(c.Path, u.Path, "/"), u.RawQuery
}
