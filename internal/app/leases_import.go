package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/internal/config"
)

// DefaultImportWatch is how long an import looks for a fleet that still runs.
const DefaultImportWatch = checkpoint.DefaultImportWatch

// LeasesImportOptions are the settings of `leases import`.
type LeasesImportOptions struct {
	// From is the lease table of the application of Amazon's KCL.
	From string
	// FromStream says which stream of several of one name in that table is
	// meant, as account:name:creationEpoch; empty is the configured name.
	FromStream string
	// Watch is how long to look for a fleet that still runs; 0 is the default.
	Watch  time.Duration
	DryRun bool
	// Output is table or json.
	Output string
}

// importTimeout bounds the calls of an import, beside its watching.
const importTimeout = 5 * time.Minute

// LeasesImport takes over the leases of an application of Amazon's KCL that was
// stopped, and writes what became of each shard to w. The error asks for exit
// code 3 if the import was refused.
func LeasesImport(ctx context.Context, cfg *config.Config, o LeasesImportOptions, w io.Writer) error {
	if o.Watch <= 0 {
		o.Watch = DefaultImportWatch
	}
	ctx, cancel := context.WithTimeoutCause(ctx, importTimeout+o.Watch+2*cfg.Lease.Failover, errors.New("the import took too long"))
	defer cancel()
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return startupFailed(err)
	}
	shards, err := consumer.ListShards(ctx, c.kinesis, cfg.StreamName(), cfg.StreamARN())
	if err != nil {
		return startupFailed(err)
	}
	if o.Output != "json" {
		fmt.Fprintf(w, "watching table %s for %s: nothing may use it\n", o.From, o.Watch)
	}
	opt := checkpoint.ImportOptions{Stream: o.FromStream, Watch: o.Watch, DryRun: o.DryRun}
	if opt.Stream == "" {
		opt.Stream = cfg.StreamName()
	}
	report, err := checkpoint.New(c.dynamo, leaseConfig(cfg, "")).Import(ctx, o.From, shards, opt)
	switch {
	case errors.Is(err, checkpoint.ErrImportRefused), errors.Is(err, checkpoint.ErrTableMissing), errors.Is(err, checkpoint.ErrTableUnfit):
		return startupFailed(err)
	case err != nil:
		return fmt.Errorf("import leases: %w", err)
	case o.Output == "json":
		err = writeImportJSON(w, report)
	default:
		err = writeImportTable(w, report)
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func writeImportTable(w io.Writer, r checkpoint.ImportReport) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "shard\tcheckpoint\taction\tremark")
	for _, s := range r.Shards {
		at := s.Checkpoint.String()
		if s.Checkpoint.IsZero() {
			at = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Shard, at, s.Action, s.Reason)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Others > 0 {
		fmt.Fprintf(w, "left alone: %d rows that are no leases\n", r.Others)
	}
	if len(r.OtherStreams) > 0 {
		fmt.Fprintf(w, "left alone: the leases of %s\n", strings.Join(r.OtherStreams, ", "))
	}
	last := "the leases stand in table %s: start korestream, and the other application no more\n"
	if r.DryRun {
		last = "this was a dry run: nothing was written to table %s\n"
	}
	_, err := fmt.Fprintf(w, last, r.Table)
	return err
}

// importView and importedView are a report for programs.
type importView struct {
	From         string         `json:"from"`
	Table        string         `json:"table"`
	DryRun       bool           `json:"dry_run"`
	Shards       []importedView `json:"shards"`
	OtherRows    int            `json:"other_rows"`
	OtherStreams []string       `json:"other_streams,omitempty"`
}

type importedView struct {
	Shard             string `json:"shard"`
	Checkpoint        string `json:"checkpoint,omitempty"`
	SubSequenceNumber int64  `json:"sub_sequence_number,omitempty"`
	Action            string `json:"action"`
	Reason            string `json:"reason,omitempty"`
}

func writeImportJSON(w io.Writer, r checkpoint.ImportReport) error {
	v := importView{From: r.From, Table: r.Table, DryRun: r.DryRun, OtherRows: r.Others, OtherStreams: r.OtherStreams}
	for _, s := range r.Shards {
		v.Shards = append(v.Shards, importedView{s.Shard, s.Checkpoint.SequenceNumber, s.Checkpoint.SubSequenceNumber, s.Action, s.Reason})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
