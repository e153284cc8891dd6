package embed

import (
	"io"
	"net/http"
)

var _ http.Handler = (*Endpoint)(nil)

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := e.answer(r)
	if err != nil {
		// The client has gone, or was to think so.
		panic(http.ErrAbortHandler)
	}
	if a.cut && len(a.body) == 0 {
		// Its head alone would be a whole answer.
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if a.stream != nil {
		serveStream(w, r, a)
		return
	}
	if a.cut {
		// Ignored errors here and below: a client that has gone needs no answer.
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}

// serveStream sends a streamed answer, each frame as it comes.
func serveStream(w http.ResponseWriter, r *http.Request, a *answer) {
	if err := a.stream.Run(r.Context(), flusher{w, http.NewResponseController(w)}); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// flusher sends every write at once.
type flusher struct {
	w  io.Writer
	rc *http.ResponseController
}

func (f flusher) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err != nil {
		return n, err
	}
	return n, f.rc.Flush()
}
