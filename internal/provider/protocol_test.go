package provider

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// protocol drives the provider over protocol 6 in process, as Terraform does but
// without its cost. It proposes new states by Terraform's rules, and it shows
// what the test framework for the CLI cannot: warnings and private state.
type protocol struct {
	t        *testing.T
	server   tfprotov6.ProviderServer
	resource *tfprotov6.Schema
	typeName string
}

const resourceType = "intune_imported_device_identity"

// instance is a resource in state, with what only the provider sees.
type instance struct {
	value   tftypes.Value
	private []byte
}

func newProtocol(t *testing.T, sim *tenant, settings map[string]any) *protocol {
	t.Helper()
	p := startProtocol(t)
	if diags := p.configure(sim.settings(settings)); len(diags) > 0 {
		t.Fatalf("configure: %s", strings.Join(diags, "\n"))
	}
	return p
}

// newFleetProtocol drives the fleet resource.
func newFleetProtocol(t *testing.T, sim *tenant, settings map[string]any) *protocol {
	t.Helper()
	return newProtocol(t, sim, settings).of(fleetType)
}

const fleetType = "intune_imported_device_identities"

// of drives another resource of the same provider process.
func (p *protocol) of(typeName string) *protocol {
	p.t.Helper()
	schemas, err := p.server.GetProviderSchema(p.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	p.check(err)
	other := *p
	other.resource, other.typeName = schemas.ResourceSchemas[typeName], typeName
	return &other
}

func startProtocol(t *testing.T) *protocol {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return &protocol{t: t, server: server, resource: schemas.ResourceSchemas[resourceType], typeName: resourceType}
}

func (p *protocol) configure(settings map[string]any) []string {
	p.t.Helper()
	schemas, err := p.server.GetProviderSchema(p.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	p.check(err)
	resp, err := p.server.ConfigureProvider(p.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4",
		Config:           p.dynamic(object(p.t, schemas.Provider, settings)),
	})
	p.check(err)
	return texts(resp.Diagnostics)
}

// validate returns the diagnostics of a configuration.
func (p *protocol) validate(config map[string]any) []string {
	p.t.Helper()
	resp, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: p.typeName, Config: p.dynamic(object(p.t, p.resource, config)),
	})
	p.check(err)
	return texts(resp.Diagnostics)
}

// planned is what Terraform gets for a plan.
type planned struct {
	instance
	replace []string
	diags   []string
}

// planDestroy is the plan of a destroy.
func (p *protocol) planDestroy(prior instance) planned {
	p.t.Helper()
	return p.planOf(p.none().value, p.none().value, prior)
}

// isEmpty reports whether the plan changes nothing of prior.
func (r planned) isEmpty(prior instance) bool {
	return len(r.replace) == 0 && r.value.Equal(prior.value)
}

func (p *protocol) plan(config map[string]any, prior instance) planned {
	p.t.Helper()
	configured := object(p.t, p.resource, config)
	return p.planOf(configured, p.propose(configured, prior.value), prior)
}

// planOf is the plan of a configuration and what Terraform proposes for it, both
// null for a destroy.
func (p *protocol) planOf(config, proposed tftypes.Value, prior instance) planned {
	p.t.Helper()
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName:         p.typeName,
		PriorState:       p.dynamic(prior.value),
		ProposedNewState: p.dynamic(proposed),
		Config:           p.dynamic(config),
		PriorPrivate:     prior.private,
	})
	p.check(err)
	result := planned{instance: instance{p.value(resp.PlannedState), resp.PlannedPrivate}, diags: texts(resp.Diagnostics)}
	for _, path := range resp.RequiresReplace {
		result.replace = append(result.replace, path.String())
	}
	return result
}

// apply plans and applies; a plan that replaces is not for it.
func (p *protocol) apply(config map[string]any, prior instance) (instance, []string) {
	p.t.Helper()
	plan := p.plan(config, prior)
	if len(plan.replace) > 0 {
		p.t.Fatalf("the plan replaces because of %v", plan.replace)
	}
	next, diags := p.change(p.t.Context(), object(p.t, p.resource, config), plan.value, prior, plan.private)
	return next, append(plan.diags, diags...)
}

func (p *protocol) change(ctx context.Context, config, plan tftypes.Value, prior instance, private []byte) (instance, []string) {
	p.t.Helper()
	resp, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName:       p.typeName,
		PriorState:     p.dynamic(prior.value),
		PlannedState:   p.dynamic(plan),
		Config:         p.dynamic(config),
		PlannedPrivate: private,
	})
	p.check(err)
	return instance{p.value(resp.NewState), resp.Private}, texts(resp.Diagnostics)
}

// create applies a configuration that must succeed without a word.
func (p *protocol) create(config map[string]any) instance {
	p.t.Helper()
	state, diags := p.apply(config, p.none())
	if len(diags) > 0 {
		p.t.Fatalf("create: %s", strings.Join(diags, "\n"))
	}
	return state
}

func (p *protocol) destroy(prior instance) []string {
	p.t.Helper()
	null := p.none().value
	_, diags := p.change(p.t.Context(), null, null, prior, prior.private)
	return diags
}

func (p *protocol) read(prior instance) (instance, []string) {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: p.typeName, CurrentState: p.dynamic(prior.value), Private: prior.private,
	})
	p.check(err)
	return instance{p.value(resp.NewState), resp.Private}, texts(resp.Diagnostics)
}

// importID imports and refreshes, as Terraform does.
func (p *protocol) importID(id string) (instance, []string) {
	p.t.Helper()
	resp, err := p.server.ImportResourceState(p.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: p.typeName, ID: id})
	p.check(err)
	if len(resp.ImportedResources) == 0 {
		return p.none(), texts(resp.Diagnostics)
	}
	imported := resp.ImportedResources[0]
	return p.read(instance{p.value(imported.State), imported.Private})
}

func (p *protocol) none() instance {
	return instance{value: tftypes.NewValue(p.resource.ValueType(), nil)}
}

// propose is Terraform's proposed new state: what is configured, and the prior
// value of computed attributes that are not.
func (p *protocol) propose(config, prior tftypes.Value) tftypes.Value {
	if prior.IsNull() {
		return config
	}
	var configured, before map[string]tftypes.Value
	p.check(config.As(&configured))
	p.check(prior.As(&before))
	configured = maps.Clone(configured) // As hands out the value's own map
	for _, attribute := range p.resource.Block.Attributes {
		if attribute.Computed && configured[attribute.Name].IsNull() {
			configured[attribute.Name] = before[attribute.Name]
		}
	}
	return tftypes.NewValue(p.resource.ValueType(), configured)
}

func (p *protocol) dynamic(v tftypes.Value) *tfprotov6.DynamicValue {
	p.t.Helper()
	d, err := tfprotov6.NewDynamicValue(v.Type(), v)
	p.check(err)
	return &d
}

func (p *protocol) value(d *tfprotov6.DynamicValue) tftypes.Value {
	p.t.Helper()
	if d == nil {
		return p.none().value
	}
	v, err := d.Unmarshal(p.resource.ValueType())
	p.check(err)
	return v
}

func (p *protocol) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// attribute is a known attribute as a plain Go value, nil for null.
func (i instance) attribute(t *testing.T, name string) any {
	t.Helper()
	var all map[string]tftypes.Value
	if err := i.value.As(&all); err != nil {
		t.Fatal(err)
	}
	v := all[name]
	if v.IsNull() {
		return nil
	}
	if !v.IsKnown() {
		return "(unknown)"
	}
	switch {
	case v.Type().Is(tftypes.Bool):
		var b bool
		if err := v.As(&b); err != nil {
			t.Fatal(err)
		}
		return b
	default:
		var s string
		if err := v.As(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// rows are the rows of a fleet.
func (i instance) rows(t *testing.T) map[string]string {
	t.Helper()
	rows, err := rowsOf(i.value)
	if err != nil {
		t.Fatal(err)
	}
	return rows.Rows
}

func (i instance) isGone() bool { return i.value.IsNull() }

// unknown stands for a value that Terraform does not know yet.
type unknown struct{}

// object is a block of the schema with some attributes set, the others null.
func object(t *testing.T, schema *tfprotov6.Schema, set map[string]any) tftypes.Value {
	t.Helper()
	objectType, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the schema is a %T", schema.ValueType())
	}
	values := map[string]tftypes.Value{}
	for name, attributeType := range objectType.AttributeTypes {
		values[name] = tftypes.NewValue(attributeType, nil)
	}
	for name, v := range set {
		attributeType, ok := objectType.AttributeTypes[name]
		if !ok {
			t.Fatalf("no attribute %q", name)
		}
		values[name] = toValue(t, attributeType, v)
	}
	return tftypes.NewValue(objectType, values)
}

func toValue(t *testing.T, attributeType tftypes.Type, v any) tftypes.Value {
	t.Helper()
	switch v := v.(type) {
	case unknown:
		return tftypes.NewValue(attributeType, tftypes.UnknownValue)
	case int:
		return tftypes.NewValue(attributeType, big.NewFloat(float64(v)))
	case map[string]string: // the rows of a fleet
		elements := map[string]tftypes.Value{}
		for key, element := range v {
			elements[key] = tftypes.NewValue(tftypes.String, element)
		}
		return tftypes.NewValue(attributeType, elements)
	case map[string]any: // the timeouts block, or rows that are not all known
		if rows, ok := attributeType.(tftypes.Map); ok {
			elements := map[string]tftypes.Value{}
			for key, element := range v {
				elements[key] = toValue(t, rows.ElementType, element)
			}
			return tftypes.NewValue(attributeType, elements)
		}
		nested, ok := attributeType.(tftypes.Object)
		if !ok {
			t.Fatalf("a map for %s", attributeType)
		}
		values := map[string]tftypes.Value{}
		for name, nestedType := range nested.AttributeTypes {
			values[name] = tftypes.NewValue(nestedType, v[name])
		}
		return tftypes.NewValue(nested, values)
	default:
		return tftypes.NewValue(attributeType, v)
	}
}

// texts writes diagnostics down: severity, attribute, summary, detail.
func texts(diags []*tfprotov6.Diagnostic) []string {
	var all []string
	for _, d := range diags {
		where := ""
		if d.Attribute != nil {
			where = " " + strings.TrimSuffix(strings.TrimPrefix(d.Attribute.String(), `AttributeName("`), `")`)
		}
		all = append(all, fmt.Sprintf("%s%s: %s: %s", strings.ToLower(d.Severity.String()), where, d.Summary, d.Detail))
	}
	slices.Sort(all)
	return all
}

// resolve reads a provider block against an environment of its own.
func resolve(t *testing.T, config map[string]any, env map[string]string) (providerConfig, diag.Diagnostics) {
	t.Helper()
	schemas, err := startProtocol(t).server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var schema provider.SchemaResponse
	New("test")().Schema(t.Context(), provider.SchemaRequest{}, &schema)
	return resolveConfig(t.Context(), tfsdk.Config{Raw: object(t, schemas.Provider, config), Schema: schema.Schema},
		func(name string) string { return env[name] })
}
