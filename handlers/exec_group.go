//go:build unix

package handlers

import (
	"os"
	"syscall"
)

// signalGroup signals whoever is in the process group that p leads, or led.
func signalGroup(p *os.Process, s syscall.Signal) {
	_ = syscall.Kill(-p.Pid, s) // ESRCH: nobody is, which is as well
}
