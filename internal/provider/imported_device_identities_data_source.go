package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var (
	_ datasource.DataSourceWithConfigure      = (*importedDeviceIdentitiesDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*importedDeviceIdentitiesDataSource)(nil)
)

func newImportedDeviceIdentitiesDataSource() datasource.DataSource {
	return &importedDeviceIdentitiesDataSource{}
}

// importedDeviceIdentitiesDataSource is every identity that passes its filters.
type importedDeviceIdentitiesDataSource struct{ filteredDataSource }

func (d *importedDeviceIdentitiesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_imported_device_identities"
}

func (d *importedDeviceIdentitiesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := filterDataSourceAttributes()
	attributes["identities"] = schema.ListNestedAttribute{
		Computed:            true,
		MarkdownDescription: "The identifiers that pass all filters, sorted by type and identifier.",
		NestedObject:        schema.NestedAttributeObject{Attributes: computedIdentityAttributes()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The corporate device identifiers of the tenant, narrowed by filters (Graph: `importedDeviceIdentities`). Without a filter it is all of them. " +
			"Everything it returns is in the state: where only numbers are wanted, use `intune_imported_device_identity_counts`.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": readTimeoutBlock(ctx)},
	}
}

func (d *importedDeviceIdentitiesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	identities, diags := d.list(ctx, req)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	objectType := identityObjectType()
	elements := make([]tftypes.Value, len(identities))
	for i, identity := range identities {
		elements[i] = tftypes.NewValue(objectType, identityValues(identity))
	}
	setRaw(resp, map[string]tftypes.Value{"identities": tftypes.NewValue(tftypes.List{ElementType: objectType}, elements)})
}

// setRaw completes the configuration to the state.
func setRaw(resp *datasource.ReadResponse, with map[string]tftypes.Value) {
	state, err := replaced(resp.State.Raw, with)
	if err != nil {
		resp.Diagnostics.AddError("Cannot Write State", err.Error()+". Please report this to the provider's developers.")
		return
	}
	resp.State.Raw = state
}

func identityObjectType() tftypes.Object {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for name := range identityAttributes {
		object.AttributeTypes[name] = tftypes.String
	}
	return object
}

func computedIdentityAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for name, description := range identityAttributes {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return attributes
}

// filteredDataSource is what the two data sources with filters share.
type filteredDataSource struct{ data *providerData }

func (d *filteredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	data, diags := providerDataFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	d.data = data
}

func (d *filteredDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	filter, diags := filterFrom(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if !diags.HasError() {
		resp.Diagnostics.Append(filter.contradiction()...)
	}
}

// list reads the identities that the configuration asks for.
func (d *filteredDataSource) list(ctx context.Context, req datasource.ReadRequest) ([]inventory.Identity, diag.Diagnostics) {
	filter, diags := filterFrom(ctx, req.Config)
	ctx, cancel, more := readTimeoutOf(ctx, req.Config)
	defer cancel()
	diags.Append(more...)
	if diags.HasError() {
		return nil, diags
	}
	inv, more := d.data.open(ctx)
	if diags.Append(more...); diags.HasError() {
		return nil, diags
	}
	identities, err := inv.List(ctx, filter.toFilter())
	if err != nil {
		diags.Append(d.data.describeList(ctx, err)...)
	}
	return identities, diags
}

func filterDataSourceAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"imported_device_identity_type": schema.StringAttribute{
			Optional: true, MarkdownDescription: typeFilterText, Validators: []validator.String{stringvalidator.OneOf(deviceid.TypeStrings()...)},
		},
		"platform": schema.StringAttribute{
			Optional: true, MarkdownDescription: platformFilterText, Validators: []validator.String{stringvalidator.OneOf(readPlatforms()...)},
		},
		"enrollment_state": schema.StringAttribute{
			Optional: true, MarkdownDescription: stateFilterText, Validators: []validator.String{stringvalidator.OneOf(enrollmentStates()...)},
		},
		"identifier_contains": schema.StringAttribute{
			Optional: true, MarkdownDescription: containsFilterText, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"never_contacted": schema.BoolAttribute{Optional: true, MarkdownDescription: contactedFilterText},
		"last_contacted_before": schema.StringAttribute{
			CustomType: dateTimeType{}, Optional: true, MarkdownDescription: lastContactedText + " " + contradictionText,
		},
	}
}

// readTimeoutOf bounds a read by the data source's timeouts.
func readTimeoutOf(ctx context.Context, config tfsdk.Config) (context.Context, context.CancelFunc, diag.Diagnostics) {
	var set timeouts.Value
	diags := config.GetAttribute(ctx, path.Root("timeouts"), &set)
	if diags.HasError() {
		return ctx, func() {}, diags
	}
	return withTimeout(ctx, set.Read, readTimeout)
}

func readTimeoutBlock(ctx context.Context) schema.Block {
	return timeouts.BlockWithOpts(ctx, timeouts.Opts{ReadDescription: "How long reading may take, with throttling; default `5m`."})
}
