//go:build !unix

package handlers

import (
	"os"
	"syscall"
)

func execAttributes() *syscall.SysProcAttr { return nil }

// signalGroup ends p, whatever the signal: there are no process groups, and
// nothing that asks a process to end.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }
