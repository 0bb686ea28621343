package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func fleetOf(identityType string, rows any, more ...map[string]any) map[string]any {
	config := map[string]any{"imported_device_identity_type": identityType, "identities": rows}
	for _, settings := range more {
		maps.Copy(config, settings)
	}
	return config
}

func wantTexts(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

// noLimits lifts the client's own limits: a test has no twenty seconds to wait.
func noLimits() map[string]any {
	return map[string]any{"request_limit": 1_000_000, "write_limit": 1_000_000}
}

// at is how texts shows the attribute path of a row.
func at(identifier string) string {
	return fmt.Sprintf(`identities").ElementKeyString("%s`, identifier)
}

func TestFleetValidation_Messages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 129)
	tests := map[string]struct {
		identityType string
		rows         map[string]any
		want         []string
	}{
		"all is well":      {"serialNumber", map[string]any{"A1": "x", "A2": "", "A3": nil, " B1 ": strings.Repeat("ä", 128)}, nil},
		"an empty map":     {"imei", map[string]any{}, nil},
		"unknown type yet": {"", map[string]any{"": "x"}, nil},
		"two spellings": {"serialNumber", map[string]any{"c02abc": "x", " C02ABC": "y"}, []string{
			`error ` + at("c02abc") + `: Invalid Device Identifier: " C02ABC" and "c02abc" are the same identifier to Intune (C02ABC). Keep one of them.`,
		}},
		"two spellings of a Windows device": {"manufacturerModelSerial", map[string]any{"Dell Inc.,Latitude 5440,ABC-1": "", `"Dell, Inc",latitude-5440,abc1`: ""}, []string{
			`error ` + at(`Dell Inc.,Latitude 5440,ABC-1`) + `: Invalid Device Identifier: "\"Dell, Inc\",latitude-5440,abc1" and "Dell Inc.,Latitude 5440,ABC-1" are the same identifier to Intune (DELLINC,LATITUDE5440,ABC1). Keep one of them.`,
		}},
		"the check digit only": {"imei", map[string]any{"49-015420-323751-8": "", "49015420323751": ""}, []string{
			`warning ` + at("49015420323751") + `: Suspicious Device Identifier: "49-015420-323751-8" and "49015420323751" differ in the check digit only: they are probably the same device.`,
		}},
		"a wrong check digit": {"imei", map[string]any{"490154203237517": ""}, []string{
			`warning ` + at("490154203237517") + `: Suspicious Device Identifier: The IMEI "490154203237517" ends in the check digit 7, and 8 is the check digit of its first 14 digits. Intune accepts it, but a device with this IMEI can hardly exist: one of the digits is probably mistyped. If the first 14 digits are right, write 490154203237518.`,
		}},
		"a long description": {"serialNumber", map[string]any{"A1": long}, []string{
			`error ` + at("A1") + `: Invalid Device Identifier: The description of "A1" has 129 characters, and at most 128 are accepted. Shorten it.`,
		}},
		"an empty identifier": {"serialNumber", map[string]any{" ": ""}, []string{
			`error ` + at(" ") + `: Invalid Device Identifier: The identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF.`,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := fleetOf(test.identityType, test.rows)
			if test.identityType == "" {
				config["imported_device_identity_type"] = unknown{}
			}
			wantTexts(t, startProtocol(t).of(fleetType).validate(config), test.want...)
		})
	}
}

// Of many faulty rows the first twenty have a message each, all others are named
// in one.
func TestFleetValidation_ManyFaultyRows(t *testing.T) {
	t.Parallel()
	rows := map[string]string{}
	var want, rest []string
	for i := range 1_030 {
		row := fmt.Sprintf("bad%04d", i)
		rows[row] = ""
		if i < 20 {
			want = append(want, fmt.Sprintf(`error %s: Invalid Device Identifier: %q is not an IMEI: it contains 'b', and only digits are allowed (4 found). Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518.`, at(row), row))
		} else {
			rest = append(rest, fmt.Sprintf("%q", row))
		}
	}
	want = append(want, "error: Invalid Device Identifier: 1,010 more rows are faulty: "+strings.Join(rest, ", ")+".")
	wantTexts(t, startProtocol(t).of(fleetType).validate(fleetOf("imei", rows)), want...)
}

func TestFleetPlan_WhatIsNotKnownYetIsPlannedAsItIs(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Tenant().Seed(theirs())
	server := newFleetProtocol(t, sim, nil)
	for name, config := range map[string]map[string]any{
		"the map":             fleetOf("serialNumber", unknown{}),
		"a description":       fleetOf("serialNumber", map[string]any{"C02ABC123DEF": unknown{}, "NEW": "new"}),
		"the type":            {"imported_device_identity_type": unknown{}, "identities": map[string]string{"A1": ""}},
		"overwriting":         fleetOf("serialNumber", map[string]string{"C02ABC123DEF": "other"}, map[string]any{"overwrite_existing": unknown{}}),
		"the most deletions":  fleetOf("serialNumber", map[string]string{"NEW": ""}, map[string]any{"max_deletions": unknown{}}),
		"everything of a row": fleetOf("serialNumber", map[string]any{"NEW": unknown{}}),
	} {
		if got := server.plan(config, server.none()); len(got.diags) > 0 || !got.value.Equal(object(t, server.resource, config)) {
			t.Errorf("%s: %v", name, got.diags)
		}
		wantTexts(t, server.validate(config))
	}
	// A change of a fleet whose new rows are not known yet.
	state := server.create(fleetOf("serialNumber", map[string]string{"A1": "one", "A2": "two"}))
	for name, rows := range map[string]any{"the map": unknown{}, "a description": map[string]any{"A1": unknown{}, "A2": "two"}} {
		config := fleetOf("serialNumber", rows)
		if got := server.plan(config, state); len(got.diags) > 0 || !got.value.Equal(object(t, server.resource, config)) {
			t.Errorf("%s of a fleet that exists: %v", name, got.diags)
		}
	}
}

func TestFleetPlan_WithProviderSettingsThatAreNotKnownYet(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	config := fleetOf("manufacturerModelSerial", map[string]string{"Dell,Latitude,1": ""})
	state := newFleetProtocol(t, sim, nil).of(fleetType)
	made, diags := state.apply(config, state.none())
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	sim.ClearJournal()
	waiting := startProtocol(t).of(fleetType)
	wantTexts(t, waiting.configure(sim.settings(map[string]any{"tenant_id": unknown{}})))
	if got := waiting.plan(config, waiting.none()); len(got.diags) > 0 {
		t.Error(got.diags)
	}
	read, diags := waiting.read(made)
	if !read.value.Equal(made.value) {
		t.Error("the refresh changed the state")
	}
	wantTexts(t, diags, "warning: Provider Settings Not Known Yet: These provider settings are not known before apply: tenant_id. Corporate device identifiers were not refreshed; the plan is based on the state as it is.")
	wantTexts(t, waiting.destroy(made), "error: Provider Settings Not Known Yet: These provider settings are not known yet, and this operation needs them: tenant_id. Apply what they come from first, for example with terraform apply -target, or write values that are known at plan time.")
	if n := sim.total(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestFleetPlan_ATruncatedFileIsStoppedByMaxDeletions(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, noLimits())
	rows := serials(2_000)
	guarded := func(rows map[string]string, most int) map[string]any {
		return fleetOf("serialNumber", rows, map[string]any{"max_deletions": most})
	}
	state := server.create(guarded(rows, 100))
	truncated := serials(700)
	got := server.plan(guarded(truncated, 100), state)
	wantTexts(t, got.diags, `error max_deletions: Too Many Deletions: This plan would delete 1,300 of 2,000 rows, and max_deletions allows 100. Look whether the file that the rows come from is complete. If the deletions are meant, raise max_deletions to 1300 for this apply.`)
	wantTexts(t, server.plan(fleetOf("imei", map[string]string{}, map[string]any{"max_deletions": 0}), state).diags,
		`error max_deletions: Too Many Deletions: This plan would delete 2,000 of 2,000 rows, and max_deletions allows 0. Look whether the file that the rows come from is complete. If the deletions are meant, raise max_deletions to 2000 for this apply.`)
	// So many are allowed, a respelled row is no deletion, and a destroy is meant.
	allowed := serials(1_900)
	delete(allowed, "SERIAL000000")
	allowed["serial000000"] = "Device 0"
	wantTexts(t, server.plan(guarded(allowed, 100), state).diags)
	wantTexts(t, server.destroy(state))
	if err := sim.isEmpty(); err != nil {
		t.Error(err)
	}
}

func TestFleetPlan_RespelledKeysAreNoDifference(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, nil)
	plain := fleetOf("manufacturerModelSerial", map[string]any{"Dell Inc.,Latitude 5440,ABC-1": "one", "HP,EliteBook,2": nil})
	state, _ := server.apply(plain, server.none())
	respelled := fleetOf("manufacturerModelSerial", map[string]any{`"dell, inc",LATITUDE5440,abc1`: "one", "hp,elitebook,2": ""})
	if got := server.plan(respelled, state); !got.isEmpty(state) || len(got.diags) > 0 {
		t.Errorf("the plan is not empty: %v", got.diags)
	}
	// With a real difference the configuration's spellings are planned.
	respelled["identities"] = map[string]any{`"dell, inc",LATITUDE5440,abc1`: "changed", "hp,elitebook,2": ""}
	sim.ClearJournal()
	next, diags := server.apply(respelled, state)
	if want := object(t, server.resource, respelled); len(diags) > 0 || !next.value.Equal(want) {
		t.Errorf("%v", diags)
	}
	sim.wantHeld(t, map[string]string{"DELLINC,LATITUDE5440,ABC1": "changed", "HP,ELITEBOOK,2": ""})
	if n := len(sim.requests(graphsim.OpImport)); n != 1 || len(sim.requests(graphsim.OpBatch)) != 0 {
		t.Errorf("%v", sim.routes())
	}
}

func TestFleetPlan_SettingsThatTheServiceDoesNotKnowCostNoRequest(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, nil)
	state := server.create(fleetConfig(serials(10)))
	sim.ClearJournal()
	changed := fleetOf("serialNumber", serials(10), map[string]any{
		"platform": "macOS", "overwrite_existing": true, "max_deletions": 5, "timeouts": map[string]any{"create": "1h"},
	})
	next, diags := server.apply(changed, state)
	wantTexts(t, diags)
	if n := sim.total(); n != 0 || next.attribute(t, "platform") != "macOS" {
		t.Errorf("%d requests, platform %v", n, next.attribute(t, "platform"))
	}
}

func TestFleetPlan_TheFirstAndTheLastWindowsIdentifier(t *testing.T) {
	t.Parallel()
	const first = `warning: First Windows Identifier of the Tenant: The tenant has no manufacturerModelSerial identifier yet. As soon as it has one, every other Windows device that enrols without being listed, and without another sign of being corporate, becomes personal. See the guide on Windows identifiers.`
	const last = `warning: Last Windows Identifiers of the Tenant: This removes the last manufacturerModelSerial identifiers of the tenant. Windows devices that join Entra are then corporate again without being listed. See the guide on Windows identifiers.`
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, nil)
	config := func(rows ...string) map[string]any {
		all := map[string]string{}
		for _, row := range rows {
			all[row] = ""
		}
		return fleetOf("manufacturerModelSerial", all)
	}
	wantTexts(t, server.plan(config(), server.none()).diags)
	wantTexts(t, server.plan(fleetConfig(serials(1)), server.none()).diags)
	state, diags := server.apply(config("Dell,Latitude,1"), server.none())
	wantTexts(t, diags, first)
	wantTexts(t, server.plan(config("Dell,Latitude,1", "Dell,Latitude,2"), state).diags)
	wantTexts(t, server.plan(config("Dell,Latitude,2"), state).diags)
	wantTexts(t, server.plan(config(), state).diags, last)
	wantTexts(t, server.planDestroy(state).diags, last)
	wantTexts(t, server.plan(fleetConfig(serials(1)), state).diags, last)
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "HP,ELITEBOOK,1"})
	other := newFleetProtocol(t, sim, nil) // another run: the list is read anew
	wantTexts(t, other.planDestroy(state).diags)
	wantTexts(t, other.plan(config("Lenovo,T14,1"), other.none()).diags)
}

func TestFleetImport_RowsThatAreNotListedAreForgottenOnce(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	rows := serials(2_000)
	for identifier, description := range rows {
		sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, Description: description})
	}
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "490154203237518"})
	server := newFleetProtocol(t, sim, noLimits())
	state, diags := server.importID("serialNumber")
	wantTexts(t, diags)
	if diff := cmp.Diff(rows, state.rows(t)); diff != "" {
		t.Fatal(diff)
	}
	before := sim.held()
	listed := serials(500)
	config := fleetOf("serialNumber", listed, map[string]any{"max_deletions": 0})
	next, diags := server.apply(config, state)
	wantTexts(t, diags, `warning: Imported Rows Are Forgotten: The import took over 2,000 rows, and the configuration does not list 1,500 of them. This first change after the import forgets these rows: they stay in the tenant and are no longer managed. To have Terraform delete them, apply this, list them in a second apply and remove them in a third.

Forgotten: "SERIAL000500", "SERIAL000501", "SERIAL000502", "SERIAL000503", "SERIAL000504", "SERIAL000505", "SERIAL000506", "SERIAL000507", "SERIAL000508", "SERIAL000509", "SERIAL000510", "SERIAL000511", "SERIAL000512", "SERIAL000513", "SERIAL000514", "SERIAL000515", "SERIAL000516", "SERIAL000517", "SERIAL000518", "SERIAL000519" and 1,480 more.`)
	sim.wantHeld(t, before)
	if diff := cmp.Diff(listed, next.rows(t)); diff != "" {
		t.Fatal(diff)
	}
	// From now on a removal deletes.
	delete(listed, "SERIAL000007")
	next, diags = server.apply(fleetConfig(listed), next)
	wantTexts(t, diags)
	delete(before, "SERIAL000007")
	sim.wantHeld(t, before)
	wantTexts(t, server.destroy(next))
	if n := len(sim.Tenant().Identities()); n != 1_501 {
		t.Errorf("the tenant holds %d", n)
	}
}

func TestFleetImport_AFailedFirstApplyForgetsNothingMore(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	for identifier := range serials(10) {
		sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, Description: "old"})
	}
	server := newFleetProtocol(t, sim, nil)
	state, _ := server.importID("serialNumber")
	sim.Inject(graphsim.Fault{Operation: graphsim.OpImport, Status: 403, Code: "Forbidden"})
	listed := map[string]string{"SERIAL000001": "changed"}
	state, diags := server.apply(fleetConfig(listed), state)
	if len(diags) != 2 || len(state.rows(t)) != 10 {
		t.Fatalf("%d rows, %v", len(state.rows(t)), diags)
	}
	state, diags = server.apply(fleetConfig(listed), state)
	if len(diags) != 1 || !strings.Contains(diags[0], "does not list 9 of them") || len(sim.Tenant().Identities()) != 10 || len(state.rows(t)) != 1 {
		t.Errorf("%v", diags)
	}
}

func TestFleetImport_WhatIsNoTypeIsAnError(t *testing.T) {
	t.Parallel()
	server := newFleetProtocol(t, newTenant(t, graphsim.ProfileField), nil)
	_, diags := server.importID("serialNumber/C02ABC123DEF")
	wantTexts(t, diags, `error: Invalid Import ID: A fleet is imported by the type of its identifiers, and takes over every identity of that type. Write unknown, imei, serialNumber or manufacturerModelSerial, not "serialNumber/C02ABC123DEF".`)
}

func TestFleetRead_AFleetWhoseRowsAreAllGoneStaysEmpty(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newFleetProtocol(t, sim, nil)
	state := server.create(fleetConfig(serials(3)))
	for identifier := range serials(3) {
		sim.Tenant().Remove("serialNumber", identifier)
	}
	state, diags := server.read(state)
	wantTexts(t, diags)
	if state.isGone() || len(state.rows(t)) != 0 {
		t.Errorf("gone %v, %d rows", state.isGone(), len(state.rows(t)))
	}
	if _, diags = server.apply(fleetConfig(serials(3)), state); len(diags) > 0 {
		t.Fatal(diags)
	}
	sim.wantHeld(t, serials(3))
}

func TestFleetRead_NullStaysNullAndAPortalsTextShows(t *testing.T) {
	t.Parallel()
	for _, null := range []bool{true, false} {
		sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) {
			o.Behaviour = func(b *graphsim.Behaviour) { b.NullDescription = null }
		})
		server := newFleetProtocol(t, sim, nil)
		config := fleetOf("serialNumber", map[string]any{"A1": nil, "A2": "", "A3": nil})
		state := server.create(config)
		read, diags := server.read(state)
		wantTexts(t, diags)
		if !read.value.Equal(state.value) {
			t.Error("a refresh changed what was not changed")
		}
		sim.Tenant().Update("serialNumber", "A3", func(i *graphsim.Identity) { i.Description = "portal" })
		read, _ = newFleetProtocol(t, sim, nil).read(state)
		want := fleetOf("serialNumber", map[string]any{"A1": nil, "A2": "", "A3": "portal"})
		if !read.value.Equal(object(t, server.resource, want)) {
			t.Errorf("got %v", read.rows(t))
		}
		if _, diags := server.apply(config, read); len(diags) > 0 {
			t.Error(diags)
		}
		sim.wantHeld(t, map[string]string{"A1": "", "A2": "", "A3": ""})
	}
}
