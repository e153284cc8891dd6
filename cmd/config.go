package cmd

import (
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/config"
)

func newConfig(stdout io.Writer) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration as it takes effect",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return config.Write(stdout, cfg)
		},
	}
	s.flags(c)
	return c
}
