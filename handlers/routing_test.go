package handlers

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"korestream/event"
	"korestream/event/catalogue"
)

// routesOf is where an event of a type must go, asked of each pattern anew.
func routesOf(r *routing, eventType string) string {
	var names []string
	for _, route := range r.routes {
		if route.matches(eventType) {
			names = append(names, route.name)
		}
	}
	return strings.Join(names, " ")
}

func (t *typeRoutes) String() string {
	var names []string
	for _, route := range t.routes {
		names = append(names, route.name)
	}
	return strings.Join(names, " ")
}

// Types that end alike, short ones and more than are remembered go where their
// patterns say, whoever asks first and again.
func TestRouting_IsThatOfThePatterns(t *testing.T) {
	t.Parallel()
	r := &routing{routes: []*route{
		{name: "all", match: []Pattern{pattern(t, "*")}},
		{name: "odd", match: []Pattern{pattern(t, "*1"), pattern(t, "*3.updated")}},
		{name: "short", match: []Pattern{pattern(t, "a"), pattern(t, "abc")}},
		{name: "two", match: []Pattern{pattern(t, "2*")}},
	}}
	var types []string
	for i := range maxRoutedTypes {
		types = append(types, fmt.Sprint("type.", i), fmt.Sprintf("%d%d.updated", i%10, i/10%10))
	}
	types = append(types, "", "a", "abc", "b", "1234567", "12345678", "012345678", "212345678")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				for _, eventType := range types {
					if got, want := fmt.Sprint(r.of(&event.Event{Type: eventType})), routesOf(r, eventType); got != want {
						t.Errorf("%q: got routes %s, want %s", eventType, got, want)
					}
				}
			}
		})
	}
	wg.Wait()
	if n := len(r.known.Load().all); n > maxRoutedTypes+4 {
		t.Errorf("got %d types remembered, want %d and what met at the bound", n, maxRoutedTypes)
	}
}

// Nearly every event is of one of these: none may have to be looked up.
func TestRouting_NoTwoTypesOfTheCatalogueMeet(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"com.kore.iot.supersim.connection.", "com.twilio.iot.supersim.connection.", "supersim.connection."} {
		at := map[uint8]string{nearness(event.TypeTest): event.TypeTest}
		for _, known := range catalogue.Types() {
			if known.Schema != catalogue.Connection {
				continue
			}
			name := prefix + known.Name
			if other, met := at[nearness(name)]; met {
				t.Errorf("%s and %s meet", name, other)
			}
			at[nearness(name)] = name
		}
		if len(at) < 8 {
			t.Errorf("got %d types, want those of the catalogue", len(at))
		}
	}
}
