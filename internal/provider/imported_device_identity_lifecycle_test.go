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

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

func attribute(name string) tfjsonpath.Path { return tfjsonpath.New(name) }

func stateHas(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(resourceAddress, attribute(name), value)
}

var rfc3339 = knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`))

// target is where a scenario runs: a simulated tenant, or a real one.
type target interface {
	// provider is the provider block.
	provider(lines ...string) string
	// shows checks what the tenant itself holds, "" being no description.
	shows(key inventory.Key, description string) resource.TestCheckFunc
	// isEmptyOf checks that the tenant does not hold the identity.
	isEmptyOf(key inventory.Key) resource.TestCheckFunc
}

// lifecycle is the life of one identity: created, changed, emptied, imported and
// destroyed, the plan after every step being empty.
func lifecycle(at target, key inventory.Key) resource.TestCase {
	config := func(description string) string {
		return at.provider() + resourceBlock(
			fmt.Sprintf("imported_device_identity_type = %q", key.Type),
			fmt.Sprintf("imported_device_identifier = %q", key.Identifier),
			description)
	}
	sameID := statecheck.CompareValue(compare.ValuesSame())
	sameCreated := statecheck.CompareValue(compare.ValuesSame())
	return resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             at.isEmptyOf(key),
		Steps: []resource.TestStep{
			{ // Create and Read testing
				Config: config(`description = "Lab"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue(resourceAddress, attribute("id")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					stateHas("imported_device_identifier", knownvalue.StringExact(key.Identifier)),
					stateHas("imported_device_identity_type", knownvalue.StringExact(string(key.Type))),
					stateHas("description", knownvalue.StringExact("Lab")),
					stateHas("id", knownvalue.StringRegexp(regexp.MustCompile(`^\S+$`))),
					stateHas("platform", knownvalue.NotNull()),
					stateHas("enrollment_state", knownvalue.NotNull()),
					stateHas("last_contacted_date_time", rfc3339),
					stateHas("overwrite_existing", knownvalue.Null()),
					stateHas("created_date_time", rfc3339),
					stateHas("last_modified_date_time", rfc3339),
					sameID.AddStateValue(resourceAddress, attribute("id")),
					sameCreated.AddStateValue(resourceAddress, attribute("created_date_time")),
				},
				Check: at.shows(key, "Lab"),
			},
			{ // a plan straight after is empty
				Config:           config(`description = "Lab"`),
				ConfigPlanChecks: emptyPlan(),
			},
			{ // Update testing
				Config: config(`description = "Warehouse"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(resourceAddress, attribute("last_modified_date_time")),
					plancheck.ExpectKnownValue(resourceAddress, attribute("platform"), knownvalue.NotNull()),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					stateHas("description", knownvalue.StringExact("Warehouse")),
					sameID.AddStateValue(resourceAddress, attribute("id")),
					sameCreated.AddStateValue(resourceAddress, attribute("created_date_time")),
				},
				Check: at.shows(key, "Warehouse"),
			},
			{ // the description can be taken away
				Config: config(``),
				ConfigStateChecks: []statecheck.StateCheck{
					stateHas("description", knownvalue.Null()),
					sameID.AddStateValue(resourceAddress, attribute("id")),
				},
				Check: at.shows(key, ""),
			},
			{ // ImportState testing
				ResourceName: resourceAddress, ImportState: true, ImportStateVerify: true,
				ImportStateVerifyIgnore: importIgnores,
			},
			{ // import by the natural key
				ResourceName: resourceAddress, ImportState: true, ImportStateVerify: true,
				ImportStateId:           key.String(),
				ImportStateVerifyIgnore: importIgnores,
			},
		},
	}
}

// importIgnores are what an import cannot know: the spelling that the
// configuration prefers, and the status, which reading does not return.
var importIgnores = []string{"imported_device_identifier", "status"}

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestImportedDeviceIdentity_Lifecycle(t *testing.T) {
	t.Parallel()
	for _, key := range []inventory.Key{
		{Type: deviceid.TypeIMEI, Identifier: "355450075770212"},
		{Type: deviceid.TypeSerialNumber, Identifier: "C02ABC123DEF"},
		{Type: deviceid.TypeManufacturerModelSerial, Identifier: "Microsoft Corporation,Virtual Machine,7801-5131-4473"},
		{Type: deviceid.TypeUnknown, Identifier: "AnyThing-1"},
	} {
		t.Run(string(key.Type), func(t *testing.T) {
			t.Parallel()
			eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
				sim := newTenant(t, profile)
				resource.UnitTest(t, lifecycle(sim, key))
				if err := sim.isEmpty(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func (s *tenant) shows(key inventory.Key, description string) resource.TestCheckFunc {
	return s.holds(func(got graphsim.Identity) error {
		if got.ImportedDeviceIdentityType != string(key.Type) || !deviceid.Equal(key.Type, got.ImportedDeviceIdentifier, key.Identifier) {
			return fmt.Errorf("the tenant holds another identity: %+v", got)
		}
		return wantDescription(got, description)
	})
}

func (s *tenant) isEmptyOf(inventory.Key) resource.TestCheckFunc {
	return func(*terraform.State) error { return s.isEmpty() }
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

func TestImportedDeviceIdentity_TheTenantStoresItsOwnSpelling(t *testing.T) {
	t.Parallel()
	for profile, stored := range map[graphsim.Profile]string{
		graphsim.ProfileField:      "MICROSOFTCORPORATION,VIRTUALMACHINE,780151314473",
		graphsim.ProfileDocumented: "Microsoft Corporation,Virtual Machine,7801-5131-4473",
	} {
		sim := newTenant(t, profile)
		state := newProtocol(t, sim, nil).create(windowsIdentity)
		if got := sim.only(t).ImportedDeviceIdentifier; got != stored {
			t.Errorf("%s: the tenant holds %q, want %q", profile, got, stored)
		}
		if got := state.attribute(t, "imported_device_identifier"); got != windowsIdentity["imported_device_identifier"] {
			t.Errorf("%s: the state holds %q, not the configuration's spelling", profile, got)
		}
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

func TestImportedDeviceIdentity_ExistingIsRefusedAndAdopted(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		resource.UnitTest(t, existing(newTenant(t, profile), inventory.Key{Type: deviceid.TypeSerialNumber, Identifier: "C02ABC123DEF"}))
	})
}
