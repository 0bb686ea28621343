package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// importedDeviceIdentityModel is the resource in configuration, plan and state.
type importedDeviceIdentityModel struct {
	ID                         types.String   `tfsdk:"id"`
	ImportedDeviceIdentifier   types.String   `tfsdk:"imported_device_identifier"`
	ImportedDeviceIdentityType types.String   `tfsdk:"imported_device_identity_type"`
	Description                types.String   `tfsdk:"description"`
	Platform                   types.String   `tfsdk:"platform"`
	EnrollmentState            types.String   `tfsdk:"enrollment_state"`
	LastContactedDateTime      dateTimeValue  `tfsdk:"last_contacted_date_time"`
	Status                     types.Bool     `tfsdk:"status"`
	OverwriteExisting          types.Bool     `tfsdk:"overwrite_existing"`
	CreatedDateTime            dateTimeValue  `tfsdk:"created_date_time"`
	LastModifiedDateTime       dateTimeValue  `tfsdk:"last_modified_date_time"`
	Timeouts                   timeouts.Value `tfsdk:"timeouts"`
}

// identityType is the type as the domain knows it.
func (m importedDeviceIdentityModel) identityType() deviceid.Type {
	return deviceid.Type(m.ImportedDeviceIdentityType.ValueString())
}

func (m importedDeviceIdentityModel) key() inventory.Key {
	return inventory.Key{Type: m.identityType(), Identifier: m.ImportedDeviceIdentifier.ValueString()}
}

// toWanted is the identity to create from a plan.
func (m importedDeviceIdentityModel) toWanted() inventory.Wanted {
	wanted := inventory.Wanted{
		Key:             m.key(),
		Description:     m.Description.ValueString(),
		Platform:        m.Platform.ValueString(),
		EnrollmentState: m.EnrollmentState.ValueString(),
		Overwrite:       m.OverwriteExisting.ValueBool(),
	}
	if contacted, ok := m.LastContactedDateTime.instant(); ok {
		wanted.LastContacted = &contacted
	}
	if !m.Status.IsNull() && !m.Status.IsUnknown() {
		status := m.Status.ValueBool()
		wanted.Status = &status
	}
	return wanted
}

// afterCreate fills what the plan left unknown. What was configured stays: the
// service's own values arrive with the next refresh.
func (m importedDeviceIdentityModel) afterCreate(identity inventory.Identity) importedDeviceIdentityModel {
	m.ID = types.StringValue(identity.ID)
	if m.Platform.IsUnknown() {
		m.Platform = stringOr(identity.Platform, types.StringNull())
	}
	if m.EnrollmentState.IsUnknown() {
		m.EnrollmentState = stringOr(identity.EnrollmentState, types.StringNull())
	}
	if m.LastContactedDateTime.IsUnknown() {
		m.LastContactedDateTime = dateTimeOr(identity.LastContactedDateTime, nullDateTime())
	}
	if m.Status.IsUnknown() {
		m.Status = boolOr(identity.Status, types.BoolNull())
	}
	m.CreatedDateTime = dateTimeOr(identity.CreatedDateTime, nullDateTime())
	m.LastModifiedDateTime = dateTimeOr(identity.LastModifiedDateTime, nullDateTime())
	return m
}

// afterRead is the state after a refresh: what the service says, and the prior
// value of every member that its answer omits.
func (m importedDeviceIdentityModel) afterRead(identity inventory.Identity) importedDeviceIdentityModel {
	m.ID = types.StringValue(identity.ID)
	if identity.ImportedDeviceIdentityType == "" {
		identity.ImportedDeviceIdentityType = m.ImportedDeviceIdentityType.ValueString()
	}
	if identity.ImportedDeviceIdentifier != "" && !m.spells(identity) {
		m.ImportedDeviceIdentifier = types.StringValue(identity.ImportedDeviceIdentifier)
		m.ImportedDeviceIdentityType = types.StringValue(identity.ImportedDeviceIdentityType)
	}
	m.Description = m.descriptionAfterRead(identity)
	m.Platform = stringOr(identity.Platform, m.Platform)
	m.EnrollmentState = stringOr(identity.EnrollmentState, m.EnrollmentState)
	m.LastContactedDateTime = dateTimeOr(identity.LastContactedDateTime, m.LastContactedDateTime)
	m.Status = boolOr(identity.Status, m.Status)
	m.CreatedDateTime = dateTimeOr(identity.CreatedDateTime, m.CreatedDateTime)
	m.LastModifiedDateTime = dateTimeOr(identity.LastModifiedDateTime, m.LastModifiedDateTime)
	return m
}

// spells reports whether the state's identifier is a spelling of the stored one.
// Services differ in what they strip, so letters and digits decide.
func (m importedDeviceIdentityModel) spells(identity inventory.Identity) bool {
	return !m.ImportedDeviceIdentifier.IsNull() &&
		m.ImportedDeviceIdentityType.ValueString() == identity.ImportedDeviceIdentityType &&
		deviceid.StoredAs(m.identityType(), m.ImportedDeviceIdentifier.ValueString(), identity.ImportedDeviceIdentifier)
}

// descriptionAfterRead treats null and "" of the service as one: which of the
// two the state holds is the configuration's choice.
func (m importedDeviceIdentityModel) descriptionAfterRead(identity inventory.Identity) types.String {
	switch {
	case !identity.Description.Present:
		return m.Description
	case identity.Description.Value != "":
		return types.StringValue(identity.Description.Value)
	case m.Description.IsNull():
		return types.StringNull()
	default:
		return types.StringValue("")
	}
}

func stringOr(s *string, otherwise types.String) types.String {
	if s == nil {
		return otherwise
	}
	return types.StringValue(*s)
}

func boolOr(b *bool, otherwise types.Bool) types.Bool {
	if b == nil {
		return otherwise
	}
	return types.BoolValue(*b)
}

func dateTimeOr(t *inventory.DateTime, otherwise dateTimeValue) dateTimeValue {
	if t == nil {
		return otherwise
	}
	return newDateTime(t.String())
}

func nullDateTime() dateTimeValue {
	return dateTimeValue{StringValue: basetypes.NewStringNull()}
}
