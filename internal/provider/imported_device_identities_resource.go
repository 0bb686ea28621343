package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var (
	_ resource.Resource                   = (*importedDeviceIdentitiesResource)(nil)
	_ resource.ResourceWithConfigure      = (*importedDeviceIdentitiesResource)(nil)
	_ resource.ResourceWithValidateConfig = (*importedDeviceIdentitiesResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*importedDeviceIdentitiesResource)(nil)
	_ resource.ResourceWithImportState    = (*importedDeviceIdentitiesResource)(nil)
)

func newImportedDeviceIdentitiesResource() resource.Resource {
	return &importedDeviceIdentitiesResource{}
}

// importedDeviceIdentitiesResource is a fleet: many identifiers of one type.
type importedDeviceIdentitiesResource struct{ data *providerData }

func (r *importedDeviceIdentitiesResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_imported_device_identities"
}

func (r *importedDeviceIdentitiesResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	data, diags := providerDataFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	r.data = data
}

// getter is a plan, state or configuration.
type getter interface {
	GetAttribute(ctx context.Context, at path.Path, target any) diag.Diagnostics
}

// fleetSettings is everything of a fleet but its rows.
type fleetSettings struct {
	fleet    inventory.Fleet
	timeouts timeouts.Value
}

func settingsOf(ctx context.Context, from getter) (fleetSettings, diag.Diagnostics) {
	var identityType, platform types.String
	var overwrite types.Bool
	var settings fleetSettings
	diags := from.GetAttribute(ctx, typePath, &identityType)
	diags.Append(from.GetAttribute(ctx, path.Root("platform"), &platform)...)
	diags.Append(from.GetAttribute(ctx, path.Root("overwrite_existing"), &overwrite)...)
	diags.Append(from.GetAttribute(ctx, path.Root("timeouts"), &settings.timeouts)...)
	settings.fleet = inventory.Fleet{
		Type: deviceid.Type(identityType.ValueString()), Platform: platform.ValueString(), Overwrite: overwrite.ValueBool(),
		Progress: func(what string, done, total int) { logProgress(ctx, what, done, total) },
	}
	return settings, diags
}

// logProgress writes an entry every 500 rows and at the end.
func logProgress(ctx context.Context, what string, done, total int) {
	if done%500 == 0 || done == total {
		tflog.Info(ctx, fmt.Sprintf("%s %s of %s", what, grouped(done), grouped(total)))
	}
}

// Create writes every row. When it fails there is no state: with one, Terraform
// would delete the whole fleet and create it again. The next apply adopts the
// rows that are in and does the rest.
func (r *importedDeviceIdentitiesResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	settings, diags := settingsOf(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	rows := readRows(req.Plan.Raw, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	settings.fleet.Owner = newOwner()
	r.data.planned.created(settings.fleet.Type, rows.Rows)
	result := r.apply(ctx, settings.fleet, inventory.FleetChange{Add: rows.Rows}, "create", settings.timeouts.Create, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(adoptionWarning(result.Adopted)...)
	resp.State.Raw = req.Plan.Raw
	resp.Diagnostics.Append(writeOwner(ctx, resp.Private, settings.fleet.Owner)...)
}

// Read is one list, whatever the size. A fleet whose rows are all gone stays,
// with an empty map.
func (r *importedDeviceIdentitiesResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	settings, diags := settingsOf(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	rows := readRows(req.State.Raw, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if diags, waiting := r.data.waiting(); waiting {
		resp.Diagnostics.Append(diags...)
		return
	}
	ctx, cancel, diags := withTimeout(ctx, settings.timeouts.Read, readTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer cancel()
	inv, diags := r.data.open(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var read inventory.Rows
	var err error
	if rows.null {
		read, err = inv.ListFleet(ctx, settings.fleet.Type)
	} else {
		read, err = inv.ReadFleet(ctx, settings.fleet.Type, rows.Rows)
	}
	if err != nil {
		resp.Diagnostics.Append(r.data.describeFleet(ctx, "read", settings.fleet.Type, err)...)
		return
	}
	r.keepOwner(ctx, req, resp)
	if !rows.null && sameRows(rows.Rows, read) {
		return
	}
	setRows(&resp.State.Raw, req.State.Raw, read, &resp.Diagnostics)
}

// keepOwner names the owner of an imported fleet.
func (r *importedDeviceIdentitiesResource) keepOwner(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	owner, diags := readOwner(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if owner == "" && !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(writeOwner(ctx, resp.Private, newOwner())...)
	}
}

// Update writes the difference. When it fails the state holds what the tenant
// holds.
func (r *importedDeviceIdentitiesResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	settings, diags := settingsOf(ctx, req.Plan)
	resp.Diagnostics.Append(diags...)
	prior, planned := readRows(req.State.Raw, &resp.Diagnostics), readRows(req.Plan.Raw, &resp.Diagnostics)
	var imported bool
	resp.Diagnostics.Append(readPrivate(ctx, req.Private, importedKey, &imported)...)
	owner, diags := readOwner(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings.fleet.Owner = owner
	change := differenceOf(settings.fleet.Type, prior.Rows, planned.Rows)
	if imported {
		change.Remove = nil
	}
	if !isEmptyChange(change) {
		result := r.apply(ctx, settings.fleet, change, "update", settings.timeouts.Update, &resp.Diagnostics)
		if resp.Diagnostics.HasError() {
			setRows(&resp.State.Raw, req.State.Raw, afterFailure(settings.fleet.Type, prior.Rows, result), &resp.Diagnostics)
			return
		}
		resp.Diagnostics.Append(adoptionWarning(result.Adopted)...)
	}
	resp.State.Raw = req.Plan.Raw
	if imported {
		resp.Diagnostics.Append(writePrivate(ctx, resp.Private, importedKey, false)...)
	}
}

func (r *importedDeviceIdentitiesResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	settings, diags := settingsOf(ctx, req.State)
	resp.Diagnostics.Append(diags...)
	rows := readRows(req.State.Raw, &resp.Diagnostics)
	owner, diags := readOwner(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings.fleet.Owner = owner
	r.data.planned.forget(owner)
	change := inventory.FleetChange{}
	for identifier := range rows.Rows {
		change.Remove = append(change.Remove, identifier)
	}
	slices.Sort(change.Remove)
	result := r.apply(ctx, settings.fleet, change, "delete", settings.timeouts.Delete, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		setRows(&resp.State.Raw, req.State.Raw, afterFailure(settings.fleet.Type, rows.Rows, result), &resp.Diagnostics)
	}
}

// ImportState takes a type and adopts every identity of it.
func (r *importedDeviceIdentitiesResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !slices.Contains(deviceid.TypeStrings(), req.ID) {
		resp.Diagnostics.AddError("Invalid Import ID", fmt.Sprintf(
			"A fleet is imported by the type of its identifiers, and takes over every identity of that type. Write %s, not %q.", joinWords(deviceid.TypeStrings()), req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, typePath, req.ID)...)
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, importedKey, true)...)
}

// apply makes a change within its timeout and says what went wrong.
func (r *importedDeviceIdentitiesResource) apply(ctx context.Context, fleet inventory.Fleet, change inventory.FleetChange, verb string,
	timeout func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), into *diag.Diagnostics,
) inventory.FleetResult {
	inv, diags := r.data.open(ctx)
	into.Append(diags...)
	if into.HasError() {
		return inventory.FleetResult{}
	}
	ctx, cancel, diags := withTimeout(ctx, timeout, r.data.fleetTimeout(change))
	into.Append(diags...)
	if into.HasError() {
		return inventory.FleetResult{}
	}
	defer cancel()
	result, err := inv.ApplyFleet(ctx, fleet, change)
	if err != nil {
		into.Append(r.data.describeFleet(ctx, verb, fleet.Type, err)...)
	}
	return result
}

// fleetTimeout is half an hour, and twice what the write limit imposes where
// that is more: every deleted row is a write of its own.
func (d *providerData) fleetTimeout(change inventory.FleetChange) time.Duration {
	writes := len(change.Remove) + (len(change.Add)+len(change.Update))/100
	return max(createTimeout, 2*20*time.Second*time.Duration(writes)/time.Duration(max(d.writeLimit, 1)))
}

func readRows(raw tftypes.Value, into *diag.Diagnostics) fleetRows {
	rows, err := rowsOf(raw)
	if err != nil {
		into.AddError("Invalid Identities", err.Error())
	}
	return rows
}

func setRows(target *tftypes.Value, raw tftypes.Value, rows inventory.Rows, into *diag.Diagnostics) {
	changed, err := withRows(raw, rows)
	if err != nil {
		into.AddError("Invalid Identities", err.Error())
		return
	}
	*target = changed
}

func sameRows(a, b inventory.Rows) bool {
	if len(a) != len(b) {
		return false
	}
	for identifier, description := range a {
		if other, ok := b[identifier]; !ok || other != description {
			return false
		}
	}
	return true
}
