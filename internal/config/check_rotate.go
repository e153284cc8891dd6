package config

import (
	"fmt"
	"path/filepath"
	"time"

	"korestream/handlers"
)

// on tells whether any file is ever finished.
func (r Rotate) on() bool { return r.MaxBytes > 0 || r.Interval > 0 }

// checkRotate looks at when a handler's files are finished.
func (h *Handler) checkRotate(l *loader, at, source string) {
	r, at := h.Rotate, at+".rotate"
	none := r.Compression == "" || r.Compression == string(handlers.NoCompression)
	const day = 24 * time.Hour
	switch {
	case h.Type == "":
	case !r.on() && r.Keep == 0 && none:
	case h.Type != "ndjson":
		l.add(at, source, "only a handler of type ndjson has files to rotate; leave it out")
	case h.Path == handlers.Stdout:
		l.add(at, source, "standard output cannot be rotated; set path to a file, or leave rotate out")
	case r.Interval > 0 && r.Interval < time.Second:
		l.add(at+".interval", source, "%s is too short: 1s or more, or 0s for never", r.Interval)
	case r.Interval > 0 && day%r.Interval != 0 && r.Interval%day != 0:
		l.add(at+".interval", source, "%s neither divides a day nor is a number of days, so files would begin at other times each day; use 1h, 6h or 24h", r.Interval)
	case !r.on() && r.Keep > 0:
		l.add(at+".keep", source, "no file is ever finished; set max_bytes or interval as well")
	case !r.on() && !l.failed(at+".compression"):
		l.add(at+".compression", source, "no file is ever finished; set max_bytes or interval as well")
	}
}

// checkRotatedAlone looks for a second user of a file that is rotated. It would
// keep the file from ever being finished.
func (c *Config) checkRotatedAlone(l *loader) {
	users := make(map[string]string) // by path, the key of the first
	if c.DeadLetters.Type == "file" && c.DeadLetters.Path != "" {
		users[filepath.Clean(c.DeadLetters.Path)] = "dead_letters.path"
	}
	rotated := make(map[string]bool)
	for i, h := range c.Handlers {
		key, path := fmt.Sprintf("%s[%d].path", handlersKey, i), filepath.Clean(h.Path)
		if h.Type != "ndjson" || h.Path == "" || h.Path == handlers.Stdout {
			continue
		}
		if other, ok := users[path]; ok && (h.Rotate.on() || rotated[path]) {
			l.add(key, l.sources[handlersKey], "%q is %s too, and a file that is rotated must be one handler's alone; choose another path", h.Path, other)
		} else if !ok {
			users[path] = key
		}
		rotated[path] = rotated[path] || h.Rotate.on()
	}
}
