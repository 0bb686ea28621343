package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// fleetBlock is a fleet of serial numbers with a name, and further lines.
func fleetBlock(name string, rows map[string]string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nresource %q %q {\n  imported_device_identity_type = \"serialNumber\"\n  identities = {\n", fleetType, name)
	for _, identifier := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "    %q = %q\n", identifier, rows[identifier])
	}
	b.WriteString("  }\n")
	for _, line := range more {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// holdsRows checks the tenant, and that nothing was deleted to get there.
func (s *tenant) holdsRows(want map[string]string, deletions int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if diff := cmp.Diff(want, s.held()); diff != "" {
			return fmt.Errorf("the tenant (-want +got):\n%s", diff)
		}
		if n := s.routes()[graphsim.OpDelete]; n != deletions {
			return fmt.Errorf("%d deletions, want %d", n, deletions)
		}
		return nil
	}
}

func (s *tenant) isEmptyAtTheEnd(*terraform.State) error { return s.isEmpty() }

// Terraform does the two halves of a move in an order of its own.
func TestFleetCLI_RowsMoveBetweenFleetsInOneApply(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		all := serials(40)
		a, b := map[string]string{}, map[string]string{}
		for i := range 40 {
			row := fmt.Sprintf("SERIAL%06d", i)
			if i < 20 {
				a[row] = all[row]
			} else {
				b[row] = all[row]
			}
		}
		swapped := sim.provider() + fleetBlock("a", b) + fleetBlock("b", a)
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			CheckDestroy:             sim.isEmptyAtTheEnd,
			Steps: []resource.TestStep{
				{Config: sim.provider() + fleetBlock("a", a) + fleetBlock("b", b), Check: sim.holdsRows(all, 0)},
				{ // one row
					PreConfig: sim.ClearJournal,
					Config: sim.provider() + fleetBlock("a", without(a, "SERIAL000007")) +
						fleetBlock("b", withRow(b, "SERIAL000007", "Device 7")),
					Check: func(*terraform.State) error { return wantSame(all, sim.held()) },
				},
				{Config: swapped, Check: func(*terraform.State) error { return wantSame(all, sim.held()) }},
				{Config: swapped, ConfigPlanChecks: emptyPlan()},
			},
		})
	})
}

func TestFleetCLI_ARowMovesFromASingleResourceIntoAFleet(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		rows := map[string]string{"OTHER": "x"}
		both := map[string]string{"OTHER": "x", "C02ABC123DEF": "Lab"}
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			CheckDestroy:             sim.isEmptyAtTheEnd,
			Steps: []resource.TestStep{
				{Config: sim.config(append(serialLines, `description = "Lab"`)...) + fleetBlock("all", rows), Check: func(*terraform.State) error { return wantSame(both, sim.held()) }},
				{Config: sim.provider() + fleetBlock("all", both), Check: func(*terraform.State) error { return wantSame(both, sim.held()) }},
				{Config: sim.provider() + fleetBlock("all", both), ConfigPlanChecks: emptyPlan()},
			},
		})
	})
}

func TestFleetCLI_CreateBeforeDestroyDeletesNothing(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	rows := serials(30)
	config := func(trigger string) string {
		return sim.provider() + "\nresource \"terraform_data\" \"trigger\" {\n  triggers_replace = \"" + trigger + "\"\n}\n" +
			fleetBlock("test", rows, "lifecycle {\n    create_before_destroy = true\n    replace_triggered_by = [terraform_data.trigger]\n  }")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             sim.isEmptyAtTheEnd,
		Steps: []resource.TestStep{
			{Config: config("one"), Check: sim.holdsRows(rows, 0)},
			{
				PreConfig: sim.ClearJournal,
				Config:    config("two"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(fleetAddress, plancheck.ResourceActionCreateBeforeDestroy),
				}},
				Check: sim.holdsRows(rows, 0),
			},
			{Config: config("two"), ConfigPlanChecks: emptyPlan()},
		},
	})
}

// Replaced the other way round, everything is deleted and created again.
func TestFleetCLI_ReplacementByAnotherType(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	imeis := strings.Replace(fleetBlock("test", map[string]string{"49-015420-323751-8": "phone"}), "serialNumber", "imei", 1)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             sim.isEmptyAtTheEnd,
		Steps: []resource.TestStep{
			{Config: sim.provider() + fleetBlock("test", serials(30)), Check: sim.holdsRows(serials(30), 0)},
			{
				Config: sim.provider() + imeis,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(fleetAddress, plancheck.ResourceActionDestroyBeforeCreate),
				}},
				Check: func(*terraform.State) error {
					return wantSame(map[string]string{"490154203237518": "phone"}, sim.held())
				},
			},
			{Config: sim.provider() + imeis, ConfigPlanChecks: emptyPlan()},
		},
	})
}

func TestFleetCLI_AFailedCreateIsNotTainted(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	w := newWorkspace(t, requiredProviders+fleetBlock("test", serials(600)), append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)...)
	fault := forbidden(graphsim.OpImport, 0)
	fault.Match = func(r graphsim.Request) bool { return strings.Contains(string(r.Body), `"SERIAL000599"`) } // in the second chunk
	sim.Inject(fault)
	if output, err := w.try("apply", "-no-color", "-auto-approve"); err == nil || !strings.Contains(words(output), "500 of 600 rows were written; 100 were not.") || strings.Contains(output, `:     "SERIAL000400"`) {
		t.Fatalf("%v\n%s", err, output)
	}
	sim.ClearFaults()
	output := w.run("apply", "-no-color", "-auto-approve")
	for _, want := range []string{"Plan: 1 to add, 0 to change, 0 to destroy.", "Existing Device Identifiers Adopted", "500 rows are in the tenant already"} {
		if !strings.Contains(words(output), want) {
			t.Errorf("%q is not in\n%s", want, output)
		}
	}
	sim.wantHeld(t, serials(600))
	w.run("plan", "-no-color", "-detailed-exitcode")
	if n := sim.routes()[graphsim.OpDelete]; n != 0 {
		t.Errorf("%d deletions", n)
	}
}

// words is a text without its line breaks, which the CLI puts where it likes.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

func wantSame(want, got map[string]string) error {
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("the tenant (-want +got):\n%s", diff)
	}
	return nil
}

func without(rows map[string]string, identifier string) map[string]string {
	rows = maps.Clone(rows)
	delete(rows, identifier)
	return rows
}

func withRow(rows map[string]string, identifier, description string) map[string]string {
	rows = maps.Clone(rows)
	rows[identifier] = description
	return rows
}
