package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// Schema has a map of strings and no computed collection beside it, because the
// framework and Terraform take time and memory for every value: a map of objects
// with 10,000 elements costs a minute of processor time per plan.
func (r *importedDeviceIdentitiesResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A fleet: many corporate device identifiers of one type, managed together. " +
			"It is made for thousands of identifiers: they are written in chunks, read as one list and deleted in batches, whatever the size.\n\n" +
			"It manages only what it lists; identifiers that were added elsewhere are left alone.",
		Attributes: map[string]schema.Attribute{
			"imported_device_identity_type": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "What the identifiers are: " + markdownList(deviceid.TypeStrings()) + ". Another type replaces the resource.",
				Validators:          []validator.String{stringvalidator.OneOf(deviceid.TypeStrings()...)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"identities": schema.MapAttribute{
				Required:    true,
				ElementType: types.StringType,
				MarkdownDescription: "The identifiers with their descriptions: a map whose keys are identifiers, checked as in `intune_imported_device_identity`, and whose values are descriptions of at most 128 characters (`\"\"` or `null` for none). " +
					"Keys that Intune takes for the same identifier are an error. An empty map is allowed.",
			},
			"platform": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The platform that is sent when a row is created: " + markdownList(platforms()) + ". It has no effect on rows that exist.",
				Validators:          []validator.String{stringvalidator.OneOf(platforms()...)},
			},
			"overwrite_existing": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether rows that are in the tenant already with another description are adopted and get the configured one. Without it (the default) they are an error that names them. Rows with the same description are adopted in either case.",
			},
			"max_deletions": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "The most rows that a plan may delete; a plan that would delete more is an error. A guard against a truncated file. It does not hold for a destroy.",
				Validators:          []validator.Int64{int64validator.AtLeast(0)},
			},
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, Read: true, Update: true, Delete: true,
				CreateDescription: "How long a create may take; default `30m`, and more for a fleet that the write limit holds up longer.",
				ReadDescription:   "How long a refresh may take; default `5m`.",
				UpdateDescription: "How long an update may take; default `30m`, and more for a fleet that the write limit holds up longer.",
				DeleteDescription: "How long a deletion may take; default `30m`, and more for a fleet that the write limit holds up longer.",
			}),
		},
	}
}
