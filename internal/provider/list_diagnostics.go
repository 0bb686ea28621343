package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// describeList turns a failed reading of many identities into a diagnostic.
func (d *providerData) describeList(ctx context.Context, err error) diag.Diagnostics {
	return diag.Diagnostics{diag.NewErrorDiagnostic("Cannot List Device Identifiers", paragraphs(
		"Terraform tried to list the corporate device identifiers of the tenant.", sentence(capitalise(err.Error())), d.advice(ctx, err), supportText(err)))}
}
