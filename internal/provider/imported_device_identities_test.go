package provider

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const fleetAddress = fleetType + ".test"

// serials are n rows of a fleet.
func serials(n int) map[string]string {
	rows := make(map[string]string, n)
	for i := range n {
		rows[fmt.Sprintf("SERIAL%06d", i)] = fmt.Sprintf("Device %d", i)
	}
	return rows
}

func fleetConfig(rows map[string]string) map[string]any {
	return map[string]any{"imported_device_identity_type": "serialNumber", "identities": rows}
}

// held is what the tenant holds, as rows.
func (s *tenant) held() map[string]string {
	rows := map[string]string{}
	for _, identity := range s.Tenant().Identities() {
		rows[identity.ImportedDeviceIdentifier] = identity.Description
	}
	return rows
}

func (s *tenant) wantHeld(t *testing.T, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, s.held()); diff != "" {
		t.Errorf("the tenant (-want +got):\n%s", diff)
	}
}

func (s *tenant) total() int {
	n := 0
	for _, count := range s.routes() {
		n += count
	}
	return n
}

func TestFleet_LifecycleWithTheCLI(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		stranger := graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "STRANGER", Description: "not ours"}
		sim.Tenant().Seed(stranger)
		config := func(rows string) string {
			return sim.provider() + "\nresource \"" + fleetType + "\" \"test\" {\n  imported_device_identity_type = \"serialNumber\"\n  identities = {\n" + rows + "  }\n}\n"
		}
		action := func(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
			return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(fleetAddress, a)}}
		}
		holds := func(want map[string]string) resource.TestCheckFunc {
			return func(*terraform.State) error {
				want := maps.Clone(want)
				want["STRANGER"] = "not ours"
				if diff := cmp.Diff(want, sim.held()); diff != "" {
					return fmt.Errorf("the tenant (-want +got):\n%s", diff)
				}
				return nil
			}
		}
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			CheckDestroy:             holds(map[string]string{}),
			Steps: []resource.TestStep{
				{
					Config:           config("    A1 = \"one\"\n    A2 = \"\"\n    A3 = null\n"),
					ConfigPlanChecks: action(plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(fleetAddress, attribute("identities"), knownvalue.MapExact(map[string]knownvalue.Check{
						"A1": knownvalue.StringExact("one"), "A2": knownvalue.StringExact(""), "A3": knownvalue.Null(),
					}))},
					Check: holds(map[string]string{"A1": "one", "A2": "", "A3": ""}),
				},
				{Config: config("    A1 = \"one\"\n    A2 = \"\"\n    A3 = null\n"), ConfigPlanChecks: emptyPlan()},
				// only spellings differ
				{Config: config("    a1 = \"one\"\n    A2 = null\n    \" A3\" = \"\"\n"), ConfigPlanChecks: emptyPlan()},
				{
					Config:           config("    A1 = \"changed\"\n    A3 = \"\"\n    A4 = \"new\"\n"),
					ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
					Check:            holds(map[string]string{"A1": "changed", "A3": "", "A4": "new"}),
				},
				{ // drift: changed, deleted
					PreConfig: func() {
						sim.Tenant().Update("serialNumber", "A1", func(i *graphsim.Identity) { i.Description = "portal" })
						sim.Tenant().Remove("serialNumber", "A4")
					},
					Config:           config("    A1 = \"changed\"\n    A3 = \"\"\n    A4 = \"new\"\n"),
					ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
					Check:            holds(map[string]string{"A1": "changed", "A3": "", "A4": "new"}),
				},
				{ // an empty map is allowed
					Config: config(""),
					Check:  holds(map[string]string{}),
				},
				{Config: config(""), ConfigPlanChecks: emptyPlan()},
			},
		})
	})
}

// The budgets of design §8 and the targets: 10,000 rows.
func TestFleet_RequestBudgets(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, map[string]any{"request_limit": 1000000, "write_limit": 1000000})
	rows := serials(10_000)
	within := func(what string, most int) {
		t.Helper()
		if got := sim.total(); got > most {
			t.Errorf("%s took %d requests, want at most %d: %v", what, got, most, sim.routes())
		} else {
			t.Logf("%s took %d requests: %v", what, got, sim.routes())
		}
		sim.ClearJournal()
	}
	state := server.create(fleetConfig(rows))
	within("create", 45)
	sim.wantHeld(t, rows)

	state, diags := server.read(state)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	within("refresh", 12)

	for i := range 100 {
		rows[fmt.Sprintf("SERIAL%06d", i)] = "changed"
	}
	if _, diags = server.apply(fleetConfig(rows), state); len(diags) > 0 {
		t.Fatal(diags)
	}
	within("update of 100", 27)
	sim.wantHeld(t, rows)

	for i := range 9_000 {
		delete(rows, fmt.Sprintf("SERIAL%06d", i))
	}
	sim2 := newTenant(t, graphsim.ProfileField)
	server2 := newFleetProtocol(t, sim2, map[string]any{"request_limit": 1000000, "write_limit": 1000000})
	small := server2.create(fleetConfig(rows))
	sim2.ClearJournal()
	if diags := server2.destroy(small); len(diags) > 0 {
		t.Fatal(diags)
	}
	batches := 0
	for _, r := range sim2.Journal() {
		if !r.Batch && r.Operation != graphsim.OpToken && r.Operation != graphsim.OpDiscovery {
			batches++
		}
	}
	if batches > 60 {
		t.Errorf("destroy of 1,000 took %d requests, want at most 60", batches)
	} else {
		t.Logf("destroy of 1,000 took %d requests", batches)
	}
	if err := sim2.isEmpty(); err != nil {
		t.Error(err)
	}
}

func TestFleet_IdenticalRowsAreAdoptedWithOneWarning(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	rows := serials(500)
	for identifier, description := range rows {
		sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, Description: description})
	}
	rows["NEW"] = "new"
	server := newFleetProtocol(t, sim, nil)
	plan := server.plan(fleetConfig(rows), server.none())
	want := []string{"warning: Existing Device Identifiers Adopted: 500 rows are in the tenant already with the configured description. They are managed by this resource from now on, and a destroy deletes them."}
	if diff := cmp.Diff(want, plan.diags); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	state, diags := server.apply(fleetConfig(rows), server.none())
	if diff := cmp.Diff(append(want, want...), diags); diff != "" {
		t.Errorf("plan and apply (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rows, state.rows(t)); diff != "" {
		t.Error(diff)
	}
	sim.wantHeld(t, rows)
}

func TestFleet_ConflictsAreAllNamedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	rows := serials(1_000)
	for i := range 10 {
		sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: fmt.Sprintf("SERIAL%06d", i*7), Description: "theirs"})
	}
	before := sim.held()
	server := newFleetProtocol(t, sim, nil)
	diags := server.plan(fleetConfig(rows), server.none()).diags
	got := strings.Join(diags, "\n")
	if len(diags) != 1 || !strings.HasPrefix(got, "error: Device Identifiers Exist Already: 10 of the rows to be created are in the tenant already with another description. Nothing was written.\n") {
		t.Fatalf("got %s", got)
	}
	for i := range 10 {
		if want := fmt.Sprintf("%q: configured %q, in the tenant \"theirs\" (id ", fmt.Sprintf("SERIAL%06d", i*7), fmt.Sprintf("Device %d", i*7)); !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	sim.wantHeld(t, before)

	overwriting := fleetConfig(rows)
	overwriting["overwrite_existing"] = true
	if _, diags := server.apply(overwriting, server.none()); len(diags) > 0 {
		t.Fatal(diags)
	}
	sim.wantHeld(t, rows)
}
