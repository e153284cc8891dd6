package main

import (
	"fmt"
	"net"
	"runtime"
	"syscall"
	"testing"
)

// freeAddress is one that a process may listen at, and again after a restart; while
// nobody does, it refuses connections. On Linux it stays taken until the test ends, by
// a socket that is bound and does not listen: a port that was merely free a moment ago
// may be given to any other test that asks for one, or be the near end of a connection.
// Whoever names the port has it nevertheless, for both sockets say SO_REUSEADDR.
func freeAddress(t *testing.T) string {
	t.Helper()
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	free := func() { _ = syscall.Close(fd) }
	if runtime.GOOS == "linux" {
		t.Cleanup(free)
	} else {
		defer free()
	}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", bound.(*syscall.SockaddrInet4).Port)
}

func TestFreeAddress_IsNobodyElses(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("somebody listens there")
	}
	for range 2 { // also again
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		l.Close()
	}
}
