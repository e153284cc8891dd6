package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"korestream/internal/app"
	"korestream/internal/config"
)

// settings are the flags that say where the configuration comes from.
type settings struct {
	file   string
	stream string
	set    []string
}

func (s *settings) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.file, "config", "c", os.Getenv(config.EnvConfig), "configuration file (YAML); default $"+config.EnvConfig)
	f.StringVar(&s.stream, "stream", "", "name or ARN of the stream")
	f.StringArrayVar(&s.set, "set", nil, "any setting, such as --set lease.failover=5s; may be repeated")
}

// load reads the configuration; a bad one asks for exit code 78.
func (s *settings) load(noFiles bool) (*config.Config, error) {
	flags := make(map[string]string)
	for _, kv := range s.set {
		key, value, ok := strings.Cut(kv, "=")
		if !ok {
			return nil, &usageError{fmt.Errorf("--set %s: want key=value", kv)}
		}
		flags[key] = value
	}
	if s.stream != "" {
		flags["stream"] = s.stream
	}
	cfg, err := config.Load(config.Sources{File: s.file, Env: os.Environ(), Flags: flags, NoFiles: noFiles})
	if err != nil {
		return nil, &app.ExitError{Code: app.ExitConfig, Err: err}
	}
	return cfg, nil
}
