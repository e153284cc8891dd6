//go:build unix && !linux

package handlers

import "syscall"

// execAttributes puts the program into a process group of its own, whose number
// is its pid. When this process dies, the end of its stdin is all that tells the
// program.
func execAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
