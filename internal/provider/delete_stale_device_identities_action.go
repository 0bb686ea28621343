package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var (
	_ action.ActionWithConfigure      = (*deleteStaleDeviceIdentitiesAction)(nil)
	_ action.ActionWithValidateConfig = (*deleteStaleDeviceIdentitiesAction)(nil)
	_ action.ActionWithModifyPlan     = (*deleteStaleDeviceIdentitiesAction)(nil)
)

func newDeleteStaleDeviceIdentitiesAction() action.Action {
	return &deleteStaleDeviceIdentitiesAction{}
}

// deleteStaleDeviceIdentitiesAction deletes identities that no device needs any
// more, whoever added them.
type deleteStaleDeviceIdentitiesAction struct{ data *providerData }

func (a *deleteStaleDeviceIdentitiesAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_delete_stale_device_identities"
}

func (a *deleteStaleDeviceIdentitiesAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	data, diags := providerDataFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	a.data = data
}

// ValidateConfig refuses an action without a bound. What is not known yet is
// looked at again before anything is deleted.
func (a *deleteStaleDeviceIdentitiesAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	m, diags := staleFrom(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if !diags.HasError() {
		resp.Diagnostics.Append(m.check()...)
	}
}

// ModifyPlan shows what would be deleted before anybody approves it. The list is
// read again when the action is invoked.
func (a *deleteStaleDeviceIdentitiesAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	resp.Diagnostics.Append(brokenRules(ctx, req.Config)...)
	if resp.Diagnostics.HasError() || a.data == nil || len(a.data.unknown) > 0 || !req.Config.Raw.IsFullyKnown() {
		return
	}
	m, stale, diags := a.find(ctx, req.Config, false)
	if resp.Diagnostics.Append(diags...); len(stale) == 0 || resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.lastOfTenant(ctx, m, stale)...)
	if !m.dryRun.ValueBool() {
		resp.Diagnostics.AddWarning("Action Deletes Device Identifiers", fmt.Sprintf(
			"As the tenant is now, invoking the action deletes %s: %s.", m.counted(len(stale)), shown(stale)))
	}
}

// Invoke deletes, or says what it would delete.
func (a *deleteStaleDeviceIdentitiesAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	progress := func(format string, values ...any) {
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, values...)})
	}
	m, stale, diags := a.find(ctx, req.Config, true)
	resp.Diagnostics.Append(diags...)
	if len(stale) > 0 {
		progress("Stale: %s: %s.", m.counted(len(stale)), shown(stale))
	}
	switch {
	case resp.Diagnostics.HasError():
	case len(stale) == 0:
		progress("Nothing to delete: %s are stale.", m.counted(0))
	case m.dryRun.ValueBool():
		resp.Diagnostics.Append(a.lastOfTenant(ctx, m, stale)...)
		progress("Dry run: nothing was deleted.")
	default:
		ctx, cancel, diags := withTimeout(ctx, m.timeouts.Invoke, a.data.fleetTimeout(inventory.FleetChange{Remove: make([]string, len(stale))}))
		defer cancel()
		if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
			return
		}
		deleted, err := a.data.inventory.DeleteStale(ctx, m.toStale(), stale, func(_ string, done, total int) {
			progress("Sent %s of %s deletions.", grouped(done), grouped(total))
		})
		tflog.Info(ctx, "Deleted stale corporate device identifiers", map[string]any{"deleted": len(deleted.Gone), "of": len(stale)})
		if len(deleted.Kept) > 0 {
			progress("Kept %s: no longer stale when their turn came: %s.", m.counted(len(deleted.Kept)), shownNames(deleted.Kept))
		}
		if err != nil {
			resp.Diagnostics.Append(a.data.describeStale(ctx, err)...)
			return
		}
		progress("Deleted %s.", m.counted(len(deleted.Gone)))
	}
}

// find refuses a configuration that is not known or breaks a rule, lists what is
// stale, and refuses more than may be deleted. A filter that slipped through as
// "" or null would filter nothing.
func (a *deleteStaleDeviceIdentitiesAction) find(ctx context.Context, config tfsdk.Config, fresh bool) (staleModel, []inventory.Identity, diag.Diagnostics) {
	diags := notKnown(config)
	if diags.HasError() {
		return staleModel{}, nil, diags
	}
	diags.Append(brokenRules(ctx, config)...)
	m, more := staleFrom(ctx, config)
	if diags.Append(more...); diags.HasError() {
		return m, nil, diags
	}
	if diags.Append(m.check()...); diags.HasError() {
		return m, nil, diags
	}
	inv, more := a.data.open(ctx)
	if diags.Append(more...); diags.HasError() {
		return m, nil, diags
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	stale, err := inv.FindStale(ctx, m.toStale(), fresh)
	if err != nil {
		diags.Append(a.data.describeStale(ctx, err)...)
		return m, nil, diags
	}
	diags.Append(m.limit(len(stale))...)
	return m, stale, diags
}

// lastOfTenant warns when no Windows identifier would be left in the tenant, as
// the fleet does in its plan.
func (a *deleteStaleDeviceIdentitiesAction) lastOfTenant(ctx context.Context, m staleModel, stale []inventory.Identity) diag.Diagnostics {
	windows := string(deviceid.TypeManufacturerModelSerial)
	if m.filter.ImportedDeviceIdentityType.ValueString() != windows {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	// The list that the stale ones were found in serves again.
	all, err := a.data.inventory.List(ctx, inventory.Filter{Type: windows})
	if err != nil || len(all) > len(stale) {
		return nil
	}
	removes := "removes"
	if m.dryRun.ValueBool() {
		removes = "would remove"
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Last Windows Identifiers of the Tenant", fmt.Sprintf(
		"This %s the last manufacturerModelSerial identifiers of the tenant. Windows devices that join Entra are then corporate again without being listed. See the guide on Windows identifiers.", removes))}
}
