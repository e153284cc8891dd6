package report

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Environment is where and when it was measured.
type Environment struct {
	Date   string `json:"date"`
	Commit string `json:"commit"`
	Go     string `json:"go"`
	System string `json:"system"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	// Load is the load average before anything was run, where it is to be had.
	Load string `json:"load,omitempty"`
}

// Here describes this machine, now. What cannot be found out stays empty.
func Here(ctx context.Context) Environment {
	e := Environment{
		Date: time.Now().UTC().Format(time.DateOnly), Go: runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH, CPU: cpuModel(), Cores: runtime.NumCPU(),
	}
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		e.Commit = strings.TrimSpace(string(out))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		e.Load, _, _ = strings.Cut(string(load), " ")
	}
	return e
}

// busy tells whether the machine had so much else to do that what was measured
// is not what it would be without.
func (e Environment) busy() bool {
	load, err := strconv.ParseFloat(e.Load, 64)
	return err == nil && load > float64(e.Cores)/2
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, model, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return ""
}
