package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

var _ resource.ResourceWithIdentity = (*importedDeviceIdentityResource)(nil)

// IdentitySchema is what Terraform 1.12 and later keep beside the state. The id
// is all of it: it never changes while the identity lives.
func (r *importedDeviceIdentityResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       identityAttributes["id"],
			},
		},
	}
}

// setIdentity comes before everything that can return: a response without an
// identity is refused, also for a resource that is gone, and also where the state
// was written before there were identities.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, id types.String) diag.Diagnostics {
	if identity == nil || id.IsNull() || id.IsUnknown() {
		return nil
	}
	return identity.SetAttribute(ctx, path.Root("id"), id)
}

// importByIdentity takes the identity of an import block, which is an id and
// nothing else.
func importByIdentity(ctx context.Context, inv *inventory.Inventory, req resource.ImportStateRequest) (found inventory.Identity, asked string, err error) {
	var id types.String
	if diags := req.Identity.GetAttribute(ctx, path.Root("id"), &id); diags.HasError() {
		return found, "", errors.New(diags[0].Detail())
	}
	if id.ValueString() == "" {
		return found, "", fmt.Errorf("%w: the identity of the import block has no id", inventory.ErrNotFound)
	}
	found, err = inv.Get(ctx, id.ValueString())
	return found, id.ValueString(), err
}
