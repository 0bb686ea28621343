package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const serialKey = "serialNumber/C02ABC123DEF"

var serialLines = []string{`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "C02ABC123DEF"`}

var serialConfig = map[string]any{"imported_device_identity_type": "serialNumber", "imported_device_identifier": "C02ABC123DEF", "description": "Lab"}

// theirs is an identity that somebody else put into the tenant.
func theirs() graphsim.Identity {
	return graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "C02ABC123DEF", Description: "Kiosk"}
}

func TestCreate_ExistingIdentityIsAnErrorWithTheImportBlock(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		sim.Tenant().Seed(theirs())
		before := sim.only(t)
		state, diags := newProtocol(t, sim, nil).apply(serialConfig, newProtocol(t, sim, nil).none())
		want := fmt.Sprintf(`error imported_device_identifier: Device Identifier Exists Already: The tenant has this identifier already. Terraform did not change it.

  id:          %[1]s
  type:        serialNumber
  identifier:  C02ABC123DEF
  description: "Kiosk"
  created:     %[2]s

To manage it with Terraform, import it with this block (put the address of your resource in "to"):

  import {
    to = intune_imported_device_identity.example
    id = %[1]q
  }

Or set overwrite_existing = true in this resource: the identity is then adopted and gets the configured description. Where this resource only has a new address in the configuration, write a moved block instead.`,
			before.ID, before.CreatedDateTime.UTC().Format("2006-01-02T15:04:05.9999999Z07:00"))
		if diff := cmp.Diff([]string{want}, diags); diff != "" {
			t.Errorf("diagnostics (-want +got):\n%s", diff)
		}
		if !state.isGone() {
			t.Error("an identity of somebody else is in the state")
		}
		if diff := cmp.Diff(before, sim.only(t)); diff != "" {
			t.Errorf("the tenant changed (-before +after):\n%s", diff)
		}
	})
}

func TestCreate_OverwriteExistingAdopts(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		sim.Tenant().Seed(theirs())
		before := sim.only(t)
		config := sim.config(append(serialLines, `description = "Lab"`, `overwrite_existing = true`)...)
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			CheckDestroy:             func(*terraform.State) error { return sim.isEmpty() },
			Steps: []resource.TestStep{
				{
					Config: config,
					ConfigStateChecks: []statecheck.StateCheck{
						stateHas("id", knownvalue.StringExact(before.ID)),
						stateHas("description", knownvalue.StringExact("Lab")),
						stateHas("overwrite_existing", knownvalue.Bool(true)),
					},
					Check: sim.holds(func(got graphsim.Identity) error {
						if got.ID != before.ID || !got.CreatedDateTime.Equal(before.CreatedDateTime) {
							return fmt.Errorf("the identity was made anew: %+v", got)
						}
						return wantDescription(got, "Lab")
					}),
				},
				{Config: config, ConfigPlanChecks: emptyPlan()},
				{ // taking the setting away is an update without a request
					PreConfig: sim.ClearJournal,
					Config:    sim.config(append(serialLines, `description = "Lab"`)...),
					Check: func(*terraform.State) error {
						if routes := sim.routes(); routes[graphsim.OpImport]+routes[graphsim.OpUpdate] > 0 {
							return fmt.Errorf("requests: %v", routes)
						}
						return nil
					},
				},
			},
		})
	})
}

func TestCreate_CreateMethodDecidesTheRoute(t *testing.T) {
	t.Parallel()
	type count map[graphsim.Operation]int
	tests := map[string]struct {
		profile   graphsim.Profile
		method    string
		want      count
		wantError string
	}{
		"documented, auto":   {graphsim.ProfileDocumented, "auto", count{graphsim.OpCreate: 1}, ""},
		"documented, create": {graphsim.ProfileDocumented, "create", count{graphsim.OpCreate: 1}, ""},
		"documented, import": {graphsim.ProfileDocumented, "import", count{graphsim.OpImport: 1}, ""},
		"field, auto":        {graphsim.ProfileField, "auto", count{graphsim.OpCreate: 1, graphsim.OpImport: 1}, ""},
		"field, import":      {graphsim.ProfileField, "import", count{graphsim.OpImport: 1}, ""},
		"field, create": {
			graphsim.ProfileField, "create",
			count{graphsim.OpCreate: 1},
			`error: Cannot Create Device Identifier: Terraform tried to create the corporate device identifier "C02ABC123DEF" of type serialNumber.

This tenant refuses POST /deviceManagement/importedDeviceIdentities: Graph answered 400 Bad Request (No method match route template): No OData route exists that match template ~/singleton/navigation with http verb POST for request`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, test.profile)
			server := newProtocol(t, sim, map[string]any{"create_method": test.method})
			state, diags := server.apply(serialConfig, server.none())
			got := strings.Join(diags, "\n")
			if test.wantError == "" && got != "" || !strings.HasPrefix(got, test.wantError) {
				t.Errorf("got  %s\nwant %s", got, test.wantError)
			}
			if test.wantError != "" && !strings.Contains(got, `Set create_method = "auto" (or "import") in the provider block`) {
				t.Errorf("the advice is missing: %s", got)
			}
			if state.isGone() != (test.wantError != "") {
				t.Errorf("in state: %v", !state.isGone())
			}
			routes := sim.routes()
			for _, op := range []graphsim.Operation{graphsim.OpCreate, graphsim.OpImport} {
				if routes[op] != test.want[op] {
					t.Errorf("%d %s requests, want %d", routes[op], op, test.want[op])
				}
			}
		})
	}
}

// html is what a proxy answers in Graph's place.
var html = "<html><body>Service Unavailable</body></html>"

// TestCreate_SurvivesLostReplies is about replies, not about requests: the
// service did its work, or did not, and the provider is not told.
func TestCreate_SurvivesLostReplies(t *testing.T) {
	t.Parallel()
	empty := ""
	faults := map[string]graphsim.Fault{
		"500 after the effect":       {AfterEffect: true, Status: 500, Code: "InternalServerError", Message: "x"},
		"500 before the effect":      {Status: 500, Code: "InternalServerError", Message: "x"},
		"503 after the effect":       {AfterEffect: true, RawBody: &html, Status: 503},
		"504 before the effect":      {Status: 504, Code: "UnknownError"},
		"connection lost after":      {AfterEffect: true, Drop: true},
		"connection lost before":     {Drop: true},
		"HTML with status 200":       {AfterEffect: true, RawBody: &html, Status: 200},
		"empty body with status 200": {AfterEffect: true, RawBody: &empty, Status: 200},
		"truncated JSON":             {AfterEffect: true, TruncateBody: 40},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
				sim := newTenant(t, profile)
				fault := fault
				fault.Operation = graphsim.OpImport
				if profile == graphsim.ProfileDocumented {
					fault.Operation = graphsim.OpCreate
				}
				sim.Inject(fault)
				state := newProtocol(t, sim, nil).create(serialConfig)
				if got := sim.only(t); got.ID != state.attribute(t, "id") || got.Description != "Lab" {
					t.Errorf("the tenant holds %+v, the state the id %v", got, state.attribute(t, "id"))
				}
			})
		})
	}
}

func TestCreate_IdentityThatWasThereBeforeAndALostReplyIsTheirs(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		sim.Tenant().Seed(theirs())
		before := sim.only(t)
		for _, op := range []graphsim.Operation{graphsim.OpCreate, graphsim.OpImport} {
			sim.Inject(graphsim.Fault{Operation: op, AfterEffect: true, Drop: true})
		}
		server := newProtocol(t, sim, nil)
		state, diags := server.apply(serialConfig, server.none())
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "error imported_device_identifier: Device Identifier Exists Already: ") {
			t.Errorf("got %v", diags)
		}
		if !state.isGone() || sim.only(t) != before {
			t.Errorf("theirs was taken or changed: %+v", sim.only(t))
		}
	})
}

func TestCreate_TellsWhenA200DidNotDoIt(t *testing.T) {
	t.Parallel()
	noRows := `{"value":[]}`
	const tried = `error: Cannot Create Device Identifier: Terraform tried to create the corporate device identifier "C02ABC123DEF" of type serialNumber.` + "\n\n"
	const advice = "\n\nCheck the identifier and its type. Intune gives no reason for a refused row; the portal's upload page shows more."
	tests := map[string]struct {
		behaviour func(*graphsim.Behaviour)
		fault     *graphsim.Fault
		want      string
	}{
		"status false, and the tenant does not have it": {
			behaviour: func(b *graphsim.Behaviour) { b.FailRow = func(string, string) bool { return true } },
			want:      tried + "Graph answered 200 with status false for this identifier: it did not take it, and the tenant does not have it." + advice,
		},
		"no row, and the tenant does not have it": {
			fault: &graphsim.Fault{Operation: graphsim.OpImport, Count: -1, Status: 200, RawBody: &noRows, ContentType: "application/json"},
			want:  tried + "Graph answered 200 with 0 rows, none of them for this identifier, and the tenant does not have it." + advice,
		},
		"no row, but the tenant has it": {
			fault: &graphsim.Fault{Operation: graphsim.OpImport, Count: -1, Rows: func([]map[string]any) []map[string]any { return nil }},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) { o.Behaviour = test.behaviour })
			if test.fault != nil {
				sim.Inject(*test.fault)
			}
			server := newProtocol(t, sim, nil)
			state, diags := server.apply(serialConfig, server.none())
			if got := strings.Join(diags, "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if state.isGone() != (test.want != "") {
				t.Errorf("in state: %v", !state.isGone())
			}
		})
	}
}

func TestCreate_ReorderedRowsOfTheAnswerAreMatchedByKey(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	stranger := map[string]any{"id": "AkVMU0U=", "importedDeviceIdentifier": "ELSE", "importedDeviceIdentityType": "serialNumber", "status": false}
	sim.Inject(graphsim.Fault{Operation: graphsim.OpImport, Count: -1, Rows: func(rows []map[string]any) []map[string]any {
		return append([]map[string]any{stranger}, rows...)
	}})
	state := newProtocol(t, sim, nil).create(serialConfig)
	if got := state.attribute(t, "id"); got != sim.only(t).ID {
		t.Errorf("got the id %v, want %s", got, sim.only(t).ID)
	}
}

func TestCreate_UnknownEnumMembersOfTheServiceAreRead(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Inject(graphsim.Fault{Operation: graphsim.OpGet, Count: -1, Body: func(body map[string]any) map[string]any {
		body["platform"], body["enrollmentState"] = "holographic", "quarantined"
		return body
	}})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: sim.config(serialLines...),
			ConfigStateChecks: []statecheck.StateCheck{
				stateHas("platform", knownvalue.StringExact("holographic")),
				stateHas("enrollment_state", knownvalue.StringExact("quarantined")),
			},
		}},
	})
}

func TestCreate_StateIsSavedWhenReadingBackFails(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Inject(graphsim.Fault{Operation: graphsim.OpGet, Count: -1, Status: 403, Code: "Forbidden", Message: "no reading"})
	server := newProtocol(t, sim, nil)
	state, diags := server.apply(serialConfig, server.none())
	if got := state.attribute(t, "id"); got != sim.only(t).ID {
		t.Errorf("the state holds the id %v", got)
	}
	if len(diags) != 1 || !strings.HasPrefix(diags[0], "warning: Created Device Identifier Not Confirmed: ") || !strings.Contains(diags[0], "no reading") {
		t.Errorf("got %v", diags)
	}
}

// The tenant that stores another description than it was sent must be reported,
// and what was created must not be lost.
func TestCreate_CutDescriptionIsAnErrorAndTheIdentityStaysInState(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Hook(graphsim.OpGet, func(tenant *graphsim.Tenant) {
		tenant.Update("serialNumber", "C02ABC123DEF", func(i *graphsim.Identity) { i.Description = "La" })
	})
	server := newProtocol(t, sim, nil)
	config := with(serialConfig, map[string]any{"timeouts": map[string]any{"create": "3s"}})
	state, diags := server.apply(config, server.none())
	if got := state.attribute(t, "id"); got != sim.only(t).ID {
		t.Errorf("the state holds the id %v", got)
	}
	if len(diags) != 1 || !strings.Contains(diags[0], `Graph accepted the description "Lab", but the tenant shows "La".`) {
		t.Errorf("got %v", diags)
	}
}

func TestCreate_MalformedIdentifierShowsGraphsOwnWords(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) {
		o.Behaviour = func(b *graphsim.Behaviour) { b.IMEILengthChecked = true }
	})
	sim.Inject(graphsim.Fault{
		Operation: graphsim.OpImport, Count: -1, Status: 400, Code: "BadRequest", Nested: true,
		Message: "Invalid Device Identifier parameter found for 1 import records!",
	})
	server := newProtocol(t, sim, nil)
	_, diags := server.apply(serialConfig, server.none())
	want := regexp.MustCompile(`(?s)^error: Cannot Create Device Identifier: Terraform tried to create the corporate device identifier "C02ABC123DEF" of type serialNumber\.

Graph answered 400 Bad Request: Invalid Device Identifier parameter found for 1 import records!

Check the identifier against its type; Intune does not say which rule it breaks\.

request-id: [0-9a-f-]{36}
client-request-id: [0-9a-f-]{36}
Operation ID \(for customer support\): 00000000-0000-0000-0000-000000000000 - Activity ID: \S+ - Url: https://\S+$`)
	if len(diags) != 1 || !want.MatchString(diags[0]) {
		t.Errorf("got %s", strings.Join(diags, "\n"))
	}
}
