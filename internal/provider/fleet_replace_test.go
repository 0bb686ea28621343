package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// seedSerials puts rows into the tenant that somebody else has added.
func (s *tenant) seedSerials(rows map[string]string) {
	for identifier, description := range rows {
		s.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, Description: description})
	}
}

// Terraform plans a replacement as an update first, where rows that the
// configuration does not list would be forgotten. It deletes them all the same.
func TestFleetCLI_AnImportedFleetIsNotReplacedWhileRowsAreNotListed(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	all, listed := serials(20), serials(5)
	sim.seedSerials(all)
	w := newWorkspace(t, requiredProviders+fleetBlock("test", listed), append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)...)
	w.run("import", "-no-color", fleetAddress, "serialNumber")
	output, err := w.try("apply", "-no-color", "-auto-approve", "-replace="+fleetAddress)
	const want = "The import took over 20 rows, and the configuration does not list 15 of them. Replacing the resource would delete them from the tenant."
	if err == nil || !strings.Contains(words(output), want) {
		t.Fatalf("%v\n%s", err, output)
	}
	sim.wantHeld(t, all)
	if output = w.run("apply", "-no-color", "-auto-approve"); !strings.Contains(words(output), "does not list 15 of them") {
		t.Errorf("the rows were not forgotten:\n%s", output)
	}
	w.run("apply", "-no-color", "-auto-approve", "-replace="+fleetAddress)
	sim.wantHeld(t, all)
	w.run("plan", "-no-color", "-detailed-exitcode")
}

func TestFleetImport_AnotherTypeIsAnErrorAndADestroyAWarning(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.seedSerials(serials(20))
	server := newFleetProtocol(t, sim, nil)
	state, diags := server.importID("serialNumber")
	wantTexts(t, diags)
	wantTexts(t, server.plan(fleetOf("imei", map[string]string{"490154203237518": ""}), state).diags,
		`error imported_device_identity_type: Imported Identifiers Are of Another Type: The import took over 20 rows of type serialNumber, and the configuration says imei. Terraform would delete all of them from the tenant. Correct the type; or, where the import was the mistake, take the resource out of the state with terraform state rm and import it again.`)
	wantTexts(t, server.planDestroy(state).diags,
		`warning: Imported Rows Are Deleted: This resource took over 20 rows by import and has changed none of them since. Destroying it deletes all of them from the tenant, whoever added them. To keep them there, use a removed block with destroy = false, or terraform state rm.`)
}

func TestFleetCLI_AReplacementDeletesNoMoreThanMaxDeletionsAndIsNoConflict(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	changed := map[string]string{}
	for identifier := range serials(5) {
		changed[identifier] = "changed"
	}
	w := newWorkspace(t, requiredProviders+fleetBlock("test", serials(5)), append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)...)
	w.run("apply", "-no-color", "-auto-approve")
	w.write("main.tf", requiredProviders+fleetBlock("test", changed, "max_deletions = 4"))
	output, err := w.try("apply", "-no-color", "-auto-approve", "-replace="+fleetAddress)
	if err == nil || !strings.Contains(words(output), "This plan would delete 5 of 5 rows, and max_deletions allows 4.") {
		t.Fatalf("%v\n%s", err, output)
	}
	sim.wantHeld(t, serials(5))
	w.write("main.tf", requiredProviders+fleetBlock("test", changed, "max_deletions = 5"))
	w.run("apply", "-no-color", "-auto-approve", "-replace="+fleetAddress)
	sim.wantHeld(t, changed)
	w.run("plan", "-no-color", "-detailed-exitcode")
}

// A row belongs to one resource. That is told in the plan, whichever of the two
// is there already.
func TestFleetCLI_ARowThatAnotherResourceListsIsAnError(t *testing.T) {
	t.Parallel()
	twice := regexp.MustCompile(`Another\s+resource\s+of\s+this\s+configuration\s+lists\s+the\s+same\s+identifiers`)
	single := strings.Join(append(append([]string{"\nresource \"intune_imported_device_identity\" \"one\" {"}, serialLines...), `description = "Lab"`, "}"), "\n") + "\n"
	rows := map[string]string{"c02abc123def": "Lab", "OTHER": "x"}
	for name, test := range map[string]struct{ first, both string }{
		"two fleets":              {fleetBlock("a", rows), fleetBlock("a", rows) + fleetBlock("b", map[string]string{"C02ABC123DEF": "Lab", "MORE": ""})},
		"a fleet and a single":    {fleetBlock("a", rows), fleetBlock("a", rows) + single},
		"a single and a fleet":    {single, single + fleetBlock("a", rows)},
		"both exist, both change": {fleetBlock("a", rows) + fleetBlock("b", map[string]string{"B": ""}), fleetBlock("a", withRow(rows, "NEW", "")) + fleetBlock("b", map[string]string{"B": "", "NEW": ""})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField)
			var before map[string]string
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				CheckDestroy:             sim.isEmptyAtTheEnd,
				Steps: []resource.TestStep{
					{Config: sim.provider() + test.first},
					{PreConfig: func() { before = sim.held() }, Config: sim.provider() + test.both, ExpectError: twice},
					{Config: sim.provider() + test.first, ConfigPlanChecks: emptyPlan()},
				},
			})
			if len(before) == 0 {
				t.Error("the second step did not begin")
			}
		})
	}
}

// An unknown description that turns out as before leaves nothing to change, and
// then Terraform does not accept that spellings stay as they are.
func TestFleetPlan_RespelledRowsBesideUnknownDescriptions(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, nil)
	state := server.create(fleetOf("serialNumber", map[string]any{"A1": "one", "A2": "", "A3": "three"}))
	const want = `warning: Respelled Rows Beside Unknown Descriptions: These rows are spelled in another way than in the state and mean the same: "A2", "a1". The descriptions of other rows become known during the apply only. Should those be as before, so that nothing is left to change, Terraform stops with "Provider produced inconsistent final plan". Nothing is lost then; apply again. To avoid it, spell the rows as in the state.`
	wantTexts(t, server.plan(fleetOf("serialNumber", map[string]any{"a1": "one", "A2": nil, "A3": unknown{}}), state).diags, want)
	for name, rows := range map[string]map[string]any{
		"spelled as before": {"A1": "one", "A2": "", "A3": unknown{}},
		"a real difference": {"a1": "changed", "A2": nil, "A3": unknown{}},
		"all known":         {"a1": "one", "A2": nil, "A3": "three"},
	} {
		if diff := cmp.Diff([]string(nil), server.plan(fleetOf("serialNumber", rows), state).diags); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
