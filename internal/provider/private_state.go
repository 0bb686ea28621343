package provider

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// ownerKey holds the name under which a resource claims its identities.
const ownerKey = "owner"

func newOwner() inventory.Owner { return inventory.Owner(uuid.NewString()) }

// readOwner is "" for an imported resource: it has claimed nothing.
func readOwner(ctx context.Context, private privateReader) (inventory.Owner, diag.Diagnostics) {
	var owner inventory.Owner
	diags := readPrivate(ctx, private, ownerKey, &owner)
	return owner, diags
}

func writeOwner(ctx context.Context, private privateWriter, owner inventory.Owner) diag.Diagnostics {
	return writePrivate(ctx, private, ownerKey, owner)
}

// readPrivate leaves value as it is when the private state does not hold the key.
func readPrivate(ctx context.Context, private privateReader, key string, value any) diag.Diagnostics {
	raw, diags := private.GetKey(ctx, key)
	if diags.HasError() || len(raw) == 0 {
		return diags
	}
	if err := json.Unmarshal(raw, value); err != nil {
		diags.AddError("Unreadable Private State", "The private state of this resource is not what this provider writes: "+err.Error()+". Please report this to the provider's developers.")
	}
	return diags
}

func writePrivate(ctx context.Context, private privateWriter, key string, value any) diag.Diagnostics {
	raw, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Private State Not Written", err.Error())}
	}
	return private.SetKey(ctx, key, raw)
}
