package handlers

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Path names a member of an event's data, such as data.network.sid. It goes
// through lists: it then means the member of each element. Names with dots in
// them cannot be reached.
type Path struct {
	text  string
	names []string // below data, at least one
}

// maxPath bounds a path's length; the deepest of KORE's is far from it.
const maxPath = 256

// notInPaths are the characters of other languages of paths, which would match
// nothing here.
const notInPaths = `*[]$"'/=`

// ParsePath reads a path.
func ParsePath(text string) (Path, error) {
	if err := checkPath(text); err != nil {
		return Path{}, fmt.Errorf("path %q: %w", text, err)
	}
	return Path{text: text, names: strings.Split(text, ".")[1:]}, nil
}

func checkPath(text string) error {
	below, ok := strings.CutPrefix(text, "data.")
	switch {
	case !ok:
		return errors.New("want a member of data, such as data.network.sid")
	case len(text) > maxPath:
		return fmt.Errorf("%d bytes long; at most %d are allowed", len(text), maxPath)
	case !utf8.ValidString(text):
		return errors.New("not valid UTF-8")
	}
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(notInPaths, r) {
			return fmt.Errorf("holds %q; a path is names with dots between them, and goes through lists by itself", r)
		}
	}
	for name := range strings.SplitSeq(below, ".") {
		if name == "" {
			return errors.New("has a name without letters")
		}
	}
	return nil
}

// String is the path as it was written.
func (p Path) String() string { return p.text }
