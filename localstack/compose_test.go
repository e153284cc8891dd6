package localstack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"korestream/internal/config"
)

// composeFile is what we check of docker-compose.yml.
type composeFile struct {
	Services map[string]composeService
	Volumes  map[string]any
}

type composeService struct {
	Image           string
	Build           struct{ Context, Dockerfile string }
	Environment     map[string]string
	Ports, Volumes  []string
	Profiles        []string
	StopGracePeriod string `yaml:"stop_grace_period"`
	Healthcheck     struct{ Test []string }
	DependsOn       any `yaml:"depends_on"`
}

func compose(t *testing.T) composeFile {
	t.Helper()
	text, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c composeFile
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Services) < 5 {
		t.Fatalf("got %d services, want two profiles of them", len(c.Services))
	}
	return c
}

func TestCompose_ImagesArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:\d+\.\d+\.\d+$`)
	c := compose(t)
	for name, s := range c.Services {
		if !pinned.MatchString(s.Image) && s.Build.Dockerfile == "" {
			t.Errorf("%s: image %q has no full version", name, s.Image)
		}
		if s.Build.Dockerfile != "" {
			if _, err := os.Stat(filepath.Join("..", s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got, want := c.Services["localstack"].Image, "localstack/localstack:4.14.0"; got != want {
		t.Errorf("localstack: got %s, want %s, the last that starts without a token", got, want)
	}
}

func TestCompose_KorestreamsSettingsAreGood(t *testing.T) {
	t.Parallel()
	c := compose(t)
	for _, name := range []string{"korestream", "korestream-engines"} {
		s := c.Services[name]
		var env []string
		for k, v := range s.Environment {
			env = append(env, k+"="+v)
		}
		cfg, err := config.Load(config.Sources{Env: env, NoFiles: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		grace, err := time.ParseDuration(s.StopGracePeriod)
		if err != nil || grace <= cfg.Drain.Timeout {
			t.Errorf("%s: stop_grace_period %q, want more than the drain's %s", name, s.StopGracePeriod, cfg.Drain.Timeout)
		}
		if dir := filepath.Dir(cfg.DeadLetters.Path); dir != "/data" {
			t.Errorf("%s: dead letters in %s, which is no volume", name, dir)
		}
	}
	known := map[string]bool{}
	for _, k := range config.Keys() {
		known[k.Env] = true
	}
	for name, s := range c.Services {
		for k := range s.Environment {
			if strings.HasPrefix(k, config.EnvPrefix) && !known[k] {
				t.Errorf("%s: %s is no setting", name, k)
			}
		}
	}
}

func TestCompose_WaitsForTheStreamAndListensOnLoopback(t *testing.T) {
	t.Parallel()
	c := compose(t)
	ls := c.Services["localstack"]
	health := strings.Join(ls.Healthcheck.Test, " ")
	for _, want := range []string{"describe-stream-summary", "describe-table"} {
		if !strings.Contains(health, want) {
			t.Errorf("health check %q does not look for %s", health, want)
		}
	}
	if on := fmt.Sprint(c.Services["korestream"].DependsOn); on != "map[localstack:map[condition:service_healthy]]" {
		t.Errorf("korestream depends on %s, want localstack to be healthy", on)
	}
	mounts := strings.Join(ls.Volumes, " ")
	for _, want := range []string{"./localstack/ready.d:/etc/localstack/init/ready.d", ":/var/lib/localstack"} {
		if !strings.Contains(mounts, want) {
			t.Errorf("localstack's volumes %q lack %s", mounts, want)
		}
	}
	for name, s := range c.Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s to the world", name, p)
			}
		}
	}
}
