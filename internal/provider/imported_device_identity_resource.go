package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var (
	_ resource.Resource                   = (*importedDeviceIdentityResource)(nil)
	_ resource.ResourceWithConfigure      = (*importedDeviceIdentityResource)(nil)
	_ resource.ResourceWithValidateConfig = (*importedDeviceIdentityResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*importedDeviceIdentityResource)(nil)
	_ resource.ResourceWithImportState    = (*importedDeviceIdentityResource)(nil)
)

// Default timeouts. Writes are allowed half an hour because Intune throttles
// them; a read is one request.
const (
	createTimeout = 30 * time.Minute
	readTimeout   = 5 * time.Minute
	updateTimeout = 30 * time.Minute
	deleteTimeout = 30 * time.Minute
)

func newImportedDeviceIdentityResource() resource.Resource { return &importedDeviceIdentityResource{} }

// importedDeviceIdentityResource is one corporate device identifier.
type importedDeviceIdentityResource struct{ data *providerData }

func (r *importedDeviceIdentityResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_imported_device_identity"
}

func (r *importedDeviceIdentityResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	data, diags := providerDataFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	r.data = data
}

// ValidateConfig checks the identifier against its type, which no validator of
// one attribute can.
func (r *importedDeviceIdentityResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config importedDeviceIdentityModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	identifier := config.ImportedDeviceIdentifier
	if identifier.IsUnknown() || identifier.IsNull() || !slices.Contains(deviceid.TypeStrings(), config.ImportedDeviceIdentityType.ValueString()) {
		// A type that is not known yet, or that its own validator refuses.
		return
	}
	at := path.Root("imported_device_identifier")
	if err := deviceid.Validate(config.identityType(), identifier.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(at, "Invalid Device Identifier", err.Error())
		return
	}
	if warning := deviceid.Warning(config.identityType(), identifier.ValueString()); warning != "" {
		resp.Diagnostics.AddAttributeWarning(at, "Suspicious Device Identifier", warning)
	}
}

func (r *importedDeviceIdentityResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config importedDeviceIdentityModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, diags := withTimeout(ctx, plan.Timeouts.Create, createTimeout)
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

	wanted := plan.toWanted()
	wanted.Owner = newOwner()
	r.data.planned.created(wanted.Type, inventory.Rows{wanted.Identifier: ""})
	resp.Diagnostics.Append(writeOwner(ctx, resp.Private, wanted.Owner)...)
	identity, err := inv.Create(ctx, wanted)
	if identity.ID != "" {
		// The id is saved whatever happened after it was known: what was created
		// must never be lost.
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, types.StringValue(identity.ID))...)
		// What is not configured is recorded as it is shown: writing the same value
		// into the configuration later is no edit.
		created := plan.afterCreate(identity)
		resp.Diagnostics.Append(resp.State.Set(ctx, created)...)
		resp.Diagnostics.Append(writeCreateOnly(ctx, resp.Private, created)...)
		tflog.Debug(ctx, "Created corporate device identifier", map[string]any{"id": identity.ID})
	}
	if err != nil {
		resp.Diagnostics.Append(r.data.describe(ctx, "create", plan.key(), err)...)
	}
}

func (r *importedDeviceIdentityResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state importedDeviceIdentityModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, state.ID)...)
	if diags, waiting := r.data.waiting(); waiting {
		// A setting of the provider is not known yet: the state stays as it is.
		resp.Diagnostics.Append(diags...)
		return
	}
	ctx, cancel, diags := withTimeout(ctx, state.Timeouts.Read, readTimeout)
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

	identity, err := inv.Refresh(ctx, state.ID.ValueString())
	if errors.Is(err, inventory.ErrNotFound) {
		tflog.Debug(ctx, "Corporate device identifier is gone", map[string]any{"id": state.ID.ValueString()})
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(r.data.describe(ctx, "read", state.key(), err)...)
		return
	}
	state = state.afterRead(identity)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	recorded, diags := readCreateOnly(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if recorded == nil && !resp.Diagnostics.HasError() {
		// An imported identity: what it shows first stands for what was applied, so
		// that a generated configuration does not warn once the device enrols.
		resp.Diagnostics.Append(writeCreateOnly(ctx, resp.Private, state)...)
	}
}

// Update changes the description; every other difference that reaches it is a
// setting of Terraform's own, or a value that is only recorded.
func (r *importedDeviceIdentityResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state, config importedDeviceIdentityModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, state.ID)...)
	if !plan.Description.Equal(state.Description) {
		ctx, cancel, diags := withTimeout(ctx, plan.Timeouts.Update, updateTimeout)
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
		identity, err := inv.UpdateDescription(ctx, state.ID.ValueString(), plan.Description.ValueString())
		if err != nil {
			resp.Diagnostics.Append(r.data.describe(ctx, "update", plan.key(), err)...)
			return
		}
		plan.LastModifiedDateTime = dateTimeOr(identity.LastModifiedDateTime, state.LastModifiedDateTime)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	recorded, diags := readCreateOnly(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(writePrivate(ctx, resp.Private, createOnlyKey, createOnlyOf(config).over(recorded))...)
}

func (r *importedDeviceIdentityResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state importedDeviceIdentityModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel, diags := withTimeout(ctx, state.Timeouts.Delete, deleteTimeout)
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
	owner, diags := readOwner(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.data.planned.forget(state.plannedOwner())
	if err := inv.Delete(ctx, owner, state.key(), state.ID.ValueString()); err != nil {
		resp.Diagnostics.Append(r.data.describe(ctx, "delete", state.key(), err)...)
	}
}

// ImportState takes the id that Graph gave, or <type>/<identifier>, or the
// resource's identity. It sets the id only; the read that follows fills the rest.
func (r *importedDeviceIdentityResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	inv, diags := r.data.open(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	identity, asked, err := findForImport(ctx, inv, req)
	switch {
	case errors.Is(err, inventory.ErrNotFound):
		resp.Diagnostics.AddError("Device Identifier Not Found", fmt.Sprintf(
			"The tenant has no corporate device identifier %q. Import takes the id that Graph gave the identity (an opaque text such as \"AkMwMkFCQzEyM0RFRg==\"), or its type and identifier as <type>/<identifier>, for example \"serialNumber/C02ABC123DEF\". The types are %s.",
			asked, joinWords(deviceid.TypeStrings())))
	case err != nil:
		resp.Diagnostics.Append(r.data.describe(ctx, "import", importKey(asked), err)...)
	default:
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, types.StringValue(identity.ID))...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), identity.ID)...)
	}
}

func findForImport(ctx context.Context, inv *inventory.Inventory, req resource.ImportStateRequest) (found inventory.Identity, asked string, err error) {
	if req.ID == "" && req.Identity != nil {
		return importByIdentity(ctx, inv, req)
	}
	if t, identifier, ok := deviceid.ParseImportID(req.ID); ok {
		found, err = inv.Find(ctx, inventory.Key{Type: t, Identifier: identifier})
	} else {
		found, err = inv.Get(ctx, req.ID)
	}
	return found, req.ID, err
}

func importKey(id string) inventory.Key {
	t, identifier, _ := deviceid.ParseImportID(id)
	return inventory.Key{Type: t, Identifier: identifier}
}
