package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// anotherRun is a new provider process over the same tenant.
func (s *tenant) anotherRun(t *testing.T) *protocol {
	t.Helper()
	return newFleetProtocol(t, s, noLimits())
}

func forbidden(op graphsim.Operation, skip int) graphsim.Fault {
	return graphsim.Fault{Operation: op, Skip: skip, Count: -1, Status: 403, Code: "Forbidden", Message: "Application is not authorized to perform this operation."}
}

func wantRows(t *testing.T, state instance, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, state.rows(t)); diff != "" {
		t.Errorf("the state (-want +got):\n%s", diff)
	}
}

// withoutSupport cuts the ids off that differ from run to run.
func withoutSupport(diags []string) []string {
	for i, text := range diags {
		diags[i], _, _ = strings.Cut(text, "\n\nrequest-id: ")
	}
	return diags
}

func TestFleetCreate_AMalformedRowIsNamedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) {
		o.Behaviour = func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialUpper }
	})
	// The provider's own check lets it pass, the service does not.
	refused := graphsim.Fault{Operation: graphsim.OpSearch, Count: -1, Status: 400, Code: "BadRequest", Match: func(r graphsim.Request) bool {
		return strings.Contains(string(r.Body), `"SERIAL001777"`)
	}}
	sim.Inject(refused)
	state, diags := sim.anotherRun(t).apply(fleetConfig(serials(2_000)), newFleetProtocol(t, sim, nil).none())
	wantTexts(t, diags, `error `+at("SERIAL001777")+`: Malformed Device Identifier: Intune's search for existing identifiers refuses "SERIAL001777" as an identifier of type serialNumber and does not say which rule it breaks. Nothing was written. Correct the row or remove it. If you are sure of it, manage it with intune_imported_device_identity, which does not depend on the search: it has been seen to refuse what an import takes.`)
	if !state.isGone() || len(sim.Tenant().Identities()) != 0 || len(sim.requests(graphsim.OpImport)) != 0 {
		t.Error("something was written")
	}
}

// A create that fails half-way leaves no state, so nothing is tainted; the next
// apply adopts what is in and does the rest.
func TestFleetCreate_HalfDoneLeavesNoStateAndTheNextApplyFinishes(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	rows := serials(1_500)
	sim.Inject(forbidden(graphsim.OpImport, 2))
	server := sim.anotherRun(t)
	state, diags := server.apply(fleetConfig(rows), server.none())
	wantTexts(t, withoutSupport(diags), `error: Cannot Create Device Identifiers: Terraform tried to create corporate device identifiers of type serialNumber.

1,000 of 1,500 rows were written; 500 were not. It stopped because: Graph answered 403 Forbidden: Application is not authorized to perform this operation.

Nothing is lost: the rows that were written are in the tenant. Apply again, and they are adopted and the others created.

The access token of the app `+graphsim.DefaultClientID+` carries DeviceManagementServiceConfig.ReadWrite.All, so the permission is there: look at the tenant's Intune licence and, for a user, at the Intune role.`)
	if !state.isGone() {
		t.Error("the create left a state, which Terraform would taint")
	}
	if n := len(sim.Tenant().Identities()); n != 1_000 {
		t.Fatalf("the tenant holds %d", n)
	}
	sim.ClearFaults()
	adopted := `warning: Existing Device Identifiers Adopted: 1,000 rows are in the tenant already with the configured description. They are managed by this resource from now on, and a destroy deletes them.`
	server = sim.anotherRun(t)
	state, diags = server.apply(fleetConfig(rows), server.none())
	wantTexts(t, diags, adopted, adopted) // in the plan and in the apply
	wantRows(t, state, rows)
	sim.wantHeld(t, rows)
	if n := sim.routes()[graphsim.OpDelete]; n != 0 {
		t.Errorf("%d deletions", n)
	}
}

// killed stands for a provider that is killed after its nth request of a kind:
// what it reports never reaches the state.
func TestFleetUpdate_AfterAKilledProviderNothingIsLostTwiceOrDeleted(t *testing.T) {
	t.Parallel()
	for _, op := range []graphsim.Operation{graphsim.OpSearch, graphsim.OpImport, graphsim.OpBatch} {
		for skip := range 3 {
			t.Run(fmt.Sprintf("%s %d", op, skip), func(t *testing.T) {
				t.Parallel()
				sim := newTenant(t, graphsim.ProfileField)
				stranger := graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "STRANGER", Description: "not ours"}
				sim.Tenant().Seed(stranger)
				server := sim.anotherRun(t)
				old := serials(300)
				state := server.create(fleetConfig(old))
				rows := maps.Clone(old)
				for i := range 60 {
					delete(rows, fmt.Sprintf("SERIAL%06d", i))
					rows[fmt.Sprintf("SERIAL%06d", 100+i)] = "changed"
				}
				for i := range 1_100 {
					rows[fmt.Sprintf("NEW%04d", i)] = "new"
				}
				ctx, kill := context.WithCancel(t.Context())
				defer kill()
				var seen atomic.Int64
				sim.Hook(op, func(*graphsim.Tenant) {
					if seen.Add(1) == int64(skip+1) {
						kill()
					}
				})
				plan := server.plan(fleetConfig(rows), state)
				_, _ = server.change(ctx, object(t, server.resource, fleetConfig(rows)), plan.value, state, plan.private)
				// The old state and a new process: refresh, plan, apply.
				server = sim.anotherRun(t)
				state, diags := server.read(state)
				if len(diags) > 0 {
					t.Fatal(diags)
				}
				state, diags = server.apply(fleetConfig(rows), state)
				for _, text := range diags {
					if !strings.HasPrefix(text, "warning: Existing Device Identifiers Adopted: ") {
						t.Error(text)
					}
				}
				wantRows(t, state, rows)
				rows["STRANGER"] = "not ours"
				sim.wantHeld(t, rows)
				if got := sim.anotherRun(t).plan(fleetConfig(state.rows(t)), state); !got.isEmpty(state) {
					t.Error("the plan after it is not empty")
				}
			})
		}
	}
}

func TestFleetCreate_InterruptedLeavesNoState(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := sim.anotherRun(t)
	rows := serials(2_600)
	plan := server.plan(fleetConfig(rows), server.none())
	ctx, interrupt := context.WithCancel(t.Context())
	var imports atomic.Int64
	sim.Hook(graphsim.OpImport, func(*graphsim.Tenant) {
		if imports.Add(1) == 3 {
			interrupt()
		}
	})
	state, diags := server.change(ctx, object(t, server.resource, fleetConfig(rows)), plan.value, server.none(), plan.private)
	n := len(sim.Tenant().Identities())
	if !state.isGone() || n == 0 || n == 2_600 || len(diags) != 1 {
		t.Fatalf("gone %v, the tenant holds %d, %v", state.isGone(), n, diags)
	}
	// A call that was given up may take effect after the tenant was looked at:
	// more can be in than is told, never less.
	told := func(written int) bool {
		return strings.Contains(diags[0], fmt.Sprintf("%s of 2,600 rows were written; %s were not.", grouped(written), grouped(2_600-written)))
	}
	if known := slices.ContainsFunc([]int{0, 100, 500, 600, 1_000, 1_100, 1_500, 1_600, 2_000, 2_100}, func(written int) bool { return written <= n && told(written) }); !known {
		t.Errorf("the tenant holds %d, and this is told: %s", n, diags[0])
	}
	server = sim.anotherRun(t)
	if state, _ = server.apply(fleetConfig(rows), server.none()); state.isGone() {
		t.Error("the next apply failed")
	}
	sim.wantHeld(t, rows)
}

// An update that stops, wherever it does, leaves in the state what the tenant
// holds: the refresh after it changes nothing.
func TestFleetUpdate_AFailureKeepsInStateWhatTheTenantHolds(t *testing.T) {
	t.Parallel()
	old := serials(400)
	rows := serials(300)
	for i := range 50 {
		rows[fmt.Sprintf("SERIAL%06d", i)] = "changed"
		rows[fmt.Sprintf("NEW%04d", i)] = "new"
	}
	tests := map[string]graphsim.Fault{
		"nothing is created":       forbidden(graphsim.OpImport, 0),
		"created, nothing changed": forbidden(graphsim.OpImport, 1),
		"written, nothing deleted": forbidden(graphsim.OpBatch, 0),
		"some are not deleted":     {Operation: graphsim.OpDelete, Count: 3, Status: 409, Code: "Conflict"},
		"some deletions forbidden": forbidden(graphsim.OpDelete, 30),
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField)
			server := sim.anotherRun(t)
			state := server.create(fleetConfig(old))
			sim.Inject(fault)
			next, diags := server.apply(fleetConfig(rows), state)
			if len(diags) == 0 || !strings.HasPrefix(diags[0], "error: Cannot Update Device Identifiers: ") ||
				!strings.Contains(diags[0], "\n\nThe state holds what the tenant holds. Apply again to do the rest.") {
				t.Errorf("%v", diags)
			}
			sim.wantHeld(t, next.rows(t))
			sim.ClearFaults()
			server = sim.anotherRun(t)
			read, diags := server.read(next)
			wantTexts(t, diags)
			if !read.value.Equal(next.value) {
				t.Error("the refresh changed the state")
			}
			next, diags = server.apply(fleetConfig(rows), read)
			wantTexts(t, diags)
			wantRows(t, next, rows)
			sim.wantHeld(t, rows)
		})
	}
}

func TestFleetUpdate_ChangesBetweenPlanAndApply(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := sim.anotherRun(t)
	old := serials(10)
	state := server.create(fleetConfig(old))
	rows := map[string]string{"SERIAL000001": "changed", "SERIAL000002": "Device 2", "NEW": "new", "NEW2": "new"}
	plan := server.plan(fleetConfig(rows), state)
	wantTexts(t, plan.diags)
	sim.Tenant().Remove("serialNumber", "SERIAL000001") // is to be changed
	sim.Tenant().Remove("serialNumber", "SERIAL000007") // is to be removed
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "NEW", Description: "new"})
	next, diags := server.change(t.Context(), object(t, server.resource, fleetConfig(rows)), plan.value, state, plan.private)
	wantTexts(t, diags, `warning: Existing Device Identifiers Adopted: 1 rows are in the tenant already with the configured description. They are managed by this resource from now on, and a destroy deletes them.`)
	wantRows(t, next, rows)
	sim.wantHeld(t, rows)
	// A row that appears with another description is a conflict, and nothing is done.
	plan = server.plan(fleetConfig(map[string]string{"OTHER": "x"}), next)
	sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "OTHER", Description: "theirs"})
	before := sim.held()
	kept, diags := server.change(t.Context(), object(t, server.resource, fleetConfig(map[string]string{"OTHER": "x"})), plan.value, next, plan.private)
	if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Device Identifiers Exist Already: 1 of the rows") || !kept.value.Equal(next.value) {
		t.Errorf("%v", diags)
	}
	sim.wantHeld(t, before)
}

func TestFleetDelete_WhatCouldNotBeDeletedStaysInTheState(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := sim.anotherRun(t)
	state := server.create(fleetConfig(serials(100)))
	sim.Inject(forbidden(graphsim.OpDelete, 40))
	null := server.none().value
	next, diags := server.change(t.Context(), null, null, state, state.private)
	sim.wantHeld(t, next.rows(t))
	if n := len(next.rows(t)); n == 0 || n == 100 || len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Cannot Delete Device Identifiers: ") {
		t.Fatalf("%d rows, %v", n, diags)
	}
	if lines := strings.Count(diags[0], "\n"); lines > 20 {
		t.Errorf("the message has %d lines:\n%s", lines, diags[0])
	}
	sim.ClearFaults()
	wantTexts(t, server.destroy(next))
	if err := sim.isEmpty(); err != nil {
		t.Error(err)
	}
}

func TestFleet_TwoResourcesThatListTheSameRowAreAnError(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := sim.anotherRun(t)
	config := func(rows ...string) map[string]any {
		all := map[string]string{}
		for _, row := range rows {
			all[row] = ""
		}
		return fleetConfig(all)
	}
	first, second := config("A1", "A2", "A3"), config("a2", "A4", " A1")
	plan := server.plan(second, server.none())
	server.create(first)
	state, diags := server.change(t.Context(), object(t, server.resource, second), plan.value, server.none(), plan.private)
	wantTexts(t, diags, `error: Device Identifiers Managed Twice: Another resource of this run manages the same identifiers: " A1", "a2". Nothing was written. List every identifier in one resource only.`)
	if !state.isGone() || len(sim.Tenant().Identities()) != 3 {
		t.Error("something was written")
	}
}

func TestFleet_TimeoutsAreKept(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := sim.anotherRun(t)
	timeouts := func(which string) map[string]any {
		return fleetOf("serialNumber", serials(3), map[string]any{"timeouts": map[string]any{which: "300ms"}})
	}
	state := server.create(fleetConfig(serials(3)))
	sim.Inject(graphsim.Fault{Operation: graphsim.OpImport, Count: -1, Status: 429}, graphsim.Fault{Operation: graphsim.OpBatch, Count: -1, Status: 429})
	changed := fleetOf("serialNumber", map[string]string{"SERIAL000000": "changed"}, map[string]any{"timeouts": map[string]any{"update": "300ms"}})
	_, diags := server.apply(changed, state)
	if len(diags) != 1 || !strings.Contains(diags[0], "gave up because the operation's timeout ended") || !strings.Contains(diags[0], "Intune throttled the requests until the timeout ended.") {
		t.Errorf("%v", diags)
	}
	next, diags := sim.anotherRun(t).apply(timeouts("create"), state)
	wantTexts(t, diags)
	wantRows(t, next, serials(3))
	for _, which := range []string{"create", "delete"} {
		server := sim.anotherRun(t)
		config := fleetOf("imei", map[string]string{"490154203237518": ""}, map[string]any{"timeouts": map[string]any{which: "300ms"}})
		var diags []string
		if which == "create" {
			_, diags = server.apply(config, server.none())
		} else {
			prior, _ := server.apply(timeouts("delete"), state)
			diags = server.destroy(prior)
		}
		if len(diags) != 1 || !strings.Contains(diags[0], "the operation's timeout ended") {
			t.Errorf("%s: %v", which, diags)
		}
	}
	if got := slices.Sorted(maps.Keys(sim.held())); len(got) != 3 {
		t.Errorf("the tenant holds %v", got)
	}
}
