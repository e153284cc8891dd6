package check

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// update writes the parts of files that are made from others.
var update = flag.Bool("update", false, "write the chart's README")

// program is korestream as it is here, built once and stamped as the image is.
var program struct {
	once sync.Once
	dir  string
	err  error
}

const (
	root          = "../.." // korestream's module
	stampVersion  = "v9.8.7"
	stampRevision = "0123abc"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if program.dir != "" {
		code = max(code, fail(os.RemoveAll(program.dir)))
	}
	if code == 0 {
		code = fail(goleak.Find())
	}
	os.Exit(code)
}

func fail(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// korestream runs the program with an environment of its own and returns what it
// printed and its exit code.
func korestream(t *testing.T, env []string, args ...string) (string, int) {
	t.Helper()
	program.once.Do(func() { program.err = build() })
	if program.err != nil {
		t.Fatal(program.err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(program.dir, "korestream"), args...)
	cmd.Env = append([]string{"HOME=" + program.dir}, env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// build compiles korestream with the Dockerfile's own linker flags.
func build() error {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		return err
	}
	flags := regexp.MustCompile(`-ldflags="([^"]+)"`).FindSubmatch(text)
	if flags == nil {
		return errors.New("the Dockerfile has no -ldflags")
	}
	if program.dir, err = os.MkdirTemp("", "korestream-deploy-"); err != nil {
		return err
	}
	ldflags := strings.NewReplacer("${VERSION}", stampVersion, "${REVISION}", stampRevision).Replace(string(flags[1]))
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags", ldflags, "-o", program.dir+"/", "./cmd/korestream")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build korestream: %w\n%s", err, out)
	}
	return nil
}

// read returns a file of deploy.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
