//go:build unix

package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"korestream/consumer/wire"
	"korestream/internal/awsclient"
)

// BenchmarkCall makes a call over loopback in each way, with the timeout that the
// consumer sets. The server is as cheap as one can be, and part of what is counted.
func BenchmarkCall(b *testing.B) {
	for _, n := range []int{0, 10} {
		text := body(n, 1083)
		for _, way := range []struct {
			name string
			opts []wire.ReaderOption
		}{{"sdk", nil}, {"direct", []wire.ReaderOption{wire.Directly(wire.Observer{}, mustBeDirect)}}} {
			b.Run(fmt.Sprintf("%s/records=%d", way.name, n), func(b *testing.B) {
				b.ReportAllocs()
				pool := wire.NewPool(testKept)
				r := wire.NewReader(loopbackClient(b, text), pool, append(way.opts, wire.WithOptions(once))...)
				var page wire.Page
				began := processorTime(b)
				for b.Loop() {
					ctx, cancel := context.WithTimeout(b.Context(), testPatience)
					_, err := r.Read(ctx, wire.Ask{Iterator: testIterator, StreamARN: testARN, Limit: 100}, &page)
					cancel()
					if err != nil || len(page.Records) != n {
						b.Fatal(len(page.Records), err)
					}
					page.Release()
				}
				perRecord(b, 1, began)
			})
		}
	}
}

// loopbackClient returns a client of a server that answers every request alike.
func loopbackClient(t testing.TB, text []byte) *kinesis.Client {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerAlike(c, answer)
		}
	}()
	cfg := testConfig()
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	cfg.BaseEndpoint, cfg.HTTPClient = aws.String("http://"+l.Addr().String()), awsclient.PlainBodies(&http.Client{Transport: transport})
	return kinesis.NewFromConfig(cfg)
}

func answerAlike(c net.Conn, answer []byte) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		io.Copy(io.Discard, req.Body)
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}
