package engines

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"korestream/localstack/emulators"
)

// ErrNoNode is what starting an engine returns where there is no Node that is
// recent enough, no npm, or where npm cannot install the packages, which mostly
// is for want of a network. Tests skip by it.
var ErrNoNode = errors.New("the engines need Node and npm")

// minNode is the oldest major version of Node that the engines run on; it is
// the one in package.json.
const minNode = 20

// installing keeps the tests of one process from installing the same thing
// twice. Between processes it would only be a waste: see Install.
var installing sync.Mutex

// Install returns the directory with the installed packages, which it installs
// if no process has done so before.
//
// The directory is named for a hash of all that it is made from, and it appears
// by a rename once it is complete. So two processes that install at once both
// do the work, one of them wins, and the other one uses what the winner made.
func Install(ctx context.Context) (string, error) {
	installing.Lock()
	defer installing.Unlock()
	if err := checkNode(ctx); err != nil {
		return "", err
	}
	name, err := fingerprint()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	return installInto(ctx, filepath.Join(cache, "korestream", "engines"), name)
}

func installInto(ctx context.Context, parent, name string) (string, error) {
	dir := filepath.Join(parent, name)
	if complete(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("make the engines' directory: %w", err)
	}
	work, err := os.MkdirTemp(parent, name+".part-*")
	if err != nil {
		return "", fmt.Errorf("make the engines' directory: %w", err)
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, emulators.Files); err != nil {
		return "", fmt.Errorf("write the lock file: %w", err)
	}
	if err := npmInstall(ctx, work); err != nil {
		return "", err
	}
	// The rename fails if another process was first, as a directory that has
	// files in it is not replaced.
	if err := os.Rename(work, dir); err != nil && !complete(dir) {
		return "", fmt.Errorf("put the engines in place: %w", err)
	}
	return dir, nil
}

// complete tells whether a directory was installed.
func complete(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "node_modules"))
	return err == nil && info.IsDir()
}

// npmInstall runs npm on a copy of the lock file. The engines need no script of
// any package: what is native in one of them is for stores on disk.
func npmInstall(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--prefer-offline",
		"--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("install the engines: %w", context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("%w: npm ci: %w: %s", ErrNoNode, err, strings.TrimSpace(out.String()))
	}
	return nil
}

// checkNode tells whether there is a Node to run the engines on.
func checkNode(ctx context.Context) error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: %w", ErrNoNode, err)
		}
	}
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Errorf("%w: node --version: %w", ErrNoNode, err)
	}
	major, err := majorVersion(string(version))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoNode, err)
	}
	if major < minNode {
		return fmt.Errorf("%w: found Node %d, want at least %d", ErrNoNode, major, minNode)
	}
	return nil
}

// majorVersion reads the first number of a version such as v20.20.2.
func majorVersion(version string) (int, error) {
	number, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".")
	major, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("read the version of node: %w", err)
	}
	return major, nil
}

// fingerprint is a hash of everything that an installation is made from.
func fingerprint() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(emulators.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := emulators.Files.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n", path, len(content))
		sum.Write(content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the lock file: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}
