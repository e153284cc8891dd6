package handlers

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression is how a file or an object is compressed as a whole.
type Compression string

// The compressions. What they make is read by gzip -d and zstd -d, and by
// whatever goes by the endings .gz and .zst.
const (
	NoCompression Compression = "none"
	Gzip          Compression = "gzip"
	Zstd          Compression = "zstd"
)

// format is what a compression makes of bytes, names and HTTP headers.
type format struct {
	ending    string
	mediaType string
	// encoder returns a new writer; Reset gives it a place to write to.
	encoder func() (encoder, error)
}

// encoder is what the writers of both formats have.
type encoder interface {
	io.WriteCloser
	Reset(io.Writer)
}

// formats are those of each compression but none. The media types are those of
// https://www.rfc-editor.org/rfc/rfc6713 and https://www.rfc-editor.org/rfc/rfc8878.
var formats = map[Compression]format{
	Gzip: {".gz", "application/gzip", func() (encoder, error) { return gzip.NewWriter(nil), nil }},
	// One at a time: the encoder would otherwise start goroutines of its own.
	Zstd: {".zst", "application/zstd", func() (encoder, error) { return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)) }},
}

// endings are those of all formats.
var endings = []string{formats[Gzip].ending, formats[Zstd].ending}

// Validate tells whether the compression is one of ours.
func (c Compression) Validate() error {
	if !slices.Contains([]Compression{NoCompression, Gzip, Zstd}, c) {
		return fmt.Errorf("field Compression must be gzip, zstd or none (%q)", c)
	}
	return nil
}

// compressor compresses one thing after another with encoders that it keeps,
// for that of zstd is megabytes. It is safe for concurrent use.
type compressor struct {
	format
	idle sync.Pool
}

// newCompressor returns nil for no compression.
func newCompressor(c Compression) *compressor {
	f, ok := formats[c]
	if !ok {
		return nil
	}
	return &compressor{format: f}
}

// compress writes all of src to dst, compressed and complete.
func (c *compressor) compress(dst io.Writer, src io.Reader) error {
	e, ok := c.idle.Get().(encoder)
	if !ok {
		var err error
		if e, err = c.encoder(); err != nil {
			return fmt.Errorf("make an encoder: %w", err)
		}
	}
	e.Reset(dst)
	if _, err := io.Copy(e, src); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := e.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	e.Reset(nil) // what was written to is not kept alive by the pool
	c.idle.Put(e)
	return nil
}
