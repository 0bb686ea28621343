package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestTerraformVersion_OldOnesAreRefusedByNameAndNothingIsAsked(t *testing.T) {
	t.Parallel()
	for version, refused := range map[string]bool{
		"0.12.31": true, "0.15.5": true, "1.0.0": true, "1.4.7": true, "1.4.7-dev": true,
		"1.5.0": false, "1.5.0-rc1": false, "1.5.7": false, "1.11.4": false, "1.17.0-dev": false, "2.0.0": false,
		// OpenTofu counts from 1.6.
		"1.6.0": false, "1.12.6": false,
		// What cannot be read passes.
		"": false, "unknown": false, "1": false, "1.x.0": false, "one.5.0": false, "v1.4.0": false,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField)
			diags := configureAs(t, version, sim.settings(nil))
			if !refused {
				if len(diags) > 0 {
					t.Errorf("got %v", diags)
				}
				return
			}
			if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Terraform Too Old: ") ||
				!strings.Contains(diags[0], "This is Terraform "+version+",") || !strings.Contains(diags[0], "Terraform 1.5 or later") {
				t.Errorf("got %v", diags)
			}
			if journal := sim.Journal(); len(journal) > 0 {
				t.Errorf("the tenant was asked: %+v", journal)
			}
		})
	}
}

// configureAs configures the provider as a CLI of that version does.
func configureAs(t *testing.T, version string, settings map[string]any) []string {
	t.Helper()
	p := startProtocol(t)
	schemas, err := p.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	p.check(err)
	resp, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: version, Config: p.dynamic(object(t, schemas.Provider, settings)),
	})
	p.check(err)
	return texts(resp.Diagnostics)
}

// The pages and the workflow say the minimum that the provider enforces.
func TestTerraformVersion_IsWrittenDown(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"README.md":                  "needs Terraform 1.5 or later",
		"docs/index.md":              "needs Terraform 1.5 or later",
		".github/workflows/test.yml": `"1.5.7"`,
	} {
		content, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), want) {
			t.Errorf("%s does not say %s", path, want)
		}
	}
}
