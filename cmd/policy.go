package cmd

import (
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newIAMPolicy(stdout io.Writer) *cobra.Command {
	var (
		s settings
		o app.PolicyOptions
	)
	c := &cobra.Command{
		Use:   "iam-policy",
		Short: "Print the least IAM policy for this configuration",
		Long: `iam-policy prints the IAM policy that allows what korestream run does with this
configuration, and nothing else. It calls nothing. --operator adds what dlq, sim,
verify and doctor call besides. The account is that of the stream's ARN or of
--account; where neither tells, the policy says *.`,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.IAMPolicy(cfg, o, stdout)
		},
	}
	s.flags(c)
	f := c.Flags()
	f.StringVar(&o.Account, "account", "", "account ID of the resources, if the stream is not named by its ARN")
	f.StringArrayVar(&o.Keys, "kms-key", nil, "ARN of a KMS key that the stream, a queue or a bucket is encrypted with; may be repeated")
	f.BoolVar(&o.Operator, "operator", false, "add what dlq, sim, verify and doctor call")
	return c
}
