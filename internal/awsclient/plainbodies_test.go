package awsclient

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// sdkBody is a body of the SDK's kind: it can do more than be read.
type sdkBody struct {
	io.Reader
	closed bool
}

func (b *sdkBody) Close() error { b.closed = true; return nil }

func (b *sdkBody) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

type clientFunc func(*http.Request) (*http.Response, error)

func (f clientFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestPlainBodies_AreReadWholeAndCanDoNoMore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		text   string
		length int64
		plain  bool
	}{
		{"short", "text", 4, true},
		{"long", strings.Repeat("x", inMemory+1), inMemory + 1, false},
		{"of unknown length", "text", -1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := &sdkBody{Reader: strings.NewReader(tt.text)}
			given, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", body)
			if err != nil {
				t.Fatal(err)
			}
			given.ContentLength = tt.length
			_, err = PlainBodies(clientFunc(func(r *http.Request) (*http.Response, error) {
				var got bytes.Buffer
				if _, err := io.Copy(&got, r.Body); err != nil || got.String() != tt.text || r.ContentLength != tt.length {
					t.Errorf("got %d bytes of %d, %v", got.Len(), r.ContentLength, err)
				}
				_, plain := r.Body.(plainBody)
				if _, odd := r.Body.(*sdkBody); odd || plain == tt.plain {
					t.Errorf("got a body of type %T", r.Body)
				}
				return nil, r.Body.Close()
			})).Do(given)
			if err != nil || !body.closed || given.Body != body {
				t.Errorf("got %v; closed is %v; the request must stay its giver's", err, body.closed)
			}
		})
	}
}

func TestPlainBodies_OneThatIsCutIsAnError(t *testing.T) {
	t.Parallel()
	body := &sdkBody{Reader: strings.NewReader("te")}
	given, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", body)
	if err != nil {
		t.Fatal(err)
	}
	given.ContentLength = 4
	_, err = PlainBodies(clientFunc(func(*http.Request) (*http.Response, error) {
		t.Error("the request was sent")
		return nil, nil
	})).Do(given)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !body.closed {
		t.Errorf("got %v, and closed is %v", err, body.closed)
	}
}

// TestPlainBodies_AreWrittenWithTheHeaders: in one write, and so in one packet.
func TestPlainBodies_AreWrittenWithTheHeaders(t *testing.T) {
	t.Parallel()
	given, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", &sdkBody{Reader: strings.NewReader("text")})
	if err != nil {
		t.Fatal(err)
	}
	given.ContentLength = 4
	_, err = PlainBodies(clientFunc(func(r *http.Request) (*http.Response, error) {
		w := &writes{}
		if err := r.Write(w); err != nil {
			t.Error(err)
		}
		if w.n != 1 || !strings.HasSuffix(w.text.String(), "\r\n\r\ntext") {
			t.Errorf("got %d writes of %q", w.n, w.text.String())
		}
		return nil, nil
	})).Do(given)
	if err != nil {
		t.Error(err)
	}
}

type writes struct {
	n    int
	text bytes.Buffer
}

func (w *writes) Write(p []byte) (int, error) {
	w.n++
	return w.text.Write(p)
}
