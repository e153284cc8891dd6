//go:build !unix

package pgtest

import (
	"fmt"
	"syscall"
)

// hand has no server to give the directory to: the shell that watches over one
// is not here.
func hand(string) (*syscall.SysProcAttr, error) {
	return nil, fmt.Errorf("%w: it is started on Unix only", errAbsent)
}
