package engines

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// console takes what an engine writes, keeps the end of it and finds the line
// that says where the engine listens.
type console struct {
	listening chan string // has room for the one URL that is sent

	mu   sync.Mutex // guards everything below
	kept []byte
	line []byte
	told bool
}

// maxKept is how much of an engine's output is kept.
const maxKept = 16 << 10

// askedPort is the port that the engines are told to listen on. None does:
// loopback.cjs gives each server a free one, and says which one it is in the
// place of which. So it tells an engine's servers apart.
const askedPort = "4567"

// listeningMark begins the line that loopback.cjs writes about that port.
const listeningMark = "asked-for " + askedPort + " got "

var _ io.Writer = (*console)(nil)

func newConsole() *console { return &console{listening: make(chan string, 1)} }

// Write implements io.Writer.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, p...)
	if over := len(c.kept) - maxKept; over > 0 {
		c.kept = append(c.kept[:0], c.kept[over:]...)
	}
	c.line = append(c.line, p...)
	for {
		line, rest, found := bytes.Cut(c.line, []byte("\n"))
		if !found {
			break
		}
		c.see(string(line))
		c.line = rest
	}
	if len(c.line) > maxKept {
		c.line = nil
	}
	return len(p), nil
}

// see looks at one line. The caller holds mu.
func (c *console) see(line string) {
	port, found := strings.CutPrefix(line, listeningMark)
	if c.told || !found {
		return
	}
	c.told = true
	c.listening <- "http://127.0.0.1:" + strings.TrimSpace(port)
}

// String returns the end of what was written.
func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimSpace(string(c.kept))
}
