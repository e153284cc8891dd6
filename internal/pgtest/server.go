package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "korestream"
	// startTimeout is generous, for machines that do much else.
	startTimeout = time.Minute
)

// Server is a PostgreSQL server. It is not safe for concurrent use, but for DSN.
type Server struct {
	programs programs
	// dir holds the data, the socket and the log.
	dir  string
	user *syscall.SysProcAttr

	// shell watches over the server while it runs, and is nil otherwise.
	shell *exec.Cmd
	// leash ends the server when it closes.
	leash io.WriteCloser
}

// create makes the files of a server.
func create() (*Server, error) {
	programs, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, dir: dir}
	if s.user, err = hand(dir); err != nil {
		s.remove()
		return nil, err
	}
	// Nothing is to survive a crash of the machine, and every program that is
	// there may connect: the socket's directory keeps others out.
	initdb := s.command(programs.initdb, "--pgdata", s.data(), "--username", superuser, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		s.remove()
		return nil, fmt.Errorf("run initdb: %w: %s", err, out)
	}
	return s, nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.SysProcAttr = s.dir, s.user
	return c
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// DSN is the address of the server's first database.
func (s *Server) DSN() string { return s.dsn("postgres") }

func (s *Server) dsn(database string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&user=%s&sslmode=disable", database, url.QueryEscape(s.dir), superuser)
}

// watch is what the shell does: it runs the server until the leash closes, and
// removes the files unless a line came before. The server is stopped the hard
// way, by which no client is waited for.
const watch = `dir=$PWD
"$@" & server=$!
read keep
kill -QUIT $server
wait $server
[ -n "$keep" ] || { cd / && rm -rf "$dir"; }`

// start starts the server and waits until it answers. fsync is off, for speed;
// commits still reach the kernel, so that a server that is stopped the hard way
// loses none.
func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.shell = s.command("/bin/sh", "-c", watch, "watch", s.programs.postgres, "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=16MB", "-c", "max_connections=100")
	// Files, not pipes: the go command waits for all who hold its pipes.
	s.shell.Stdout, s.shell.Stderr = log, log
	if s.leash, err = s.shell.StdinPipe(); err != nil {
		return err
	}
	if err := s.shell.Start(); err != nil {
		return err
	}
	return s.await()
}

func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.DSN())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			out, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
			return fmt.Errorf("%w; the server says: %s", err, out)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop stops the server as a crash would: connections are cut, what was
// committed stays. [Server.Resume] starts it again.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if _, err := io.WriteString(s.leash, "keep\n"); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
	if err := s.end(); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Resume starts a server that was stopped, and waits until it answers.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("start PostgreSQL again: %v", err)
	}
}

// end closes the leash and waits for the shell.
func (s *Server) end() error {
	err := s.leash.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	waited := s.shell.Wait()
	s.shell = nil
	return errors.Join(err, waited)
}

// remove ends the server if it runs and removes its files. Its errors are of
// interest to nobody: a test has had its answer by then.
func (s *Server) remove() {
	if s.shell != nil {
		_ = s.end()
	}
	_ = os.RemoveAll(s.dir)
}
