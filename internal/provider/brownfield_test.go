package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// brownfield is a tenant with 2,000 identities that somebody registered in the
// portal, and some of another type that an adoption must not touch.
func brownfield(t *testing.T, profile graphsim.Profile) (sim *tenant, rows map[string]string, env []string) {
	t.Helper()
	sim, rows = newTenant(t, profile), serials(2000)
	// A portal's list has rows without details.
	for i := range 100 {
		rows[fmt.Sprintf("SERIAL%06d", i*20)] = ""
	}
	identities := []graphsim.Identity{{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212", Description: "not ours"}}
	for identifier, description := range rows {
		identities = append(identities, graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, Description: description})
	}
	sim.Tenant().Seed(identities...)
	return sim, rows, append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)
}

// adopt plans, applies and plans again, and holds that nothing was written into
// the tenant.
func (w *workspace) adopt(sim *tenant, rows map[string]string, plan ...string) {
	w.t.Helper()
	w.run(append([]string{"plan", "-no-color", "-input=false", "-out=plan.tfplan"}, plan...)...)
	output := w.run("apply", "-no-color", "-input=false", "plan.tfplan")
	if !strings.Contains(output, "1 imported, 0 added, 0 changed, 0 destroyed") {
		w.t.Errorf("the apply did more than import:\n%s", output)
	}
	if output := w.run("plan", "-no-color", "-input=false", "-detailed-exitcode"); strings.Contains(output, "Warning") {
		w.t.Errorf("the plan after the adoption warns:\n%s", output)
	}
	for operation, count := range sim.routes() {
		if operation != graphsim.OpList {
			w.t.Errorf("the adoption sent %d × %s", count, operation)
		}
	}
	want := maps.Clone(rows)
	want["355450075770212"] = "not ours"
	sim.wantHeld(w.t, want)
}

const fleetImport = "\nimport {\n  to = intune_imported_device_identities.fleet\n  id = \"serialNumber\"\n}\n"

func TestBrownfield_TwoThousandWithGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim, rows, env := brownfield(t, profile)
		w := newWorkspace(t, requiredProviders+fleetImport, env...)
		w.adopt(sim, rows, "-generate-config-out=generated.tf")
		generated := w.read("generated.tf")
		if got := strings.Count(generated, "SERIAL"); got != len(rows) {
			t.Errorf("the generated configuration lists %d identifiers, want %d:\n%.2000s", got, len(rows), generated)
		}
	})
}

func TestBrownfield_TwoThousandWithAWrittenMap(t *testing.T) {
	t.Parallel()
	sim, rows, env := brownfield(t, graphsim.ProfileField)
	var module strings.Builder
	module.WriteString(requiredProviders + fleetImport)
	module.WriteString("\nresource \"intune_imported_device_identities\" \"fleet\" {\n  imported_device_identity_type = \"serialNumber\"\n  identities = {\n")
	for _, identifier := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&module, "    %s = %q\n", identifier, rows[identifier])
	}
	module.WriteString("  }\n}\n")
	newWorkspace(t, module.String(), env...).adopt(sim, rows)
}

// The command takes over the same rows as the block does.
func TestBrownfield_TwoThousandWithTheImportCommand(t *testing.T) {
	t.Parallel()
	_, rows, env := brownfield(t, graphsim.ProfileField)
	w := newWorkspace(t, requiredProviders+"\nresource \"intune_imported_device_identities\" \"fleet\" {\n  imported_device_identity_type = \"serialNumber\"\n  identities = {}\n}\n", env...)
	w.run("import", "-no-color", "-input=false", "intune_imported_device_identities.fleet", "serialNumber")
	if got := strings.Count(w.read("terraform.tfstate"), "SERIAL"); got != len(rows) {
		t.Errorf("the state lists %d identifiers, want %d", got, len(rows))
	}
}

// What the guide says of a map that differs from the tenant.
func TestBrownfield_AMapThatDiffersWritesOnlyTheDifferenceAndForgetsTheRest(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim, rows, env := brownfield(t, profile)
		module := requiredProviders + fleetImport + `
resource "intune_imported_device_identities" "fleet" {
  imported_device_identity_type = "serialNumber"
  identities = {
    SERIAL000001 = "Device 1"
    SERIAL000002 = "Another description"
    SERIALNEW    = "Device new"
  }
}
`
		w := newWorkspace(t, module, env...)
		plan := w.run("plan", "-no-color", "-input=false", "-out=plan.tfplan")
		if !strings.Contains(plan, "1 to import, 0 to add, 1 to change, 0 to destroy") || !strings.Contains(plan, "does not list 1,998 of") {
			t.Errorf("the plan says:\n%.4000s", plan[max(0, len(plan)-4000):])
		}
		w.run("apply", "-no-color", "-input=false", "plan.tfplan")
		w.run("plan", "-no-color", "-input=false", "-detailed-exitcode")
		want := maps.Clone(rows)
		want["355450075770212"], want["SERIAL000002"], want["SERIALNEW"] = "not ours", "Another description", "Device new"
		sim.wantHeld(t, want)
	})
}
