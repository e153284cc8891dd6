package handlers

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"korestream/event"
)

// maxRoutedTypes bounds the types whose routes are remembered. KORE has about
// ten; types that come from outside must not fill the memory.
const maxRoutedTypes = 256

// typeRoutes is where the events of one type go. It does not change.
type typeRoutes struct {
	// routes match the type, in the order of the configuration.
	routes []*route
	// check is nil where events are not compared with schemas.
	check *typeCheck
}

// routing finds where an event goes by its type. Matching is done once for each
// type; what it found is read without a lock.
type routing struct {
	routes []*route
	// schemas is nil where events are not compared with any.
	schemas *SchemaCheck
	known   atomic.Pointer[map[string]*typeRoutes]
	mu      sync.Mutex // for writers of known, which replace it
}

// of returns where the event goes.
func (r *routing) of(e *event.Event) *typeRoutes {
	known := r.known.Load()
	if known != nil {
		if t, ok := (*known)[e.Type]; ok {
			return t
		}
	}
	t := &typeRoutes{}
	for _, route := range r.routes {
		if route.matches(e.Type) {
			t.routes = append(t.routes, route)
		}
	}
	if r.schemas != nil {
		t.check = r.schemas.forType(e)
	}
	if known == nil || len(*known) < maxRoutedTypes {
		r.remember(e.Type, t)
	}
	return t
}

func (r *routing) remember(eventType string, t *typeRoutes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make(map[string]*typeRoutes)
	if known := r.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	next[strings.Clone(eventType)] = t // the type may be a part of something larger
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
