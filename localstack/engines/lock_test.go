package engines

import (
	"encoding/json"
	"net/url"
	"regexp"
	"testing"

	"korestream/localstack/emulators"
)

func TestLockFile_NamesNoRegistryButThePublicOne(t *testing.T) {
	t.Parallel()
	var lock struct {
		Packages map[string]struct{ Resolved, Integrity string }
	}
	read(t, "package-lock.json", &lock)
	if len(lock.Packages) < 3 {
		t.Fatalf("got %d packages, want those of three engines", len(lock.Packages))
	}
	for name, p := range lock.Packages {
		if u, err := url.Parse(p.Resolved); err != nil || u.Host != "" && u.Host != "registry.npmjs.org" {
			t.Errorf("%s: got it resolved to %q, want nothing or registry.npmjs.org", name, p.Resolved)
		}
		if name != "" && p.Integrity == "" {
			t.Errorf("%s: got no hash, want one", name)
		}
	}
}

func TestPackages_ArePinnedToOneVersion(t *testing.T) {
	t.Parallel()
	var manifest struct{ Dependencies map[string]string }
	read(t, "package.json", &manifest)
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for _, name := range []string{KinesisLocal, Dynalite, Fauxqs} {
		if version := manifest.Dependencies[name]; !exact.MatchString(version) {
			t.Errorf("%s: got %q, want one version", name, version)
		}
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := emulators.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
}
