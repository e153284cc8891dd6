package handlers

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// sqsFront is a proxy before the server at an address that stays. answer, where
// it is set, may answer a request in the server's place.
type sqsFront struct {
	addr   string
	proxy  http.Handler
	server *httptest.Server

	mu       sync.Mutex
	answer   func(w http.ResponseWriter, operation string) bool
	requests map[string]int // by operation
}

func newSQSFront(t testing.TB, target string) *sqsFront {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	f := &sqsFront{proxy: proxy, requests: make(map[string]int)}
	f.up(t)
	t.Cleanup(func() {
		f.down()
		transport.CloseIdleConnections()
	})
	return f
}

func (f *sqsFront) url() string { return "http://" + f.addr }

// up listens, on the address of before if there was one.
func (f *sqsFront) up(t testing.TB) {
	t.Helper()
	addr := f.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
	f.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: f}}
	f.server.Start()
}

// down refuses connections and cuts those there are.
func (f *sqsFront) down() {
	f.server.CloseClientConnections()
	f.server.Close()
}

func (f *sqsFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	f.mu.Lock()
	f.requests[operation]++
	answered := f.answer != nil && f.answer(w, operation)
	f.mu.Unlock()
	if !answered {
		f.proxy.ServeHTTP(w, r)
	}
}

func (f *sqsFront) set(answer func(w http.ResponseWriter, operation string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *sqsFront) count(operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[operation]
}

// sqsError answers as SQS does when it refuses a request.
func sqsError(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type": "com.amazonaws.sqs#%s", "message": "as the test wants it"}`, code)
}
