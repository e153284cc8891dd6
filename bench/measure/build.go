package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds the programs that the entrants need from the module in the folder
// module into the folder bin.
func Build(ctx context.Context, module, bin string, entrants []Entrant) error {
	built := make(map[string]bool)
	for _, e := range entrants {
		if built[e.Program] {
			continue
		}
		built[e.Program] = true
		folder, args := e.Program, []string{"build", "-o", filepath.Join(bin, e.Program)}
		switch e.Program {
		case "vmware-pinned":
			folder = "vmware"
		case "vmware-newest":
			folder, args = "vmware", append(args, "-modfile", "newest.mod")
		}
		cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
		cmd.Dir = filepath.Join(module, "peers", folder)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build %s: %w", e.Program, err)
		}
	}
	return nil
}
