package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// maxDescription is the limit of the portal's "details" column
// (https://learn.microsoft.com/intune/device-enrollment/add-corporate-identifiers).
const maxDescription = deviceid.MaxDescription

// platforms and enrollmentStates are the members that may be written. Whatever
// member the service answers is read.
func platforms() []string {
	return []string{"unknown", "ios", "android", "windows", "windowsMobile", "macOS", "visionOS", "tvOS"}
}

func enrollmentStates() []string {
	return []string{"unknown", "enrolled", "pendingReset", "failed", "notContacted", "blocked"}
}

// createOnlyNote stands in the description of every property that is sent on
// create only.
const createOnlyNote = " Sent on create only: afterwards Intune owns the value, its changes plan nothing, and a later edit has no effect (a warning says so)."

func (r *importedDeviceIdentityResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{}
	for _, group := range []map[string]schema.Attribute{requiredAttributes(), optionalAttributes(), createOnlyAttributes(), computedAttributes()} {
		maps.Copy(attributes, group)
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One corporate device identifier of Intune (Graph: `importedDeviceIdentity`): an IMEI, a serial number, or manufacturer, model and serial number. " +
			"A device that enrols with a listed identifier is marked as corporate-owned.\n\n" +
			"One resource per identifier is meant for hundreds of identifiers: the time that Terraform itself needs grows with the square of the number of instances.",
		Attributes: attributes,
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, Read: true, Update: true, Delete: true,
				CreateDescription: "How long a create may take, with throttling and lost answers; default `30m`.",
				ReadDescription:   "How long a refresh may take; default `5m`.",
				UpdateDescription: "How long an update may take; default `30m`.",
				DeleteDescription: "How long a deletion may take until it is confirmed; default `30m`.",
			}),
		},
	}
}

func requiredAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"imported_device_identifier": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The identifier, checked against its type at plan time: an IMEI of 14 to 16 digits (single spaces and hyphens between them are allowed); a serial number of up to 128 characters; " +
				"or `manufacturer,model,serial`, exactly three parts. A part that contains a comma stands in double quotes, in HCL: `\"\\\"Dell, Inc.\\\",Latitude 5440,ABC1234\"`. " +
				"Intune stores some identifiers in a form of its own (upper case, without punctuation); the state keeps your spelling, and another spelling of the same identifier plans no change. Another identifier replaces the resource.",
		},
		"imported_device_identity_type": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "What the identifier is: " + markdownList(deviceid.TypeStrings()) + ". Windows devices match by `manufacturerModelSerial` only, Apple devices best by `serialNumber`. Another type replaces the resource.",
			Validators:          []validator.String{stringvalidator.OneOf(deviceid.TypeStrings()...)},
		},
	}
}

func optionalAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"description": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What administrators see beside the identifier (the portal's *details*), at most 128 characters. Changed in place; removing the attribute clears it.",
			Validators:          []validator.String{stringvalidator.UTF8LengthAtMost(maxDescription)},
		},
		"overwrite_existing": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether a create adopts an identity that is in the tenant already and sets its description to the configured one, or clears it where none is configured. Default `false`: such an identity is an error that prints the `import` block.",
		},
	}
}

func createOnlyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"platform": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The platform of the device: " + markdownList(platforms()) + "." + createOnlyNote,
			Validators:          []validator.String{stringvalidator.OneOf(platforms()...)},
		},
		"enrollment_state": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The state of the device in Intune: " + markdownList(enrollmentStates()) + "." + createOnlyNote,
			Validators:          []validator.String{stringvalidator.OneOf(enrollmentStates()...)},
		},
		"last_contacted_date_time": schema.StringAttribute{
			CustomType: dateTimeType{},
			Optional:   true, Computed: true,
			MarkdownDescription: "When the device last contacted Intune, RFC 3339, compared as an instant; `0001-01-01T00:00:00Z` stands for never." + createOnlyNote,
		},
		"status": schema.BoolAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Whether Intune accepted the identity when it was created. Reading usually does not return it: the value then stays, and is null after an import." + createOnlyNote,
		},
	}
}

func computedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The id that Graph gave the identity, an opaque text.",
		},
		"created_date_time": schema.StringAttribute{
			CustomType:          dateTimeType{},
			Computed:            true,
			MarkdownDescription: "When the identity was created, RFC 3339.",
		},
		"last_modified_date_time": schema.StringAttribute{
			CustomType:          dateTimeType{},
			Computed:            true,
			MarkdownDescription: "When the description was last modified, RFC 3339.",
		},
	}
}
