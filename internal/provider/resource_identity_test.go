package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// Terraform below 1.12 sends no identity, and so does a newer one for a state
// that was written before there were identities. Each test runs both ways.
func eachPriorIdentity(t *testing.T, f func(t *testing.T, p *protocol, sim *tenant, prior func(id string) *tfprotov6.ResourceIdentityData)) {
	t.Helper()
	for name, known := range map[string]bool{"with a prior identity": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField)
			p := newProtocol(t, sim, nil)
			f(t, p, sim, func(id string) *tfprotov6.ResourceIdentityData {
				if !known {
					return nil
				}
				return p.identity(id)
			})
		})
	}
}

var identityRow = map[string]any{"imported_device_identity_type": "serialNumber", "imported_device_identifier": "C02ABC123DEF", "description": "one"}

func (p *protocol) readWith(prior instance, identity *tfprotov6.ResourceIdentityData) (*tfprotov6.ReadResourceResponse, []string) {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: resourceType, CurrentState: p.dynamic(prior.value), Private: prior.private, CurrentIdentity: identity,
	})
	p.check(err)
	return resp, texts(resp.Diagnostics)
}

func TestIdentity_IsInEveryAnswerOfARefresh(t *testing.T) {
	t.Parallel()
	eachPriorIdentity(t, func(t *testing.T, p *protocol, sim *tenant, prior func(string) *tfprotov6.ResourceIdentityData) {
		state := p.create(identityRow)
		id := sim.only(t).ID
		resp, diags := p.readWith(state, prior(id))
		if len(diags) > 0 || p.identityID(resp.NewIdentity) != id {
			t.Errorf("refresh: %q, %v", p.identityID(resp.NewIdentity), diags)
		}
		sim.Inject(graphsim.Fault{Operation: graphsim.OpGet, Status: 403})
		resp, diags = p.readWith(state, prior(id))
		if len(diags) != 1 || strings.Contains(diags[0], "Identity After") || p.identityID(resp.NewIdentity) != id {
			t.Errorf("a failed refresh: %q, %v", p.identityID(resp.NewIdentity), diags)
		}
		sim.Tenant().Remove("serialNumber", "C02ABC123DEF")
		resp, diags = p.readWith(state, prior(id))
		if len(diags) > 0 || !p.value(resp.NewState).IsNull() || p.identityID(resp.NewIdentity) != id {
			t.Errorf("a removal: %q, %v", p.identityID(resp.NewIdentity), diags)
		}
	})
}

func TestIdentity_IsThereWhileProviderSettingsAreUnknown(t *testing.T) {
	t.Parallel()
	eachPriorIdentity(t, func(t *testing.T, p *protocol, sim *tenant, prior func(string) *tfprotov6.ResourceIdentityData) {
		state := p.create(identityRow)
		waiting := startProtocol(t)
		waiting.configure(sim.settings(map[string]any{"client_secret": unknown{}}))
		id := sim.only(t).ID
		resp, diags := waiting.readWith(state, prior(id))
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "warning") || p.identityID(resp.NewIdentity) != id {
			t.Errorf("%q, %v", p.identityID(resp.NewIdentity), diags)
		}
	})
}

func TestIdentity_IsThereAfterCreateUpdateAndDelete(t *testing.T) {
	t.Parallel()
	eachPriorIdentity(t, func(t *testing.T, p *protocol, sim *tenant, prior func(string) *tfprotov6.ResourceIdentityData) {
		change := func(config map[string]any, before instance, identity *tfprotov6.ResourceIdentityData) (instance, *tfprotov6.ApplyResourceChangeResponse) {
			t.Helper()
			configured := p.none().value
			if config != nil {
				configured = object(t, p.resource, config)
			}
			plan, err := p.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
				TypeName: resourceType, PriorState: p.dynamic(before.value), PriorPrivate: before.private, PriorIdentity: identity,
				Config: p.dynamic(configured), ProposedNewState: p.dynamic(p.proposeOrNull(configured, before.value)),
			})
			p.check(err)
			resp, err := p.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: resourceType, PriorState: p.dynamic(before.value), PlannedState: plan.PlannedState, Config: p.dynamic(configured),
				PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: plan.PlannedIdentity,
			})
			p.check(err)
			if diags := append(texts(plan.Diagnostics), texts(resp.Diagnostics)...); len(diags) > 0 {
				t.Fatal(diags)
			}
			return instance{p.value(resp.NewState), resp.Private}, resp
		}
		state, resp := change(identityRow, p.none(), nil)
		id := sim.only(t).ID
		if got := p.identityID(resp.NewIdentity); got != id {
			t.Errorf("after create: %q", got)
		}
		updated := map[string]any{"imported_device_identity_type": "serialNumber", "imported_device_identifier": "C02ABC123DEF", "description": "two"}
		state, resp = change(updated, state, prior(id))
		if got := p.identityID(resp.NewIdentity); got != id {
			t.Errorf("after update: %q", got)
		}
		change(nil, state, prior(id))
		if err := sim.isEmpty(); err != nil {
			t.Error(err)
		}
	})
}

func TestIdentity_ImportByIdentityAndByString(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	sim.Tenant().Seed(theirs())
	p := newProtocol(t, sim, nil)
	id := sim.only(t).ID
	for name, test := range map[string]struct {
		request tfprotov6.ImportResourceStateRequest
		want    string
	}{
		"identity":                   {tfprotov6.ImportResourceStateRequest{Identity: p.identity(id)}, ""},
		"id":                         {tfprotov6.ImportResourceStateRequest{ID: id}, ""},
		"type and identifier":        {tfprotov6.ImportResourceStateRequest{ID: "serialNumber/c02abc123def"}, ""},
		"an identity that is gone":   {tfprotov6.ImportResourceStateRequest{Identity: p.identity("AkdPTkU=")}, "AkdPTkU="},
		"an identity that is no id":  {tfprotov6.ImportResourceStateRequest{Identity: p.identity("serialNumber/C02ABC123DEF")}, "serialNumber/C02ABC123DEF"},
		"an identity without an id":  {tfprotov6.ImportResourceStateRequest{Identity: p.identity("")}, "Device Identifier Not Found"},
		"a string that is not there": {tfprotov6.ImportResourceStateRequest{ID: "serialNumber/NOBODY"}, "serialNumber/NOBODY"},
	} {
		request := test.request
		request.TypeName = resourceType
		resp, err := p.server.ImportResourceState(t.Context(), &request)
		p.check(err)
		diags := texts(resp.Diagnostics)
		if test.want != "" {
			if len(diags) != 1 || !strings.Contains(diags[0], "Device Identifier Not Found") || !strings.Contains(diags[0], test.want) {
				t.Errorf("%s: got %v", name, diags)
			}
			continue
		}
		if len(diags) > 0 || len(resp.ImportedResources) != 1 {
			t.Fatalf("%s: %v", name, diags)
		}
		imported := resp.ImportedResources[0]
		if got := p.identityID(imported.Identity); got != id {
			t.Errorf("%s: the identity is %q", name, got)
		}
		read, diags := p.readWith(instance{p.value(imported.State), imported.Private}, imported.Identity)
		state := instance{value: p.value(read.NewState)}
		if len(diags) > 0 || p.identityID(read.NewIdentity) != id || state.attribute(t, "imported_device_identifier") != "C02ABC123DEF" {
			t.Errorf("%s: read %v, %v", name, state.value, diags)
		}
	}
}
