package webhook

import (
	"context"

	"korestream/handlers"
)

// tokenKey begins the keys of requests, which share a table with events.
const tokenKey = "webhook/"

// claim says whether a request is a repeat of one that was accepted. Otherwise it
// may return a claim, which is then to be settled.
//
// A request is known by its token and its body together. The token is not signed,
// and KORE may put other events together when it tries again: an answer that says
// that they are stored must not rest on the token alone.
//
// Another request of that token may be under way, or may have died with its process.
// For that one we do not wait until its claim counts as dead, for KORE's patience is
// shorter. The events are put again instead: a duplicate on the stream is taken out by
// the consumer, a lost event comes back from nowhere. Neither do we wait for a table
// that does not answer.
func (h *Handler) claim(ctx context.Context, token string, body []byte) (claim handlers.Claim, done bool) {
	if token == "" {
		return nil, false
	}
	short, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	claim, err := h.tokens.Claim(short, tokenKey+fingerprint([]byte(token), body))
	if err != nil {
		h.stats.unclaimed.Add(1)
	}
	if short.Err() == nil {
		h.noClaims.note(err)
	}
	return claim, err == nil && claim == nil
}
