package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/internal/config"
)

// Doctor makes the start-up check and writes its report to w, as a table or as
// JSON. The error asks for exit code 3 if anything is not as required, whatever
// startup.on_mismatch says: who asks wants to know.
func Doctor(ctx context.Context, cfg *config.Config, w io.Writer, output string) error {
	ctx, cancel := context.WithTimeout(ctx, startupTimeout)
	defer cancel()
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return startupFailed(err)
	}
	if cfg.Worker == "" {
		cfg.Worker = "doctor" // it takes no lease
	}
	report, err := check(ctx, cfg, c, checkpoint.New(c.dynamo, leaseConfig(cfg, ""), checkpoint.WithLogger(zap.NewNop())))
	if err != nil {
		return startupFailed(err)
	}
	if output == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	} else {
		fmt.Fprintf(w, "stream %s (%s, %s)\n\n", report.Stream, report.ARN, report.Mode)
		t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
		fmt.Fprintln(t, "\tcheck\tfound\twant")
		for _, f := range report.Findings {
			mark := "ok"
			if !f.OK {
				mark = "NO"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", mark, f.Check, f.Found, f.Want)
		}
		if err := t.Flush(); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		for _, f := range report.Findings {
			if !f.OK {
				fmt.Fprintf(w, "\n%s: %s.\n  %s\n", f.Check, f.Why, f.Mend)
			}
		}
	}
	if report.Err() != nil {
		return startupFailed(errors.New("the stream is not as required"))
	}
	return nil
}
