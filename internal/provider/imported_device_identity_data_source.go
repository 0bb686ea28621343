package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var (
	_ datasource.DataSourceWithConfigure      = (*importedDeviceIdentityDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*importedDeviceIdentityDataSource)(nil)
)

func newImportedDeviceIdentityDataSource() datasource.DataSource {
	return &importedDeviceIdentityDataSource{}
}

// importedDeviceIdentityDataSource is one identity, by id or by natural key.
type importedDeviceIdentityDataSource struct{ data *providerData }

// identityLookup is what a configuration says of the identity.
type identityLookup struct{ id, identityType, identifier types.String }

func (d *importedDeviceIdentityDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_imported_device_identity"
}

func (d *importedDeviceIdentityDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	data, diags := providerDataFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	d.data = data
}

func (d *importedDeviceIdentityDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := computedIdentityAttributes()
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: identityAttributes["id"] + " Give it, or type and identifier.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	}
	attributes["imported_device_identity_type"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "What the identifier is: " + markdownList(deviceid.TypeStrings()) + ". Belongs to `imported_device_identifier`.",
		Validators:          []validator.String{stringvalidator.OneOf(deviceid.TypeStrings()...)},
	}
	attributes["imported_device_identifier"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The identifier, in any spelling that means the same one to Intune; the result is the one that Intune stores.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One corporate device identifier (Graph: `importedDeviceIdentity`), by its id or by its type and identifier. One that the tenant does not have is an error.",
		Attributes:          attributes,
		Blocks:              map[string]schema.Block{"timeouts": readTimeoutBlock(ctx)},
	}
}

func lookupFrom(ctx context.Context, config attributeReader) (identityLookup, diag.Diagnostics) {
	var l identityLookup
	diags := getAttributes(ctx, config, map[string]any{
		"id": &l.id, "imported_device_identity_type": &l.identityType, "imported_device_identifier": &l.identifier,
	})
	return l, diags
}

// ValidateConfig takes the id, or type and identifier; what is not known yet may
// become either.
func (d *importedDeviceIdentityDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	l, diags := lookupFrom(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || l.id.IsUnknown() || l.identityType.IsUnknown() || l.identifier.IsUnknown() {
		return
	}
	byID, byType, byIdentifier := !l.id.IsNull(), !l.identityType.IsNull(), !l.identifier.IsNull()
	switch {
	case byID && (byType || byIdentifier):
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Conflicting Arguments",
			"Give either id, or imported_device_identity_type and imported_device_identifier, not both.")
	case !byID && !byType && !byIdentifier:
		resp.Diagnostics.AddError("Missing Arguments",
			"Say which identifier to read: give id, or imported_device_identity_type and imported_device_identifier.")
	case byIdentifier && !byType:
		resp.Diagnostics.AddAttributeError(path.Root("imported_device_identity_type"), "Missing Argument",
			"imported_device_identifier needs imported_device_identity_type beside it: the same text can be an identifier of several types.")
	case byType && !byIdentifier:
		resp.Diagnostics.AddAttributeError(path.Root("imported_device_identifier"), "Missing Argument",
			"imported_device_identity_type needs imported_device_identifier beside it. The data source intune_imported_device_identities reads all identifiers of a type.")
	}
}

func (d *importedDeviceIdentityDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	l, diags := lookupFrom(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	ctx, cancel, diags := readTimeoutOf(ctx, req.Config)
	defer cancel()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	inv, diags := d.data.open(ctx)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	identity, err := l.find(ctx, inv)
	switch {
	case errors.Is(err, inventory.ErrNotFound):
		resp.Diagnostics.AddError("Device Identifier Not Found", fmt.Sprintf(
			"The tenant has no corporate device identifier %s. It may have been deleted, or the provider is configured for another tenant.", l))
	case err != nil:
		resp.Diagnostics.Append(d.data.describe(ctx, "read", l.key(), err)...)
	default:
		setRaw(resp, identityValues(identity))
	}
}

func (l identityLookup) key() inventory.Key {
	return inventory.Key{Type: deviceid.Type(l.identityType.ValueString()), Identifier: l.identifier.ValueString()}
}

func (l identityLookup) find(ctx context.Context, inv *inventory.Inventory) (inventory.Identity, error) {
	if !l.id.IsNull() {
		return inv.Get(ctx, l.id.ValueString())
	}
	return inv.Find(ctx, l.key())
}

func (l identityLookup) String() string {
	if !l.id.IsNull() {
		return fmt.Sprintf("with the id %q", l.id.ValueString())
	}
	return fmt.Sprintf("%q of type %s", l.identifier.ValueString(), l.identityType.ValueString())
}
