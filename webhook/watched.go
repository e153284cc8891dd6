package webhook

import (
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// recheck is how often files are looked at for a change.
const recheck = time.Second

// watched are files that are read again when one of them changes.
type watched struct {
	paths []string
	// read reads the files; the caller of load holds mu, or is alone.
	read func() error
	log  *zap.Logger
	// failed is logged once when a file that has changed cannot be read.
	failed string

	mu      sync.Mutex // guards the fields below, and what read writes
	stamps  []fileStamp
	checked time.Time
	failing bool
}

// fileStamp tells whether a file is still the one that was read.
type fileStamp struct {
	size int64
	at   time.Time
}

// load reads the files if they are others than those that were read last.
func (w *watched) load() error {
	w.checked = time.Now()
	stamps := make([]fileStamp, len(w.paths))
	for i, path := range w.paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		stamps[i] = fileStamp{info.Size(), info.ModTime()}
	}
	if slices.Equal(stamps, w.stamps) {
		return nil
	}
	if err := w.read(); err != nil {
		return err
	}
	w.stamps = stamps
	return nil
}

// refresh is load if it is time for it. What cannot be read changes nothing: files
// are seen half-written, or one of two before the other, and what was good a moment
// ago should go on. The caller holds mu.
func (w *watched) refresh() {
	if len(w.paths) == 0 || time.Since(w.checked) < recheck {
		return
	}
	err := w.load()
	if err != nil && !w.failing {
		w.log.Error(w.failed, zap.NamedError("error", err))
	}
	w.failing = err != nil
}
