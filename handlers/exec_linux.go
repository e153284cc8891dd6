package handlers

import "syscall"

// execAttributes puts the program into a process group of its own, whose number
// is its pid, and kills it when this process dies: were it to live on, it could
// be at events that whoever takes over from us already handles again.
func execAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
