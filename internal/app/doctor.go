package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"go.uber.org/zap"

	"korestream/checkpoint"
	"korestream/internal/config"
	"korestream/internal/doctor"
)

// Doctor examines what the configuration depends on, and writes its report to w,
// as a table or as JSON. The error asks for exit code 3 if anything is not as
// required, whatever startup.on_mismatch says: who asks wants to know.
func Doctor(ctx context.Context, cfg *config.Config, w io.Writer, output string) error {
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return startupFailed(err)
	}
	return examine(ctx, cfg, c, w, output)
}

func examine(ctx context.Context, cfg *config.Config, c clients, w io.Writer, output string) error {
	if cfg.Worker == "" {
		cfg.Worker = "doctor" // it takes no lease
	}
	leases := checkpoint.New(c.dynamo, leaseConfig(cfg, ""), checkpoint.WithLogger(zap.NewNop()))
	report, err := doctor.Examine(ctx, cfg, doctor.Clients{Kinesis: c.kinesis, Dynamo: c.dynamo, SQS: c.sqs, S3: c.s3, Region: c.region}, leases)
	if err != nil {
		return startupFailed(err)
	}
	write := writeExamination
	if output == "json" {
		write = func(w io.Writer, r *doctor.Report) error { return writeJSON(w, r) }
	}
	if err := write(w, report); err != nil {
		return err
	}
	if n := report.Faults(); n > 0 {
		return startupFailed(fmt.Errorf("%d findings", n))
	}
	return nil
}

func writeExamination(w io.Writer, r *doctor.Report) error {
	fmt.Fprintf(w, "stream %s (%s, %s)\n\n", r.Stream, orText(r.ARN, "no ARN known"), orText(r.Mode, "no mode known"))
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "\tcheck\tfound\twant")
	for _, f := range r.Findings {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", markOf(f), f.Check, f.Found, f.Want)
	}
	fmt.Fprintln(t, "\n\taction\tresult\ton")
	for _, a := range r.Actions {
		fmt.Fprintf(t, "\t%s\t%s\t%s\n", a.Action, a.Result, a.Resource)
	}
	err := t.Flush()
	for _, f := range r.Findings {
		if f.Why == "" {
			continue
		}
		_, failed := fmt.Fprintf(w, "\n%s: %s: %s.\n  %s\n", markOf(f), f.Check, f.Why, f.Mend)
		err = errors.Join(err, failed)
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func markOf(f doctor.Finding) string {
	switch {
	case !f.OK:
		return "NO"
	case f.Advice:
		return "advice"
	}
	return "ok"
}
