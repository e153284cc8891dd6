package webhook

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxSources bounds the memory of who sent what was refused.
	maxSources = 8192
	// sourceAge is for how long a source is remembered that sends nothing more.
	sourceAge = 10 * time.Minute
	// refusalBurst is how many seconds' worth of refusals may come at once.
	refusalBurst = 10
)

// sources counts refused requests by where they came from. Those that verify cost
// nothing, so that KORE, which does not repeat what got a 429, never gets one for
// the load that it sends.
type sources struct {
	perSecond int
	limits    *window[*rate.Limiter]
}

func newSources(perSecond int) *sources {
	return &sources{perSecond, newWindow[*rate.Limiter](maxSources, sourceAge)}
}

// spent tells whether a source has used up what it may send in vain.
func (s *sources) spent(source string) bool {
	l, ok := s.limits.get(source)
	return ok && l.Tokens() < 1
}

// refused notes that a request of the source was refused.
func (s *sources) refused(source string) {
	l := s.limits.getOrAdd(source, func() *rate.Limiter {
		return rate.NewLimiter(rate.Limit(s.perSecond), refusalBurst*s.perSecond)
	})
	l.Allow() // only its count matters
}

// sourceOf says where a request came from: the peer or, if that is a trusted proxy,
// the last address in X-Forwarded-For that is none. What stands before that may have
// been made up. A network of IPv6 counts as one source by its first 64 bits, which
// is what one customer gets.
func sourceOf(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
