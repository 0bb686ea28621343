// Package bareprovider has resources with a map of strings and no logic.
package bareprovider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	// Address is where a configuration finds it.
	Address = "registry.terraform.io/intunetf/bare"
	// ResourceType has the map and nothing else.
	ResourceType = "bare_identities"
	// FleetType has the other attributes of a fleet beside it: the framework walks
	// the whole map once more for each of them.
	FleetType = "bare_fleet"
)

// New makes the provider.
func New() provider.Provider { return bare{} }

type bare struct{}

var (
	_ provider.Provider = bare{}
	_ resource.Resource = bareResource{}
)

func (bare) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "bare"
}
func (bare) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (bare) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (bare) DataSources(context.Context) []func() datasource.DataSource                        { return nil }

func (bare) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return bareResource{typeName: ResourceType} },
		func() resource.Resource { return bareResource{typeName: FleetType, fleet: true} },
	}
}

type bareResource struct {
	typeName string
	fleet    bool
}

func (r bareResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.typeName
}

// Schema has no validators and no plan modifiers.
func (r bareResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"identities": schema.MapAttribute{Required: true, ElementType: types.StringType},
	}}
	if !r.fleet {
		return
	}
	resp.Schema.Attributes["imported_device_identity_type"] = schema.StringAttribute{Required: true}
	resp.Schema.Attributes["platform"] = schema.StringAttribute{Optional: true}
	resp.Schema.Attributes["overwrite_existing"] = schema.BoolAttribute{Optional: true}
	resp.Schema.Attributes["max_deletions"] = schema.Int64Attribute{Optional: true}
	resp.Schema.Blocks = map[string]schema.Block{
		"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
	}
}

func (bareResource) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (bareResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (bareResource) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (bareResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
