package handlers

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// maxRoutedTypes bounds the types whose routes are remembered. KORE has about
// ten; types that come from outside must not fill the memory.
const maxRoutedTypes = 256

// routing finds the routes of an event by its type. Matching is done once for
// each type; what it found is read without a lock.
type routing struct {
	routes []*route
	known  atomic.Pointer[map[string][]*route]
	mu     sync.Mutex // for writers of known, which replace it
}

// of returns the routes that match the type, in the order of the configuration.
func (r *routing) of(eventType string) []*route {
	known := r.known.Load()
	if known != nil {
		if routes, ok := (*known)[eventType]; ok {
			return routes
		}
	}
	var matching []*route
	for _, route := range r.routes {
		if route.matches(eventType) {
			matching = append(matching, route)
		}
	}
	if known == nil || len(*known) < maxRoutedTypes {
		r.remember(eventType, matching)
	}
	return matching
}

func (r *routing) remember(eventType string, matching []*route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make(map[string][]*route)
	if known := r.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	next[strings.Clone(eventType)] = matching // the type may be a part of something larger
	r.known.Store(&next)
}

func (r *route) matches(eventType string) bool {
	for _, p := range r.match {
		if p.Match(eventType) {
			return true
		}
	}
	return false
}
