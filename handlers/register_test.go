package handlers

import (
	"slices"
	"testing"
)

func TestRegister_MakesATypeKnownOnceAndRefusesTheRest(t *testing.T) {
	t.Parallel()
	f := func(Options) (Handler, error) { return always(nil), nil }
	Register("billing", f)
	if _, ok := Registered("billing"); !ok || !slices.Contains(RegisteredTypes(), "billing") {
		t.Errorf("billing is not known: %v", RegisteredTypes())
	}
	if _, ok := Registered("shipping"); ok {
		t.Error("shipping is known, though nobody registered it")
	}
	for name, again := range map[string]func(){
		"twice":      func() { Register("billing", f) },
		"no name":    func() { Register("", f) },
		"no factory": func() { Register("empty", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			again()
		}()
	}
}
