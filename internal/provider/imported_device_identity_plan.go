package provider

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// ModifyPlan decides what a difference between configuration and state means.
// The framework has marked every computed attribute unknown as soon as anything
// differs in text; what does not change is restored here.
func (r *importedDeviceIdentityResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.compare(ctx, req, resp)
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	var config, state, plan importedDeviceIdentityModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	recorded, diags := readCreateOnly(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if replace := replacements(state, plan); len(replace) > 0 {
		resp.RequiresReplace = append(resp.RequiresReplace, replace...)
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, planUpdate(config, state, plan))...)
	resp.Diagnostics.Append(warnAboutCreateOnly(config, state, recorded)...)
}

// replacements are the attributes whose change makes another identity.
func replacements(state, plan importedDeviceIdentityModel) path.Paths {
	var paths path.Paths
	if !plan.ImportedDeviceIdentityType.Equal(state.ImportedDeviceIdentityType) {
		paths = append(paths, path.Root("imported_device_identity_type"))
	}
	planned := plan.ImportedDeviceIdentifier
	if planned.IsUnknown() || !deviceid.Equal(state.identityType(), planned.ValueString(), state.ImportedDeviceIdentifier.ValueString()) {
		paths = append(paths, path.Root("imported_device_identifier"))
	}
	return paths
}

// planUpdate plans what can change in place. Terraform accepts the prior state's
// value where the configuration says something else, as long as neither is null.
func planUpdate(config, state, plan importedDeviceIdentityModel) importedDeviceIdentityModel {
	plan.ID = state.ID
	plan.ImportedDeviceIdentifier = state.ImportedDeviceIdentifier
	plan.CreatedDateTime = state.CreatedDateTime
	if plan.Description.Equal(state.Description) {
		plan.LastModifiedDateTime = state.LastModifiedDateTime
	}
	plan.Platform = ownedByService(config.Platform, state.Platform)
	plan.EnrollmentState = ownedByService(config.EnrollmentState, state.EnrollmentState)
	plan.LastContactedDateTime = ownedByService(config.LastContactedDateTime, state.LastContactedDateTime)
	plan.Status = ownedByService(config.Status, state.Status)
	return plan
}

// ownedByService plans a property that is sent on create only: the service's
// value, or the configured one where the service has shown none.
func ownedByService[V attr.Value](config, state V) V {
	if state.IsNull() {
		return config
	}
	return state
}

// createOnly is the part of the configuration that only a create sends. What was
// last applied is kept in the resource's private state, because the state holds
// the service's values.
type createOnly struct {
	Platform              *string `json:"platform,omitempty"`
	EnrollmentState       *string `json:"enrollment_state,omitempty"`
	LastContactedDateTime *string `json:"last_contacted_date_time,omitempty"`
	Status                *bool   `json:"status,omitempty"`
}

const createOnlyKey = "create_only"

func createOnlyOf(config importedDeviceIdentityModel) createOnly {
	return createOnly{
		Platform:              config.Platform.ValueStringPointer(),
		EnrollmentState:       config.EnrollmentState.ValueStringPointer(),
		LastContactedDateTime: config.LastContactedDateTime.ValueStringPointer(),
		Status:                config.Status.ValueBoolPointer(),
	}
}

// over is what is configured now, and what was recorded where nothing is.
func (c createOnly) over(recorded *createOnly) createOnly {
	if recorded == nil {
		return c
	}
	return createOnly{
		Platform:              cmp.Or(c.Platform, recorded.Platform),
		EnrollmentState:       cmp.Or(c.EnrollmentState, recorded.EnrollmentState),
		LastContactedDateTime: cmp.Or(c.LastContactedDateTime, recorded.LastContactedDateTime),
		Status:                cmp.Or(c.Status, recorded.Status),
	}
}

// readCreateOnly is nil for a resource that was imported and not yet read.
func readCreateOnly(ctx context.Context, private privateReader) (*createOnly, diag.Diagnostics) {
	var recorded *createOnly
	diags := readPrivate(ctx, private, createOnlyKey, &recorded)
	return recorded, diags
}

func writeCreateOnly(ctx context.Context, private privateWriter, config importedDeviceIdentityModel) diag.Diagnostics {
	return writePrivate(ctx, private, createOnlyKey, createOnlyOf(config))
}

// warnAboutCreateOnly says which configured properties have no effect any more:
// those that differ from what was applied last or, where nothing was recorded,
// from what the tenant shows.
func warnAboutCreateOnly(config, state importedDeviceIdentityModel, recorded *createOnly) diag.Diagnostics {
	var diags diag.Diagnostics
	if recorded == nil {
		recorded = new(createOnly)
	}
	warn := func(name string, configured, shown attr.Value, last string, same bool) {
		if configured.IsNull() || configured.IsUnknown() || same {
			return
		}
		detail := fmt.Sprintf("%s is sent to Intune only when the identity is created; afterwards Intune owns it. The configured value %s has no effect on this identity, which shows %s.", name, text(configured), text(shown))
		if last != "" {
			detail += fmt.Sprintf(" The value on record, from the last apply or the import, is %q.", last)
		}
		detail += " Remove the attribute, write the former value, or create the identity anew with terraform apply -replace."
		diags.AddAttributeWarning(path.Root(name), "Property Is Sent on Create Only", detail)
	}
	warn("platform", config.Platform, state.Platform, deref(recorded.Platform),
		sameText(config.Platform, state.Platform, recorded.Platform))
	warn("enrollment_state", config.EnrollmentState, state.EnrollmentState, deref(recorded.EnrollmentState),
		sameText(config.EnrollmentState, state.EnrollmentState, recorded.EnrollmentState))
	warn("last_contacted_date_time", config.LastContactedDateTime, state.LastContactedDateTime, deref(recorded.LastContactedDateTime),
		sameDateTime(config.LastContactedDateTime, state.LastContactedDateTime, recorded.LastContactedDateTime))
	last := ""
	if recorded.Status != nil {
		last = fmt.Sprint(*recorded.Status)
	}
	warn("status", config.Status, state.Status, last,
		recorded.Status != nil && *recorded.Status == config.Status.ValueBool() || recorded.Status == nil && config.Status.Equal(state.Status))
	return diags
}

func sameText(config, state types.String, recorded *string) bool {
	if recorded != nil {
		return *recorded == config.ValueString()
	}
	return config.Equal(state)
}

func sameDateTime(config, state dateTimeValue, recorded *string) bool {
	if recorded != nil {
		return config.sameInstant(newDateTime(*recorded))
	}
	return config.sameInstant(state)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// text shows a value in a message.
func text(v attr.Value) string {
	if v.IsNull() {
		return "none"
	}
	return v.String()
}

// compare tells this resource and the fleets of the configuration of each other:
// an identifier belongs to one of them.
func (r *importedDeviceIdentityResource) compare(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.data == nil {
		return
	}
	var state, plan importedDeviceIdentityModel
	var owner inventory.Owner
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		owner = state.plannedOwner()
		r.data.planned.forget(owner)
	}
	if req.Plan.Raw.IsNull() {
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || plan.ImportedDeviceIdentifier.IsUnknown() || plan.ImportedDeviceIdentityType.IsUnknown() {
		return
	}
	key := plan.key()
	if disputed := r.data.planned.plan(owner, plannedResource{identityType: key.Type, rows: inventory.Rows{key.Identifier: ""}, single: true}); len(disputed) > 0 {
		resp.Diagnostics.Append(listedTwice(disputed))
	}
}

// plannedOwner names a resource among what is planned: an imported one has no
// name of its own.
func (m importedDeviceIdentityModel) plannedOwner() inventory.Owner {
	return inventory.Owner("id " + m.ID.ValueString())
}
