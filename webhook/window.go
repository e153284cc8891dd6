package webhook

import (
	"sync"
	"time"
)

// window remembers the last things that were added: at least half of most of them,
// each for at least half of age unless there are more, and none for longer than age. It is two
// generations, the older of which is dropped whole. It is safe for concurrent use.
type window[V any] struct {
	most int
	age  time.Duration

	mu          sync.Mutex // guards the fields below
	recent, old map[string]V
	since       time.Time // when recent was begun
}

func newWindow[V any](most int, age time.Duration) *window[V] {
	return &window[V]{most: most, age: age, recent: make(map[string]V), since: time.Now()}
}

// get returns what was added for the key.
func (w *window[V]) get(key string) (V, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn()
	return w.find(key)
}

func (w *window[V]) find(key string) (V, bool) {
	if v, ok := w.recent[key]; ok {
		return v, true
	}
	v, ok := w.old[key]
	return v, ok
}

// add remembers a value.
func (w *window[V]) add(key string, v V) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn()
	w.recent[key] = v
}

// getOrAdd returns what is there for the key, which is then as if added now, or
// adds what is made.
func (w *window[V]) getOrAdd(key string, make func() V) V {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn()
	v, ok := w.find(key)
	if !ok {
		v = make()
	}
	w.recent[key] = v
	return v
}

// turn begins a new generation when the recent one is full or old.
func (w *window[V]) turn() {
	switch elapsed := time.Since(w.since); {
	case elapsed >= w.age:
		w.old, w.recent = nil, make(map[string]V)
	case len(w.recent) >= max(w.most/2, 1) || elapsed >= w.age/2:
		w.old, w.recent = w.recent, make(map[string]V)
	default:
		return
	}
	w.since = time.Now()
}
