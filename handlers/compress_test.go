package handlers

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// unpacked reads what is compressed as its name says.
func unpacked(t *testing.T, name string, r io.Reader) string {
	t.Helper()
	var err error
	switch path.Ext(name) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1)); err == nil {
			defer d.Close()
			r = d
		}
	}
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return string(text)
}

func TestCompressor_WhatWentInComesOutWholeAndEncodersAreUsedAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []Compression{Gzip, Zstd} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			c := newCompressor(kind)
			var wg sync.WaitGroup
			for lane := range 4 {
				wg.Go(func() {
					for i := range 10 {
						want := strings.Repeat(fmt.Sprintf("{\"lane\":%d,\"i\":%d}\n", lane, i), i*1000)
						var buf bytes.Buffer
						if err := c.compress(&buf, strings.NewReader(want)); err != nil {
							t.Error(err)
							return
						}
						if packed := buf.Len(); len(want) > 1000 && packed > len(want)/10 {
							t.Errorf("%d bytes of the same lines: got %d, want a tenth at most", len(want), packed)
						}
						if got := unpacked(t, c.ending, &buf); got != want {
							t.Errorf("got %d bytes, want the %d that went in", len(got), len(want))
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// An encoder that has failed may hold part of what it was given.
func TestCompressor_AFailureIsNotCarriedIntoTheNext(t *testing.T) {
	t.Parallel()
	for _, kind := range []Compression{Gzip, Zstd} {
		c := newCompressor(kind)
		broken := io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), errReader{})
		if err := c.compress(io.Discard, broken); err == nil {
			t.Errorf("%s of a source that fails: got no error", kind)
		}
		var buf bytes.Buffer
		if err := c.compress(&buf, strings.NewReader("{}\n")); err != nil {
			t.Fatal(err)
		}
		if got := unpacked(t, c.ending, &buf); got != "{}\n" {
			t.Errorf("%s after a failure: got %q, want one line", kind, got)
		}
	}
	if newCompressor(NoCompression) != nil {
		t.Error("no compression has a compressor")
	}
}

// errReader fails at once.
type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errSinkDown }
