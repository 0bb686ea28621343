package provider

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The released binary must not carry the simulated tenant, nor anything else
// that only tests need.
func TestRelease_HoldsNoTestCode(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("go", "list", "-deps", "../..").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(output))
	if !slices.Contains(packages, "github.com/intunetf/terraform-provider-intune/internal/inventory") {
		t.Fatalf("the list of packages is not the provider's: %v", packages)
	}
	for _, name := range packages {
		if strings.Contains(name, "graphsim") || strings.Contains(name, "terraform-plugin-testing") {
			t.Errorf("the released binary holds %s", name)
		}
	}
}
