package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// errAbsent is wrapped when there is no PostgreSQL to be had here.
var errAbsent = errors.New("no PostgreSQL to test against")

func skipOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
}

// programs are the two that make a server.
type programs struct{ initdb, postgres string }

// find prefers Debian's directories, the highest version first, which are not
// in the PATH, to whatever is.
func find() (programs, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return programs{}, err
	}
	slices.SortFunc(folders, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(b, a)) // 10 is above 9
	})
	for _, folder := range folders {
		p := programs{filepath.Join(folder, "initdb"), filepath.Join(folder, "postgres")}
		if isFile(p.initdb) && isFile(p.postgres) {
			return p, nil
		}
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return programs{}, fmt.Errorf("%w: %w (Debian: apt-get install postgresql)", errAbsent, err)
	}
	postgres, err := exec.LookPath("postgres")
	if err != nil {
		return programs{}, fmt.Errorf("%w: %w (Debian: apt-get install postgresql)", errAbsent, err)
	}
	return programs{initdb, postgres}, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
