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
	name string
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
	known   atomic.Pointer[knownTypes]
	mu      sync.Mutex // for writers of known, which replace it
}

// knownTypes are those that were seen. It does not change.
type knownTypes struct {
	all map[string]*typeRoutes
	// near has one type for each value of nearness, of those that share it any
	// one: nearly every event is found there, without hashing all of its type, for no
	// two types of the catalogue meet.
	near [256]*typeRoutes
}

// nearness is a hash of a type's end and length: that is where types differ.
func nearness(eventType string) uint8 {
	n := len(eventType)
	if n < 8 {
		return 0
	}
	end := eventType[n-8:]
	last := uint64(end[0]) | uint64(end[1])<<8 | uint64(end[2])<<16 | uint64(end[3])<<24 |
		uint64(end[4])<<32 | uint64(end[5])<<40 | uint64(end[6])<<48 | uint64(end[7])<<56
	return uint8((last ^ uint64(n)) * 0xff51afd7ed558ccd >> 56)
}

// of returns where the event goes.
func (r *routing) of(e *event.Event) *typeRoutes {
	known := r.known.Load()
	if known != nil {
		if t := known.near[nearness(e.Type)]; t != nil && t.name == e.Type {
			return t
		}
		if t, ok := known.all[e.Type]; ok {
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
	if known == nil || len(known.all) < maxRoutedTypes {
		r.remember(e.Type, t)
	}
	return t
}

// remember makes a type known, whose routes nobody else has yet.
func (r *routing) remember(eventType string, t *typeRoutes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := &knownTypes{all: make(map[string]*typeRoutes)}
	if known := r.known.Load(); known != nil {
		next.all, next.near = maps.Clone(known.all), known.near
	}
	t.name = strings.Clone(eventType) // the type may be a part of something larger
	next.all[t.name] = t
	if at := &next.near[nearness(t.name)]; *at == nil {
		*at = t
	}
	r.known.Store(next)
}

func (r *route) matches(eventType string) bool {
	for _, p := range r.match {
		if p.Match(eventType) {
			return true
		}
	}
	return false
}
