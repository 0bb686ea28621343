package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var (
	_ list.ListResourceWithConfigure      = (*importedDeviceIdentityListResource)(nil)
	_ list.ListResourceWithValidateConfig = (*importedDeviceIdentityListResource)(nil)
)

// queryTimeout bounds a whole query: Terraform takes results as fast as it can
// show them, and the service is throttled.
const queryTimeout = 30 * time.Minute

func newImportedDeviceIdentityListResource() list.ListResource {
	return &importedDeviceIdentityListResource{}
}

// importedDeviceIdentityListResource answers "terraform query". Its name and its
// settings are those of the resource.
type importedDeviceIdentityListResource struct{ importedDeviceIdentityResource }

func (r *importedDeviceIdentityListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the corporate device identifiers of the tenant for `terraform query`, narrowed by filters; without a filter it is all of them.",
		Attributes: map[string]schema.Attribute{
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
		},
	}
}

func (r *importedDeviceIdentityListResource) ValidateListResourceConfig(ctx context.Context, req list.ValidateConfigRequest, resp *list.ValidateConfigResponse) {
	filter, diags := filterFrom(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if !diags.HasError() {
		resp.Diagnostics.Append(filter.contradiction()...)
	}
}

// List streams page by page and asks for no page after the last result that
// Terraform wants.
func (r *importedDeviceIdentityListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	filter, diags := filterFrom(ctx, req.Config)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	inv, diags := r.data.open(ctx)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		pushed := int64(0)
		for identity, err := range inv.Walk(ctx, filter.toFilter()) {
			if err != nil {
				push(list.ListResult{Diagnostics: r.data.describeList(ctx, err)})
				return
			}
			if !push(listResult(ctx, req, identity)) {
				return
			}
			if pushed++; pushed == req.Limit {
				return
			}
		}
	}
}

func listResult(ctx context.Context, req list.ListRequest, identity inventory.Identity) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = fmt.Sprintf("%s/%s", identity.ImportedDeviceIdentityType, identity.ImportedDeviceIdentifier)
	result.Diagnostics.Append(setIdentity(ctx, result.Identity, types.StringValue(identity.ID))...)
	if !req.IncludeResource {
		return result
	}
	values := map[string]tftypes.Value{}
	if object, ok := result.Resource.Raw.Type().(tftypes.Object); ok {
		for name, attributeType := range object.AttributeTypes {
			values[name] = tftypes.NewValue(attributeType, nil)
		}
	}
	maps.Copy(values, identityValues(identity))
	values["status"] = tftypes.NewValue(tftypes.Bool, identity.Status)
	result.Resource.Raw = tftypes.NewValue(result.Resource.Raw.Type(), values)
	return result
}
