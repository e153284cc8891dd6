package cmd

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newVerify(stdout, stderr io.Writer) *cobra.Command {
	var (
		s settings
		o app.VerifyOptions
	)
	c := &cobra.Command{
		Use:   "verify",
		Short: "Follow a test event through the running fleet",
		Long: `verify puts a KORE test event on the stream and follows it: put, owner, decoded,
handled, checkpointed, with the time of each hop. With --wait-for-kore it puts
none and waits for the one that the button Test Event of KORE's portal sends. It
exits with 0 when the event came through, and with 1 when not, naming the hop
where it was lost and why.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(o.Output); err != nil {
				return err
			}
			if o.Timeout <= 0 || o.ForKore <= 0 {
				return &usageError{fmt.Errorf("--timeout and --kore-timeout must be more than nothing")}
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.Verify(c.Context(), cfg, o, stdout, stderr)
		},
	}
	s.flags(c)
	f := c.Flags()
	f.BoolVar(&o.WaitForKore, "wait-for-kore", false, "wait for the test event of KORE's portal in place of putting one")
	f.DurationVar(&o.Timeout, "timeout", 10*time.Second, "how long the event may take once it is on the stream")
	f.DurationVar(&o.ForKore, "kore-timeout", 10*time.Minute, "how long to wait for KORE's")
	outputFlag(c, &o.Output)
	return c
}
