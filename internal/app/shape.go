package app

import (
	"fmt"

	"korestream/handlers"
	"korestream/internal/config"
)

// shapeRoute sets which events a route takes, and what its handler sees of them.
func shapeRoute(r *handlers.Route, h *config.Handler) (err error) {
	if r.Where, err = h.Condition(); err != nil {
		return err
	}
	var key []byte
	if h.RedactKey != "" {
		if key, err = handlers.ReadShapeKey(h.RedactKey); err != nil {
			return fmt.Errorf("redact_key_file: %w", err)
		}
	}
	r.Shape, err = h.Shape(key)
	return err
}
