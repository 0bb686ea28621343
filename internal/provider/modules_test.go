package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// TestModules_PassTheirOwnTests runs "terraform test" in every module, as the
// guide on testing without a tenant says.
func TestModules_PassTheirOwnTests(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(examples + "/modules/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no module was found: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			files := readFolder(t, folder)
			sim := newTenant(t, graphsim.ProfileField)
			w := newWorkspaceOf(t, files, append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)...)
			output := w.run("test", "-no-color")
			if !strings.Contains(output, "0 failed") || strings.Contains(output, "0 passed") {
				t.Errorf("no test ran:\n%s", output)
			}
			if len(sim.requests(graphsim.OpImport)) == 0 {
				t.Error("the tests wrote nothing into the tenant")
			}
			if err := sim.isEmpty(); err != nil {
				t.Errorf("the tests left something behind: %v", err)
			}
		})
	}
}

// Every input and output of a module is in its README.
func TestModules_ReadmesNameInputsAndOutputs(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(examples + "/modules/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		for name, keyword := range map[string]string{"variables.tf": "variable", "outputs.tf": "output"} {
			content, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(content)) {
				var declared string
				if _, err := fmt.Sscanf(line, keyword+" %q {", &declared); err == nil && !strings.Contains(string(readme), "| `"+declared+"` |") {
					t.Errorf("%s does not name the %s %s", folder, keyword, declared)
				}
			}
		}
	}
}
