package app

import (
	"cmp"
	"runtime/debug"
)

// version and revision are stamped by the linker where the sources come without
// their repository, as in an image: -X korestream/internal/app.version=v1.2.3.
// Empty, the build's own record is shown.
var version, revision string

// Build tells which version this is, and of which revision it was made.
func Build() (v, r string) {
	v, r = "(devel)", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				r = s.Value
			}
		}
	}
	return cmp.Or(version, v), cmp.Or(revision, r)
}
