package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func at(name string) tfjsonpath.Path { return tfjsonpath.New(name) }

func stateHas(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(resourceAddress, at(name), value)
}

var rfc3339 = knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`))

func TestImportedDeviceIdentity_Lifecycle(t *testing.T) {
	t.Parallel()
	identities := map[string]struct{ identityType, identifier, stored string }{
		"imei":                    {"imei", "355450075770212", "355450075770212"},
		"serialNumber":            {"serialNumber", "C02ABC123DEF", "C02ABC123DEF"},
		"manufacturerModelSerial": {"manufacturerModelSerial", "Microsoft Corporation,Virtual Machine,7801-5131-4473", "MICROSOFTCORPORATION,VIRTUALMACHINE,780151314473"},
		"unknown":                 {"unknown", "AnyThing-1", "AnyThing-1"},
	}
	for name, identity := range identities {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
				sim := newTenant(t, profile)
				stored := identity.stored
				if profile == graphsim.ProfileDocumented {
					stored = identity.identifier
				}
				config := func(description string) string {
					return sim.config(
						fmt.Sprintf("imported_device_identity_type = %q", identity.identityType),
						fmt.Sprintf("imported_device_identifier = %q", identity.identifier),
						description)
				}
				sameID := statecheck.CompareValue(compare.ValuesSame())
				sameCreated := statecheck.CompareValue(compare.ValuesSame())
				newModified := statecheck.CompareValue(compare.ValuesDiffer())
				resource.UnitTest(t, resource.TestCase{
					ProtoV6ProviderFactories: factories(),
					CheckDestroy:             func(*terraform.State) error { return sim.isEmpty() },
					Steps: []resource.TestStep{
						{ // Create and Read testing
							Config: config(`description = "Lab"`),
							ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
								plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionCreate),
								plancheck.ExpectUnknownValue(resourceAddress, at("id")),
							}},
							ConfigStateChecks: []statecheck.StateCheck{
								stateHas("imported_device_identifier", knownvalue.StringExact(identity.identifier)),
								stateHas("imported_device_identity_type", knownvalue.StringExact(identity.identityType)),
								stateHas("description", knownvalue.StringExact("Lab")),
								stateHas("id", knownvalue.StringRegexp(regexp.MustCompile(`^\S+$`))),
								stateHas("platform", knownvalue.StringExact("unknown")),
								stateHas("enrollment_state", knownvalue.StringExact("notContacted")),
								stateHas("last_contacted_date_time", knownvalue.StringExact("0001-01-01T00:00:00Z")),
								stateHas("overwrite_existing", knownvalue.Null()),
								stateHas("created_date_time", rfc3339),
								stateHas("last_modified_date_time", rfc3339),
								sameID.AddStateValue(resourceAddress, at("id")),
								sameCreated.AddStateValue(resourceAddress, at("created_date_time")),
								newModified.AddStateValue(resourceAddress, at("last_modified_date_time")),
							},
							Check: sim.holds(func(got graphsim.Identity) error {
								if got.ImportedDeviceIdentifier != stored || got.ImportedDeviceIdentityType != identity.identityType || got.Description != "Lab" {
									return fmt.Errorf("got %+v", got)
								}
								return nil
							}),
						},
						{ // a plan straight after is empty
							Config:           config(`description = "Lab"`),
							ConfigPlanChecks: emptyPlan(),
						},
						{ // Update testing
							Config: config(`description = "Warehouse"`),
							ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
								plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionUpdate),
								plancheck.ExpectUnknownValue(resourceAddress, at("last_modified_date_time")),
								plancheck.ExpectKnownValue(resourceAddress, at("platform"), knownvalue.StringExact("unknown")),
							}},
							ConfigStateChecks: []statecheck.StateCheck{
								stateHas("description", knownvalue.StringExact("Warehouse")),
								sameID.AddStateValue(resourceAddress, at("id")),
								sameCreated.AddStateValue(resourceAddress, at("created_date_time")),
								newModified.AddStateValue(resourceAddress, at("last_modified_date_time")),
							},
							Check: sim.holds(func(got graphsim.Identity) error {
								if got.Description != "Warehouse" {
									return fmt.Errorf("got %+v", got)
								}
								return nil
							}),
						},
						{ // the description can be taken away
							Config: config(``),
							ConfigStateChecks: []statecheck.StateCheck{
								stateHas("description", knownvalue.Null()),
								sameID.AddStateValue(resourceAddress, at("id")),
							},
							Check: sim.holds(func(got graphsim.Identity) error {
								if got.Description != "" {
									return fmt.Errorf("got %+v", got)
								}
								return nil
							}),
						},
						{ // ImportState testing
							ResourceName:            resourceAddress,
							ImportState:             true,
							ImportStateVerify:       true,
							ImportStateVerifyIgnore: importIgnores(identity.identifier, stored),
						},
						{ // import by the natural key
							ResourceName:            resourceAddress,
							ImportState:             true,
							ImportStateId:           identity.identityType + "/" + identity.identifier,
							ImportStateVerify:       true,
							ImportStateVerifyIgnore: importIgnores(identity.identifier, stored),
						},
					},
				})
			})
		})
	}
}

// importIgnores are what an import cannot know: the spelling that the
// configuration prefers, and the status, which reading does not return.
func importIgnores(identifier, stored string) []string {
	ignored := []string{"status"}
	if identifier != stored {
		ignored = append(ignored, "imported_device_identifier")
	}
	return ignored
}

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// holds checks the tenant's one identity as the last step of a test step.
func (s *tenant) holds(check func(graphsim.Identity) error) resource.TestCheckFunc {
	return func(*terraform.State) error {
		identities := s.Tenant().Identities()
		if len(identities) != 1 {
			return fmt.Errorf("the tenant holds %d identities, want 1", len(identities))
		}
		return check(identities[0])
	}
}

func TestImportedDeviceIdentity_RequestsOfOneLife(t *testing.T) {
	t.Parallel()
	tests := map[graphsim.Profile]map[graphsim.Operation]int{
		// The documented create is probed once; everything else is the action's.
		graphsim.ProfileField: {graphsim.OpSearch: 1, graphsim.OpCreate: 1, graphsim.OpImport: 1},
		// A look before the create, because nothing documents what becomes of an existing one.
		graphsim.ProfileDocumented: {graphsim.OpSearch: 1, graphsim.OpCreate: 1},
	}
	for profile, want := range tests {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, profile)
			server := newProtocol(t, sim, nil)
			state := server.create(map[string]any{"imported_device_identity_type": "serialNumber", "imported_device_identifier": "C02ABC123DEF"})
			got := sim.routes()
			want[graphsim.OpGet] = 1
			for op, n := range want {
				if got[op] != n {
					t.Errorf("create: %d %s requests, want %d (all: %v)", got[op], op, n, got)
				}
			}
			sim.ClearJournal()
			state, diags := server.read(state)
			if len(diags) > 0 || sim.routes()[graphsim.OpGet] != 1 || len(sim.routes()) != 1 {
				t.Errorf("read: %v, %v", sim.routes(), diags)
			}
			sim.ClearJournal()
			if diags := server.destroy(state); len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := sim.routes(); got[graphsim.OpDelete] != 1 || got[graphsim.OpGet] != 1 || len(got) != 2 {
				t.Errorf("delete: %v", got)
			}
		})
	}
}

func TestImportedDeviceIdentity_SecondCreateOnARefusedRouteIsNotProbedAgain(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newProtocol(t, sim, nil)
	for i := range 5 {
		server.create(map[string]any{"imported_device_identity_type": "serialNumber", "imported_device_identifier": fmt.Sprintf("SERIAL%d", i)})
	}
	if got := sim.routes(); got[graphsim.OpCreate] != 1 || got[graphsim.OpImport] != 5 {
		t.Errorf("got %v, want one probe and five imports", got)
	}
}

func TestImportedDeviceIdentity_WireValues(t *testing.T) {
	t.Parallel()
	full := map[string]any{
		"imported_device_identity_type": "imei",
		"imported_device_identifier":    "35-545007-577021-2",
		"description":                   "Description value",
		"platform":                      "ios",
		"enrollment_state":              "enrolled",
		"last_contacted_date_time":      "2016-12-31T23:58:44.2908994-08:00",
		"status":                        false,
	}
	sim := newTenant(t, graphsim.ProfileDocumented)
	state := newProtocol(t, sim, nil).create(full)
	sent := sim.requests(graphsim.OpCreate)[0].JSON
	for member, want := range map[string]any{
		"@odata.type":                "#microsoft.graph.importedDeviceIdentityResult",
		"importedDeviceIdentifier":   "355450075770212",
		"importedDeviceIdentityType": "imei",
		"description":                "Description value",
		"platform":                   "ios",
		"enrollmentState":            "enrolled",
		"lastContactedDateTime":      "2016-12-31T23:58:44.2908994-08:00",
		"status":                     false,
	} {
		if sent[member] != want {
			t.Errorf("%s: sent %v, want %v", member, sent[member], want)
		}
	}
	for name, value := range full {
		if got := state.attribute(t, name); got != value {
			t.Errorf("%s: state has %v, want the configured %v", name, got, value)
		}
	}
}
