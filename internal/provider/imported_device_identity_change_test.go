package provider

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestImport_FillsTheWholeState(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		sim.Tenant().Seed(
			graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"},
			graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "DELLINC,LATITUDE5440,ABC1234", Description: "Docks"},
			theirs())
		id := sim.Tenant().Identities()[2].ID
		server := newProtocol(t, sim, nil)
		for importID, want := range map[string]map[string]any{
			id:                     {"imported_device_identifier": "C02ABC123DEF", "imported_device_identity_type": "serialNumber", "description": "Kiosk"},
			serialKey:              {"id": id, "overwrite_existing": nil, "status": nil},
			"imei/355450075770212": {"imported_device_identifier": "355450075770212", "description": nil, "platform": "unknown"},
			`manufacturerModelSerial/"Dell, Inc.",Latitude 5440,abc-1234`: {"imported_device_identifier": "DELLINC,LATITUDE5440,ABC1234", "description": "Docks"},
		} {
			state, diags := server.importID(importID)
			if len(diags) > 0 {
				t.Errorf("%s: %v", importID, diags)
				continue
			}
			for name, value := range want {
				if got := state.attribute(t, name); got != value {
					t.Errorf("%s: %s is %v, want %v", importID, name, got, value)
				}
			}
		}
	})
}

func TestImport_WhatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		server := newProtocol(t, newTenant(t, profile), nil)
		for _, id := range []string{"AkMwMkFCQzEyM0RFRg==", "A/b+c=", serialKey, "imei/355450075770212", "serial/C02ABC123DEF"} {
			state, diags := server.importID(id)
			want := `error: Device Identifier Not Found: The tenant has no corporate device identifier "` + id + `". Import takes the id that Graph gave the identity (an opaque text such as "AkMwMkFCQzEyM0RFRg=="), or its type and identifier as <type>/<identifier>, for example "serialNumber/C02ABC123DEF". The types are unknown, imei, serialNumber or manufacturerModelSerial.`
			if got := strings.Join(diags, "\n"); got != want || !state.isGone() {
				t.Errorf("%s: got %s", id, got)
			}
		}
	})
}

func TestImport_ByNaturalKeyWithAReadOnlyTokenReadsTheList(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) {
		o.Roles = []string{graphsim.PermissionRead}
		o.PageSize = 1
		o.Behaviour = func(b *graphsim.Behaviour) { b.ContainsFilter = graphsim.FilterRefused }
	})
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"}, theirs())
	state, diags := newProtocol(t, sim, nil).importID(serialKey)
	if len(diags) > 0 || state.attribute(t, "description") != "Kiosk" {
		t.Errorf("got %v", diags)
	}
}

func TestUpdate_DescriptionThatDidNotChangeIsAnError(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile, func(o *graphsim.Options) {
			o.Behaviour = func(b *graphsim.Behaviour) { b.OverwriteIgnored, b.PatchIgnored = true, true }
		})
		server := newProtocol(t, sim, nil)
		state := server.create(with(serialConfig, map[string]any{"timeouts": map[string]any{"update": "2s"}}))
		next, diags := server.apply(with(serialConfig, map[string]any{"description": "Kiosk", "timeouts": map[string]any{"update": "2s"}}), state)
		want := `error: Cannot Update Device Identifier: Terraform tried to update the corporate device identifier "C02ABC123DEF" of type serialNumber.

The operation's timeout ended too early: Graph accepted the description "Kiosk", but the tenant shows "Lab".

Raise the timeouts block of the resource when the service is only slow.`
		if got := strings.Join(diags, "\n"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := next.attribute(t, "description"); got != "Lab" {
			t.Errorf("the state says %v, the tenant still holds Lab", got)
		}
	})
}

func TestUpdate_EmptyDescriptionIsKeptAsItIsWritten(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		for _, clearedBy := range []graphsim.ClearedBy{graphsim.ClearedByEmpty, graphsim.ClearedByNull} {
			sim := newTenant(t, profile, func(o *graphsim.Options) {
				o.Behaviour = func(b *graphsim.Behaviour) { b.ClearedBy = clearedBy }
			})
			emptied := sim.config(append(serialLines, `description = ""`)...)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps: []resource.TestStep{
					{Config: sim.config(append(serialLines, `description = "Lab"`)...)},
					{
						Config:            emptied,
						ConfigStateChecks: []statecheck.StateCheck{stateHas("description", knownvalue.StringExact(""))},
						Check:             sim.holds(func(got graphsim.Identity) error { return wantDescription(got, "") }),
					},
					{Config: emptied, ConfigPlanChecks: emptyPlan()},
				},
			})
		}
	})
}

func TestUpdate_DescriptionAndSpellingTogetherChangeTheDescriptionOnly(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		step := func(identifier, description string) string {
			return sim.config(`imported_device_identity_type = "manufacturerModelSerial"`, `imported_device_identifier = "`+identifier+`"`, `description = "`+description+`"`)
		}
		resource.UnitTest(t, resource.TestCase{
			ProtoV6ProviderFactories: factories(),
			Steps: []resource.TestStep{
				{Config: step("Dell,Latitude 5440,ABC1234", "Lab")},
				{
					Config: step("DELL,Latitude-5440,abc1234", "Kiosk"),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(resourceAddress, plancheck.ResourceActionUpdate),
					}},
					Check: sim.holds(func(got graphsim.Identity) error { return wantDescription(got, "Kiosk") }),
				},
				{Config: step("DELL,Latitude-5440,abc1234", "Kiosk"), ConfigPlanChecks: emptyPlan()},
			},
		})
	})
}

func TestDelete_MissingIdentityIsNoError(t *testing.T) {
	t.Parallel()
	for _, missing := range []int{http.StatusBadRequest, http.StatusNotFound, http.StatusNoContent} {
		sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) {
			o.Behaviour = func(b *graphsim.Behaviour) { b.DeleteMissing = missing }
		})
		server := newProtocol(t, sim, nil)
		state := server.create(serialConfig)
		sim.Tenant().Remove("serialNumber", "C02ABC123DEF")
		if diags := server.destroy(state); len(diags) > 0 {
			t.Errorf("a missing identity answers %d: %v", missing, diags)
		}
	}
}

func TestDelete_WaitsUntilTheIdentityIsGone(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) { o.VisibleAfter = time.Second })
	server := newProtocol(t, sim, nil)
	state := server.create(serialConfig)
	start := time.Now()
	if diags := server.destroy(state); len(diags) > 0 {
		t.Fatal(diags)
	}
	if waited := time.Since(start); waited < time.Second {
		t.Errorf("the deletion was called done after %s, while the tenant still showed the identity", waited)
	}
}

func TestDelete_RefusalLeavesTheIdentityInState(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newProtocol(t, sim, nil)
	state := server.create(serialConfig)
	sim.Inject(graphsim.Fault{Operation: graphsim.OpDelete, Count: -1, Status: 403, Code: "Forbidden", Nested: true, Message: "Application is not authorized to perform this operation."})
	null := server.none().value
	next, diags := server.change(t.Context(), null, null, state, state.private)
	if next.isGone() || len(diags) != 1 || !strings.HasPrefix(diags[0], `error: Cannot Delete Device Identifier: Terraform tried to delete the corporate device identifier "C02ABC123DEF" of type serialNumber.`) {
		t.Errorf("gone %v, diagnostics %v", next.isGone(), diags)
	}
}

func TestInterruptedCreateKeepsTheID(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		server := newProtocol(t, sim, nil)
		plan := server.plan(serialConfig, server.none())
		ctx, interrupt := context.WithCancel(t.Context())
		for _, op := range []graphsim.Operation{graphsim.OpCreate, graphsim.OpImport} {
			if profile == graphsim.ProfileField && op == graphsim.OpCreate {
				continue
			}
			sim.Inject(graphsim.Fault{Operation: op, AfterEffect: true, Delay: 500 * time.Millisecond})
		}
		time.AfterFunc(250*time.Millisecond, interrupt)
		state, diags := server.change(ctx, object(t, server.resource, serialConfig), plan.value, server.none(), plan.private)
		if got := sim.only(t); state.isGone() || state.attribute(t, "id") != got.ID {
			t.Errorf("the tenant holds %s, the state nothing of it: %v", got.ID, diags)
		}
	})
}

func TestRead_AnAnswerWithoutTypeOrIdentifierKeepsTheState(t *testing.T) {
	t.Parallel()
	for _, omitted := range [][]string{{"importedDeviceIdentityType"}, {"importedDeviceIdentifier"}, {"importedDeviceIdentityType", "importedDeviceIdentifier"}} {
		for _, config := range []map[string]any{serialConfig, windowsIdentity} {
			sim := newTenant(t, graphsim.ProfileField)
			server := newProtocol(t, sim, nil)
			state := server.create(config)
			sim.Inject(graphsim.Fault{Operation: graphsim.OpGet, Count: -1, Body: func(body map[string]any) map[string]any {
				for _, name := range omitted {
					delete(body, name)
				}
				return body
			}})
			read, diags := server.read(state)
			for _, name := range []string{"imported_device_identity_type", "imported_device_identifier", "description"} {
				if got := read.attribute(t, name); got != config[name] {
					t.Errorf("without %v: %s is %v, was %v", omitted, name, got, config[name])
				}
			}
			if plan := server.plan(config, read); len(diags) > 0 || len(plan.diags) > 0 || !plan.isEmpty(read) {
				t.Errorf("without %v: %v, %v", omitted, diags, plan.diags)
			}
		}
	}
}

func TestRead_RetriesAndThenSaysWhatCame(t *testing.T) {
	t.Parallel()
	empty := ""
	tests := map[string]struct {
		fault graphsim.Fault
		want  string
	}{
		"HTML":           {graphsim.Fault{RawBody: &html, Status: 200}, `a body of type text/html that starts with "<html><body>Service Unavailable</body></html>"`},
		"empty body":     {graphsim.Fault{RawBody: &empty, Status: 200}, "the body is empty"},
		"truncated JSON": {graphsim.Fault{TruncateBody: 40}, "no valid JSON object: unexpected end of JSON input"},
		"unavailable":    {graphsim.Fault{RawBody: &html, Status: 503}, "Graph answered 503 Service Unavailable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField)
			server := newProtocol(t, sim, nil)
			state := server.create(with(serialConfig, map[string]any{"timeouts": map[string]any{"read": "6s"}}))
			test.fault.Operation = graphsim.OpGet
			once := test.fault
			sim.Inject(once)
			if _, diags := server.read(state); len(diags) > 0 {
				t.Fatalf("one bad answer was not retried: %v", diags)
			}
			test.fault.Count = -1
			sim.Inject(test.fault)
			kept, diags := server.read(state)
			if kept.isGone() {
				t.Error("the identity left the state although nobody said it was gone")
			}
			if len(diags) != 1 || !strings.Contains(diags[0], test.want) || !strings.Contains(diags[0], "(last of ") ||
				!strings.HasPrefix(diags[0], `error: Cannot Read Device Identifier: Terraform tried to read the corporate device identifier "C02ABC123DEF" of type serialNumber.`) {
				t.Errorf("got %v", diags)
			}
		})
	}
}
