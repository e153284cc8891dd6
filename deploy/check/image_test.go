package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages parses the Dockerfile as BuildKit does, with its own lint.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	ast, err := parser.Parse(strings.NewReader(read(t, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		t.Errorf("%s: %s, at %v", rule, message, at)
	}})
	stages, _, err := instructions.Parse(ast.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	return stages
}

// command returns the last command of a kind in a stage.
func command[T instructions.Command](t *testing.T, s *instructions.Stage) T {
	t.Helper()
	for _, c := range slices.Backward(s.Commands) {
		if c, ok := c.(T); ok {
			return c
		}
	}
	var none T
	t.Fatalf("no %T", none)
	return none
}

func TestImage_HasNoShellAndNoRoot(t *testing.T) {
	t.Parallel()
	all := stages(t)
	final := &all[len(all)-1]
	if len(all) != 2 || !strings.HasPrefix(final.BaseName, "gcr.io/distroless/static") || !strings.HasSuffix(final.BaseName, ":nonroot") {
		t.Errorf("%d stages, the last from %s", len(all), final.BaseName)
	}
	if u := command[*instructions.UserCommand](t, final).User; u != "65532:65532" {
		t.Errorf("user %s, want a number that is not root's", u)
	}
	entry, cmd := command[*instructions.EntrypointCommand](t, final), command[*instructions.CmdCommand](t, final)
	if entry.PrependShell || cmd.PrependShell {
		t.Error("it is started by a shell, which is not there")
	}
	if check := command[*instructions.HealthCheckCommand](t, final).Health; !slices.Equal(check.Test, []string{"CMD", entry.CmdLine[0], "health"}) {
		t.Errorf("health check %q, want the program itself, without a shell", check.Test)
	}
	for _, c := range final.Commands {
		if _, ok := c.(*instructions.RunCommand); ok {
			t.Errorf("%s in the image itself", c.Name())
		}
	}
	if v := command[*instructions.VolumeCommand](t, final).Volumes; !slices.Equal(v, []string{"/data"}) {
		t.Errorf("volumes %v, want /data, which is written while the root is read-only", v)
	}
}

func TestImage_IsStaticAndForTheTarget(t *testing.T) {
	t.Parallel()
	all := stages(t)
	if all[0].Platform != "$BUILDPLATFORM" {
		t.Errorf("built on %q: want the builder's own platform", all[0].Platform)
	}
	build := command[*instructions.RunCommand](t, &all[0]).String()
	for _, want := range []string{"CGO_ENABLED=0", "GOOS=${TARGETOS}", "GOARCH=${TARGETARCH}", "-trimpath"} {
		if !strings.Contains(build, want) {
			t.Errorf("the build has no %s: %s", want, build)
		}
	}
	labels := make(map[string]bool)
	for _, l := range command[*instructions.LabelCommand](t, &all[1]).Labels {
		labels[l.Key] = true
	}
	for _, want := range []string{"title", "description", "version", "revision", "created", "source"} {
		if !labels[`org.opencontainers.image.`+want] {
			t.Errorf("no label for the %s among %v", want, labels)
		}
	}
}

func TestImage_VersionIsStampedByItsLinkerFlags(t *testing.T) {
	t.Parallel()
	out, code := korestream(t, nil, "version")
	if code != 0 || !strings.HasPrefix(out, "korestream "+stampVersion+", revision "+stampRevision+", ") {
		t.Errorf("exit %d, %q, want version %s and revision %s", code, out, stampVersion, stampRevision)
	}
}
