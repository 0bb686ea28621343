package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The data sources, the list resource and the action over the protocol: the CLI
// of the tests need not know any of the last two.

func (p *protocol) schemas() *tfprotov6.GetProviderSchemaResponse {
	p.t.Helper()
	schemas, err := p.server.GetProviderSchema(p.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	p.check(err)
	return schemas
}

// data validates and reads a data source.
func (p *protocol) data(typeName string, config map[string]any) (map[string]tftypes.Value, []string) {
	p.t.Helper()
	schema := p.schemas().DataSourceSchemas[typeName]
	configured := object(p.t, schema, config)
	if diags := p.validateData(typeName, configured); len(diags) > 0 {
		return nil, diags
	}
	resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: typeName, Config: p.dynamic(configured)})
	p.check(err)
	if diags := texts(resp.Diagnostics); len(diags) > 0 {
		return nil, diags
	}
	state, err := resp.State.Unmarshal(schema.ValueType())
	p.check(err)
	return p.fields(state), nil
}

func (p *protocol) validateData(typeName string, config tftypes.Value) []string {
	p.t.Helper()
	resp, err := p.server.ValidateDataResourceConfig(p.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: typeName, Config: p.dynamic(config)})
	p.check(err)
	return texts(resp.Diagnostics)
}

func (p *protocol) fields(object tftypes.Value) map[string]tftypes.Value {
	p.t.Helper()
	var fields map[string]tftypes.Value
	p.check(object.As(&fields))
	return fields
}

// text is a string attribute, "(null)" for null.
func (p *protocol) text(v tftypes.Value) string {
	p.t.Helper()
	if v.IsNull() {
		return "(null)"
	}
	var s string
	p.check(v.As(&s))
	return s
}

// listed is one result of a query.
type listed struct {
	name, id string
	// resource is nil unless it was asked for.
	resource map[string]tftypes.Value
}

// query validates and runs a list block.
func (p *protocol) query(config map[string]any, limit int64, include bool) (results []listed, diags []string) {
	p.t.Helper()
	schemas := p.schemas()
	dynamic := p.dynamic(object(p.t, schemas.ListResourceSchemas[resourceType], config))
	server, ok := p.server.(tfprotov6.ListResourceServer)
	if !ok {
		p.t.Fatal("the provider serves no list resources")
	}
	validated, err := server.ValidateListResourceConfig(p.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: resourceType, Config: dynamic})
	p.check(err)
	if diags := texts(validated.Diagnostics); len(diags) > 0 {
		return nil, diags
	}
	stream, err := server.ListResource(p.t.Context(), &tfprotov6.ListResourceRequest{TypeName: resourceType, Config: dynamic, Limit: limit, IncludeResource: include})
	p.check(err)
	for result := range stream.Results {
		diags = append(diags, texts(result.Diagnostics)...)
		if result.Identity == nil {
			continue
		}
		next := listed{name: result.DisplayName, id: p.identityID(result.Identity)}
		if result.Resource != nil {
			resource, err := result.Resource.Unmarshal(schemas.ResourceSchemas[resourceType].ValueType())
			p.check(err)
			next.resource = p.fields(resource)
		}
		results = append(results, next)
	}
	return results, diags
}

var identityType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}

// identityID is the id of a resource identity, "" where there is none.
func (p *protocol) identityID(data *tfprotov6.ResourceIdentityData) string {
	p.t.Helper()
	if data == nil || data.IdentityData == nil {
		return ""
	}
	value, err := data.IdentityData.Unmarshal(identityType)
	p.check(err)
	if value.IsNull() {
		return ""
	}
	return p.text(p.fields(value)["id"])
}

func (p *protocol) identity(id string) *tfprotov6.ResourceIdentityData {
	p.t.Helper()
	return &tfprotov6.ResourceIdentityData{IdentityData: p.dynamic(tftypes.NewValue(identityType, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, id)}))}
}

const actionType = "intune_delete_stale_device_identities"

func (p *protocol) actions() tfprotov6.ActionServer {
	p.t.Helper()
	server, ok := p.server.(tfprotov6.ActionServer)
	if !ok {
		p.t.Fatal("the provider serves no actions")
	}
	return server
}

func (p *protocol) actionConfig(config map[string]any) *tfprotov6.DynamicValue {
	p.t.Helper()
	return p.dynamic(object(p.t, p.schemas().ActionSchemas[actionType].Schema, config))
}

func (p *protocol) validateAction(config map[string]any) []string {
	p.t.Helper()
	resp, err := p.actions().ValidateActionConfig(p.t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: actionType, Config: p.actionConfig(config)})
	p.check(err)
	return texts(resp.Diagnostics)
}

func (p *protocol) planAction(config map[string]any) []string {
	p.t.Helper()
	resp, err := p.actions().PlanAction(p.t.Context(), &tfprotov6.PlanActionRequest{ActionType: actionType, Config: p.actionConfig(config)})
	p.check(err)
	return texts(resp.Diagnostics)
}

// invoke returns the progress, line by line, and the diagnostics.
func (p *protocol) invoke(config map[string]any) (progress string, diags []string) {
	p.t.Helper()
	stream, err := p.actions().InvokeAction(p.t.Context(), &tfprotov6.InvokeActionRequest{ActionType: actionType, Config: p.actionConfig(config)})
	p.check(err)
	var lines []string
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			lines = append(lines, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diags = texts(event.Diagnostics)
		}
	}
	return strings.Join(lines, "\n"), diags
}

// proposeOrNull also proposes a destruction.
func (p *protocol) proposeOrNull(config, prior tftypes.Value) tftypes.Value {
	if config.IsNull() {
		return config
	}
	return p.propose(config, prior)
}
