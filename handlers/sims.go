package handlers

import (
	"korestream/event"
	"korestream/handlers/simstate"
)

// stateKey is the key of the state that an event has something to say to, empty
// if there is none.
func stateKey(e *event.Event) (string, error) {
	var alone simstate.State
	says, err := alone.Apply(e)
	if err != nil {
		return "", Permanent(err)
	}
	if !says {
		return "", nil
	}
	return storeKey(e.SIM()), nil
}

// applyAll says whether any of the events changed the state.
func applyAll(s *simstate.State, events []*event.Event) (changed bool, err error) {
	for _, e := range events {
		c, err := s.Apply(e)
		if err != nil {
			return false, err
		}
		changed = changed || c
	}
	return changed, nil
}
