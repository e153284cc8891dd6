package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"korestream/internal/config"
)

// The probes that Health can ask for.
const (
	ProbeStartup = "/startupz"
	ProbeLive    = "/livez"
	ProbeReady   = "/readyz"
)

// Health asks the process that runs on this host with this configuration and
// writes one line. The error asks for exit code 1.
func Health(ctx context.Context, cfg *config.Config, probe string, w io.Writer) error {
	host, port, err := net.SplitHostPort(cfg.Admin.Listen)
	switch {
	case err != nil:
		return errors.New("admin.listen is empty: there is nobody to ask")
	case port == "0":
		return errors.New("admin.listen leaves the port open: give it a number, here too")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // it listens on all addresses
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	words, err := readAdmin(ctx, net.JoinHostPort(host, port), probe)
	if err != nil {
		return fmt.Errorf("%s: %s", strings.TrimPrefix(probe, "/"), strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if _, err := fmt.Fprintln(w, strings.TrimSpace(string(words))); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// serveLogLevel shows and changes the level as zap's own handler does: GET, or
// PUT of {"level":"debug"}. Only this host may change it, unless the
// configuration says so.
func serveLogLevel(level zap.AtomicLevel, everywhere bool, log *zap.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			level.ServeHTTP(w, r)
			return
		}
		if !everywhere && !(isLoopback(r.RemoteAddr) && isLoopback(r.Host)) {
			http.Error(w, "the level is changed from this host only; admin.log_level allows others", http.StatusForbidden)
			return
		}
		was := level.Level()
		level.ServeHTTP(w, r)
		if is := level.Level(); is != was {
			log.Warn("log level changed", zap.Stringer("from", was), zap.Stringer("to", is), zap.String("by", r.RemoteAddr))
		}
	})
}
