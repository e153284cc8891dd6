package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxRetryAfter bounds what a receiver may ask for, should it mean something
// else.
const maxRetryAfter = 5 * time.Minute

// classifyHTTP makes an error of an answer that is no 2xx. See [HTTP] for what
// is whose fault.
func classifyHTTP(resp *http.Response, text []byte) error {
	err := fmt.Errorf("answer %s%s", resp.Status, excerpt(text))
	switch code := resp.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests,
		code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		return UnavailableFor(err, retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return Unavailable(fmt.Errorf("%w: the receiver does not take our credential; check BearerFile or HMACFile", err))
	case code/100 == 5:
		return err
	case code/100 == 3:
		return Permanent(fmt.Errorf("%w: redirects are not followed; configure the URL that it leads to", err))
	}
	return Permanent(err)
}

// retryAfter reads a number of seconds or a date. See
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return min(max(0, time.Duration(seconds)*time.Second), maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

// excerpt is the beginning of an answer for an error text: printable, and one
// line.
func excerpt(text []byte) string {
	const most = 256
	s := strings.ToValidUTF8(string(text[:min(len(text), most)]), "")
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s))
	if s == "" {
		return ""
	}
	return ": " + s
}
