package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"korestream/checkpoint"
	"korestream/internal/config"
)

// LeasesExport writes the leases into another table for Amazon's KCL. The error
// asks for exit code 3 if that was refused.
func LeasesExport(ctx context.Context, cfg *config.Config, to string, w io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, importTimeout+2*cfg.Lease.Failover, errors.New("the export took too long"))
	defer cancel()
	c, err := loadClients(ctx, cfg.Region)
	if err != nil {
		return startupFailed(err)
	}
	if cfg.Worker == "" {
		cfg.Worker = "korestream leases export" // it takes none
	}
	n, err := checkpoint.New(c.dynamo, leaseConfig(cfg, "")).Export(ctx, to)
	if errors.Is(err, checkpoint.ErrExportRefused) || errors.Is(err, checkpoint.ErrTableUnfit) {
		return startupFailed(err)
	}
	if err != nil {
		return fmt.Errorf("export leases: %w", err)
	}
	_, err = fmt.Fprintf(w, "%d leases of table %s stand in table %s: start the other application, and korestream no more\n", n, cfg.LeaseTable(), to)
	return err
}
