package handlers

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.uber.org/zap"
)

// Options is what a [Factory] gets to make a handler from.
type Options struct {
	// Name is the handler's name in the configuration.
	Name string
	// Settings is what stands under settings there, as YAML has it; nil if
	// nothing does.
	Settings map[string]any
	// Logger is the process's, named for this handler.
	Logger *zap.Logger
}

// Factory makes a handler. It is called once for each handler of its type in the
// configuration, before anything is consumed; an error ends the process with the
// exit code of a bad configuration. It should call nothing over the network. A
// handler that is an io.Closer is closed when all its events are done, and one
// that is a [BatchHandler] may get batches.
type Factory func(Options) (Handler, error)

var registry struct {
	mu        sync.Mutex
	factories map[string]Factory
}

// Register makes a type of handlers known to the configuration. Call it before
// the configuration is read, for instance in main. It panics if the type is known
// already, empty, or without a factory.
func Register(typeName string, f Factory) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if _, known := registry.factories[typeName]; known || typeName == "" || f == nil {
		panic(fmt.Sprintf("handlers: register %q: want a new name and a factory", typeName))
	}
	if registry.factories == nil {
		registry.factories = make(map[string]Factory)
	}
	registry.factories[typeName] = f
}

// Registered returns the factory of a type.
func Registered(typeName string) (Factory, bool) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	f, ok := registry.factories[typeName]
	return f, ok
}

// RegisteredTypes lists the types that were registered.
func RegisteredTypes() []string {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return slices.Sorted(maps.Keys(registry.factories))
}
