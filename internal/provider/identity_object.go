package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// identityAttributes are the properties of importedDeviceIdentity, the type that
// reading returns (status belongs to the answer of a create).
var identityAttributes = map[string]string{
	"id":                            "The id that Graph gave the identity, an opaque text.",
	"imported_device_identifier":    "The identifier as Intune stores it.",
	"imported_device_identity_type": "What the identifier is.",
	"description":                   "What administrators see beside the identifier (the portal's *details*).",
	"platform":                      "The platform of the device.",
	"enrollment_state":              "The state of the device in Intune.",
	"last_contacted_date_time":      "When the device last contacted Intune, RFC 3339; `0001-01-01T00:00:00Z` stands for never.",
	"created_date_time":             "When the identity was created, RFC 3339.",
	"last_modified_date_time":       "When the description was last modified, RFC 3339.",
}

// identityValues are an identity's properties in the form that goes over the
// protocol. Thousands of them are set at once: going through the framework's
// types costs a path lookup and three conversions for each.
func identityValues(identity inventory.Identity) map[string]tftypes.Value {
	description := tftypes.NewValue(tftypes.String, nil)
	if identity.Description.Value != "" {
		description = tftypes.NewValue(tftypes.String, identity.Description.Value)
	}
	return map[string]tftypes.Value{
		"id":                            tftypes.NewValue(tftypes.String, identity.ID),
		"imported_device_identifier":    tftypes.NewValue(tftypes.String, identity.ImportedDeviceIdentifier),
		"imported_device_identity_type": tftypes.NewValue(tftypes.String, identity.ImportedDeviceIdentityType),
		"description":                   description,
		"platform":                      tftypes.NewValue(tftypes.String, identity.Platform),
		"enrollment_state":              tftypes.NewValue(tftypes.String, identity.EnrollmentState),
		"last_contacted_date_time":      dateTimeOr(identity.LastContactedDateTime, nullDateTime()).raw(),
		"created_date_time":             dateTimeOr(identity.CreatedDateTime, nullDateTime()).raw(),
		"last_modified_date_time":       dateTimeOr(identity.LastModifiedDateTime, nullDateTime()).raw(),
	}
}

func (v dateTimeValue) raw() tftypes.Value {
	return tftypes.NewValue(tftypes.String, v.ValueStringPointer())
}

// replaced is an object with some attributes replaced.
func replaced(object tftypes.Value, with map[string]tftypes.Value) (tftypes.Value, error) {
	var all map[string]tftypes.Value
	if err := object.As(&all); err != nil {
		return tftypes.Value{}, err
	}
	merged := maps.Clone(all) // As hands out the value's own map
	maps.Copy(merged, with)
	return tftypes.NewValue(object.Type(), merged), nil
}
