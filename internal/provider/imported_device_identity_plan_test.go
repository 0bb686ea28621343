package provider

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// with is a copy of a configuration with some attributes set; nil takes one away.
func with(config map[string]any, changes map[string]any) map[string]any {
	changed := maps.Clone(config)
	for name, v := range changes {
		if v == nil {
			delete(changed, name)
		} else {
			changed[name] = v
		}
	}
	return changed
}

var (
	windowsIdentity = map[string]any{
		"imported_device_identity_type": "manufacturerModelSerial",
		"imported_device_identifier":    "Microsoft Corporation,Virtual Machine,7801-5131-4473",
		"description":                   "Lab",
	}
	appleIdentity = map[string]any{
		"imported_device_identity_type": "serialNumber",
		"imported_device_identifier":    "C02ABC123DEF",
		"platform":                      "ios",
		"enrollment_state":              "notContacted",
		"last_contacted_date_time":      "2016-12-31T23:58:44.2908994-08:00",
		"status":                        true,
	}
)

func TestPlan_WhatMeansTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ created, edited map[string]any }{
		"case and punctuation": {windowsIdentity, map[string]any{"imported_device_identifier": "MICROSOFT CORPORATION,virtual-machine,780151314473"}},
		"quoted parts":         {windowsIdentity, map[string]any{"imported_device_identifier": `"Microsoft Corporation","Virtual Machine",7801-5131-4473`}},
		"blanks and case":      {appleIdentity, map[string]any{"imported_device_identifier": " c02abc123def "}},
		"another offset":       {appleIdentity, map[string]any{"last_contacted_date_time": "2017-01-01T07:58:44.2908994Z"}},
		"another fraction":     {appleIdentity, map[string]any{"last_contacted_date_time": "2016-12-31T23:58:44.290899400-08:00"}},
		"a property taken away": {appleIdentity, map[string]any{
			"platform": nil, "enrollment_state": nil, "last_contacted_date_time": nil, "status": nil,
		}},
		"nothing": {appleIdentity, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
				server := newProtocol(t, newTenant(t, profile), nil)
				created := server.create(test.created)
				refreshed, diags := server.read(created)
				if len(diags) > 0 {
					t.Fatal(diags)
				}
				for _, state := range []instance{created, refreshed} {
					plan := server.plan(with(test.created, test.edited), state)
					if !plan.isEmpty(state) || len(plan.diags) > 0 {
						diff, _ := plan.value.Diff(state.value)
						t.Errorf("the plan is not empty: %v, replace %v, diagnostics %v", diff, plan.replace, plan.diags)
					}
				}
			})
		})
	}
}

func TestPlan_AnotherIdentityReplaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit map[string]any
		want []string
	}{
		"identifier": {map[string]any{"imported_device_identifier": "C02ABC123DEG"}, []string{`AttributeName("imported_device_identifier")`}},
		"type":       {map[string]any{"imported_device_identity_type": "unknown"}, []string{`AttributeName("imported_device_identity_type")`}},
		"not known":  {map[string]any{"imported_device_identifier": unknown{}}, []string{`AttributeName("imported_device_identifier")`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newProtocol(t, newTenant(t, graphsim.ProfileField), nil)
			state := server.create(appleIdentity)
			if diff := cmp.Diff(test.want, server.plan(with(appleIdentity, test.edit), state).replace); diff != "" {
				t.Errorf("attributes that replace (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlan_EditOfACreateOnlyPropertyIsAWarningAndNoChange(t *testing.T) {
	t.Parallel()
	const remedy = " Remove the attribute, write the former value, or create the identity anew with terraform apply -replace."
	const owner = " is sent to Intune only when the identity is created; afterwards Intune owns it."
	tests := map[string]struct {
		edit map[string]any
		want string
	}{
		"platform": {
			map[string]any{"platform": "macOS"},
			"warning platform: Property Is Sent on Create Only: platform" + owner + ` The configured value "macOS" has no effect on this identity, which shows "unknown". The value on record, from the last apply or the import, is "ios".` + remedy,
		},
		"enrollment_state": {
			map[string]any{"enrollment_state": "blocked"},
			"warning enrollment_state: Property Is Sent on Create Only: enrollment_state" + owner + ` The configured value "blocked" has no effect on this identity, which shows "notContacted". The value on record, from the last apply or the import, is "notContacted".` + remedy,
		},
		"last_contacted_date_time": {
			map[string]any{"last_contacted_date_time": "2020-01-01T00:00:00Z"},
			"warning last_contacted_date_time: Property Is Sent on Create Only: last_contacted_date_time" + owner + ` The configured value "2020-01-01T00:00:00Z" has no effect on this identity, which shows "0001-01-01T00:00:00Z". The value on record, from the last apply or the import, is "2016-12-31T23:58:44.2908994-08:00".` + remedy,
		},
		"status": {
			map[string]any{"status": false},
			"warning status: Property Is Sent on Create Only: status" + owner + ` The configured value false has no effect on this identity, which shows true. The value on record, from the last apply or the import, is "true".` + remedy,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newProtocol(t, newTenant(t, graphsim.ProfileField), nil)
			state, _ := server.read(server.create(appleIdentity))
			plan := server.plan(with(appleIdentity, test.edit), state)
			if !plan.isEmpty(state) {
				t.Error("the plan is not empty")
			}
			if diff := cmp.Diff([]string{test.want}, plan.diags); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlan_ImportedIdentityWithConfiguredCreateOnlyPropertiesIsAWarningAndNoChange(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "C02ABC123DEF"})
	server := newProtocol(t, sim, nil)
	state, diags := server.importID("serialNumber/C02ABC123DEF")
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	config := with(appleIdentity, map[string]any{"status": nil, "last_contacted_date_time": nil})
	plan := server.plan(config, state)
	if !plan.isEmpty(state) {
		t.Error("the plan is not empty")
	}
	want := []string{`warning platform: Property Is Sent on Create Only: platform is sent to Intune only when the identity is created; afterwards Intune owns it. The configured value "ios" has no effect on this identity, which shows "unknown". The value on record, from the last apply or the import, is "unknown". Remove the attribute, write the former value, or create the identity anew with terraform apply -replace.`}
	if diff := cmp.Diff(want, plan.diags); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

// Somebody who completes the configuration by what the tenant shows is not told
// about it once the device enrols.
func TestPlan_TheShownPlatformWrittenLaterGivesNoWarningAfterTheDeviceEnrols(t *testing.T) {
	t.Parallel()
	for _, imported := range []bool{false, true} {
		sim := newTenant(t, graphsim.ProfileField)
		server := newProtocol(t, sim, nil)
		var state instance
		if imported {
			sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "C02ABC123DEF", Description: "Lab"})
			state, _ = server.importID("serialNumber/C02ABC123DEF")
		} else {
			state, _ = server.read(server.create(serialConfig))
		}
		config := with(serialConfig, map[string]any{"platform": state.attribute(t, "platform")})
		for _, enrolled := range []bool{false, true} {
			if enrolled {
				sim.Tenant().MarkEnrolled("serialNumber", "C02ABC123DEF", "ios")
				state, _ = server.read(state)
			}
			plan := server.plan(config, state)
			if !plan.isEmpty(state) || len(plan.diags) > 0 {
				t.Errorf("imported %v, enrolled %v: %v", imported, enrolled, plan.diags)
			}
		}
		if got := state.attribute(t, "platform"); got != "ios" {
			t.Errorf("the state shows %v", got)
		}
	}
}

// Terraform accepts a planned value other than the configured one only where the
// prior value is not null. The status of an imported identity is: reading does
// not return it.
func TestPlan_StatusOfAnImportedIdentityIsRecordedWithoutARequest(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "C02ABC123DEF"})
	config := []string{`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "C02ABC123DEF"`, `status = true`}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config: sim.config(config...), ResourceName: resourceAddress,
				ImportState: true, ImportStateId: "serialNumber/C02ABC123DEF", ImportStatePersist: true,
			},
			{
				PreConfig: sim.ClearJournal,
				Config:    sim.config(config...),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionUpdate),
				}},
				ConfigStateChecks: []statecheck.StateCheck{stateHas("status", knownvalue.Bool(true))},
			},
			{Config: sim.config(config...), ConfigPlanChecks: emptyPlan()},
		},
	})
	for op, n := range sim.routes() {
		if op != graphsim.OpGet && op != graphsim.OpDelete {
			t.Errorf("%d %s requests, want reads only before the destroy", n, op)
		}
	}
}

func TestPlan_AChangeByTheServiceGivesNoPlan(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileDocumented)
	config := sim.config(`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "C02ABC123DEF"`,
		`platform = "macOS"`, `enrollment_state = "notContacted"`, `description = "Lab"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{stateHas("platform", knownvalue.StringExact("macOS"))}},
			{
				PreConfig: func() { sim.Tenant().MarkEnrolled("serialNumber", "C02ABC123DEF", "ios") },
				Config:    config, ConfigPlanChecks: emptyPlan(),
			},
			{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					stateHas("enrollment_state", knownvalue.StringExact("enrolled")),
					stateHas("platform", knownvalue.StringExact("ios")),
					stateHas("last_contacted_date_time", rfc3339),
					stateHas("description", knownvalue.StringExact("Lab")),
				},
			},
			{ // an update on top keeps what the service says
				Config: sim.config(`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "C02ABC123DEF"`,
					`platform = "macOS"`, `enrollment_state = "notContacted"`, `description = "Warehouse"`),
				ConfigStateChecks: []statecheck.StateCheck{
					stateHas("enrollment_state", knownvalue.StringExact("enrolled")),
					stateHas("description", knownvalue.StringExact("Warehouse")),
				},
			},
		},
	})
}

func TestPlan_DriftOfTheDescriptionIsCorrected(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		config := sim.config(`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "C02ABC123DEF"`, `description = "Lab"`)
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{
				{Config: config},
				{
					PreConfig: func() {
						sim.Tenant().Update("serialNumber", "C02ABC123DEF", func(i *graphsim.Identity) { i.Description = "changed in the portal" })
					},
					Config: config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionUpdate),
					}},
					Check: sim.holds(func(got graphsim.Identity) error { return wantDescription(got, "Lab") }),
				},
			},
		})
	})
}

func TestPlan_IdentityDeletedOutsideTerraformIsCreatedAnew(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		config := sim.config(`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "C02ABC123DEF"`)
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{
				{Config: config},
				{
					PreConfig: func() { sim.Tenant().Remove("serialNumber", "C02ABC123DEF") },
					Config:    config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionCreate),
					}},
					Check: sim.holds(func(graphsim.Identity) error { return nil }),
				},
			},
		})
	})
}

func TestPlan_AnotherIdentifierDeletesTheOldIdentityFirst(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		step := func(identifier string) string {
			return sim.config(`imported_device_identity_type = "serialNumber"`, `imported_device_identifier = "`+identifier+`"`, `platform = "ios"`)
		}
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{
				{Config: step("C02ABC123DEF")},
				{
					Config: step("C02ABC123DEG"),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionDestroyBeforeCreate),
					}},
					ConfigStateChecks: []statecheck.StateCheck{stateHas("platform", knownvalue.StringExact("ios"))},
					Check: sim.holds(func(got graphsim.Identity) error {
						return wantEqual("identifier", got.ImportedDeviceIdentifier, "C02ABC123DEG")
					}),
				},
			},
		})
	})
}
